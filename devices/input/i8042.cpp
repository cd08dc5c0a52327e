// SPDX-License-Identifier: BSD-2-Clause
#include "devices/input/i8042.hpp"

#include <utility>

#include "devices/input/i8042_registers.hpp"
#include "devices/input/scan_codes.hpp"

namespace devices {

using namespace i8042;

I8042::I8042(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(std::move(wiring)),
      receive_(wiring_.events, config_.name + ".receive", [this] { byte_received(); }),
      send_(wiring_.events, config_.name + ".send", [this] { byte_sent(); }) {}

void I8042::reset(fabric::ResetKind) {
    state_ = {};
    receive_.cancel();
    send_.cancel();
    wiring_.a20.set(true);
    update_irqs();
}

/// An empty buffer shows what was last in it.
u8 I8042::read_data() {
    const u8 value = state_.output.value;
    state_.output_full = false;
    update_irqs();
    start_receiving();
    return value;
}

u8 I8042::read_status() const {
    u8 value = status::Unlocked;
    if (state_.output_full) value |= status::OutputFull;
    if (state_.input) value |= status::InputFull;
    if (state_.ram[0] & control::SystemFlag) value |= status::SystemFlag;
    if (state_.last_was_command) value |= status::Command;
    if (state_.output_full && state_.output.line == Line::Auxiliary) value |= status::AuxiliaryData;
    return value;
}

void I8042::write_data(u8 value) {
    state_.last_was_command = false;
    const u8 command = std::exchange(state_.command, u8{0});
    if (command != 0) {
        write_parameter(command, value);
        return;
    }
    set_control(static_cast<u8>(state_.ram[0] & ~control::DisableKeyboard));
    send({Line::Keyboard, value});
}

void I8042::write_command(u8 value) {
    state_.last_was_command = true;
    state_.command = 0;
    if (value >= command::Pulse) return pulse(static_cast<u8>(~value & 0x0f));
    if (value >= command::ReadRam && value < command::ReadRam + 0x20) {
        return reply(state_.ram[value & 0x1f]);
    }
    if (value >= command::WriteRam && value < command::WriteRam + 0x20) {
        state_.command = value;
        return;
    }
    const u8 before = state_.ram[0];
    switch (value) {
        case command::TestPassword: return reply(no_password);
        case command::DisableAuxiliary: return set_control(before | control::DisableAuxiliary);
        case command::EnableAuxiliary:
            return set_control(static_cast<u8>(before & ~control::DisableAuxiliary));
        case command::TestAuxiliary:
        case command::TestKeyboard: return reply(interface_works);
        case command::SelfTest:
            set_control(before | control::SystemFlag);
            return reply(self_test_passed);
        case command::DisableKeyboard: return set_control(before | control::DisableKeyboard);
        case command::EnableKeyboard:
            return set_control(static_cast<u8>(before & ~control::DisableKeyboard));
        case command::ReadInputPort: return reply(0x80);  // The keyboard is not locked.
        case command::ReadOutputPort: return reply(output_port());
        case command::A20Off: return set_a20(false);
        case command::A20On: return set_a20(true);
        case command::ReadTestInputs: return reply(0);
        case command::LoadPassword:
        case command::WriteOutputPort:
        case command::WriteKeyboardBuffer:
        case command::WriteAuxiliaryBuffer:
        case command::WriteAuxiliary: state_.command = value; break;
        default: break;  // Commands of other controllers: no answer.
    }
}

void I8042::write_parameter(u8 command, u8 value) {
    switch (command) {
        case command::LoadPassword:  // Ends with a zero.
            if (value != 0) state_.command = command;
            break;
        case command::WriteOutputPort:
            set_a20((value & output_port::A20) != 0);
            if (!(value & output_port::NotReset)) wiring_.reset();
            break;
        case command::WriteKeyboardBuffer: reply({Line::Keyboard, value}); break;
        case command::WriteAuxiliaryBuffer: reply({Line::Auxiliary, value}); break;
        case command::WriteAuxiliary:
            set_control(static_cast<u8>(state_.ram[0] & ~control::DisableAuxiliary));
            send({Line::Auxiliary, value});
            break;
        case command::WriteRam: set_control(value); break;
        default: state_.ram[command & 0x1f] = value; break;
    }
}

void I8042::set_control(u8 value) {
    state_.ram[0] = value;
    update_irqs();
    start_receiving();
}

void I8042::set_a20(bool on) {
    constexpr u8 a20 = output_port::A20;
    state_.output_port = static_cast<u8>(on ? state_.output_port | a20 : state_.output_port & ~a20);
    wiring_.a20.set(on);
}

u8 I8042::output_port() const {
    u8 value = state_.output_port | output_port::LinesIdle;
    if (state_.output_full) {
        value |= state_.output.line == Line::Auxiliary ? output_port::AuxiliaryIrq
                                                       : output_port::KeyboardIrq;
    }
    return value;
}

/// For six microseconds: only the reset line is so quick to act.
void I8042::pulse(u8 zeroes) {
    if (zeroes & output_port::NotReset) wiring_.reset();
}

bool I8042::enabled(Line line) const {
    const u8 disabled =
        line == Line::Keyboard ? control::DisableKeyboard : control::DisableAuxiliary;
    return (state_.ram[0] & disabled) == 0;
}

Ps2Device& I8042::device(Line line) {
    return line == Line::Auxiliary ? wiring_.auxiliary : wiring_.keyboard;
}

void I8042::reply(u8 value) { reply({Line::Keyboard, value}); }

void I8042::reply(Byte byte) {
    if (!state_.output_full) return fill_output(byte);
    // Who asks on and on and never reads loses the oldest answer.
    if (state_.replies.full()) state_.replies.pop();
    state_.replies.push(byte);
}

void I8042::fill_output(Byte byte) {
    state_.output = byte;
    state_.output_full = true;
    update_irqs();
}

/// If nothing keeps the lines busy or held. The keyboard comes first.
void I8042::start_receiving() {
    if (state_.output_full) return;
    if (!state_.replies.empty()) return fill_output(state_.replies.pop());
    if (send_.pending() || receive_.pending()) return;
    for (const Line line : {Line::Keyboard, Line::Auxiliary}) {
        if (!enabled(line) || !device(line).has_byte()) continue;
        state_.receiving = line;
        receive_.schedule({config_.byte_ns});
        return;
    }
}

void I8042::byte_received() {
    const Line line = std::exchange(state_.receiving, Line::None);
    // Held in the meantime: the device keeps its byte.
    const bool arrives = line != Line::None && enabled(line) && !state_.output_full;
    if (!arrives || !device(line).has_byte()) return start_receiving();
    u8 value = device(line).take_byte();
    if (line == Line::Keyboard && (state_.ram[0] & control::Translate)) {
        if (value == scan_codes::break_prefix) {
            state_.release_seen = true;
            return start_receiving();
        }
        value = scan_codes::translated(value);
        if (std::exchange(state_.release_seen, false)) value |= 0x80;
    }
    fill_output({line, value});
}

/// Sending holds off what a device was about to send.
void I8042::send(Byte byte) {
    if (state_.sending) {
        state_.input = byte;
        return;
    }
    state_.sending = byte;
    state_.receiving = Line::None;
    receive_.cancel();
    send_.schedule({config_.byte_ns});
}

void I8042::byte_sent() {
    const auto sent = std::exchange(state_.sending, std::nullopt);
    if (sent) device(sent->line).receive(sent->value);
    if (const auto next = std::exchange(state_.input, std::nullopt)) send(*next);
    start_receiving();
}

void I8042::update_irqs() {
    const bool auxiliary = state_.output.line == Line::Auxiliary;
    const u8 wanted = state_.ram[0];
    wiring_.keyboard_irq.set(state_.output_full && !auxiliary &&
                             (wanted & control::KeyboardInterrupt));
    wiring_.auxiliary_irq.set(state_.output_full && auxiliary &&
                              (wanted & control::AuxiliaryInterrupt));
}

}  // namespace devices
