// SPDX-License-Identifier: BSD-2-Clause
#include "devices/serial/uart16550.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "devices/serial/uart16550_registers.hpp"
#include "fabric/time/frequency.hpp"

namespace devices {

using namespace uart;

namespace {

constexpr std::array<u8, 4> trigger_levels = {1, 4, 8, 14};

/// What a host may send ahead of the line; the rest of a flood is lost, as on any line.
constexpr usize most_on_the_line = 1 << 16;

}  // namespace

Uart16550::Uart16550(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(wiring),
      transmit_(wiring.events, config_.name + ".transmit", [this] { character_sent(); }),
      arrival_(wiring.events, config_.name + ".arrival", [this] { character_arrived(); }),
      timeout_(wiring.events, config_.name + ".timeout", [this] { receive_timed_out(); }) {}

void Uart16550::reset(fabric::ResetKind kind) {
    State before = std::exchange(state_, State{});
    transmit_.cancel();
    timeout_.cancel();
    if (kind == fabric::ResetKind::Platform) {
        // MR leaves the scratch and divisor latches alone (data sheet, table I), and what is on its
        // way here.
        state_.scratch = before.scratch;
        state_.divisor = before.divisor;
        state_.on_the_line = std::move(before.on_the_line);
        state_.far_end_absent = before.far_end_absent;
    } else {
        arrival_.cancel();
    }
    update_irq();
}

u64 Uart16550::read(u64 offset, u32) {
    switch (static_cast<Register>(offset)) {
        case Register::Data: return divisor_latched() ? state_.divisor & 0xff : read_data();
        case Register::InterruptEnable:
            return divisor_latched() ? state_.divisor >> 8 : state_.interrupt_enable;
        case Register::InterruptIdent: return read_interrupt_ident();
        case Register::LineControl: return state_.line_control;
        case Register::ModemControl: return state_.modem_control;
        case Register::LineStatus: return read_line_status();
        case Register::ModemStatus: return read_modem_status();
        case Register::Scratch: return state_.scratch;
    }
    UNREACHABLE();
}

void Uart16550::write(u64 offset, u32, u64 wide_value) {
    const u8 value = static_cast<u8>(wide_value);
    switch (static_cast<Register>(offset)) {
        case Register::Data:
            if (divisor_latched()) {
                state_.divisor = static_cast<u16>((state_.divisor & 0xff00) | value);
            } else {
                write_data(value);
            }
            break;
        case Register::InterruptEnable:
            if (divisor_latched()) {
                state_.divisor = static_cast<u16>((state_.divisor & 0x00ff) | (value << 8));
            } else {
                write_interrupt_enable(value);
            }
            break;
        case Register::InterruptIdent: write_fifo_control(value); break;
        case Register::LineControl: state_.line_control = value; break;
        case Register::ModemControl: write_modem_control(value); break;
        case Register::LineStatus:
        case Register::ModemStatus: break;  // Read-only; writes are ignored.
        case Register::Scratch: state_.scratch = value; break;
    }
    update_irq();
}

u8 Uart16550::read_data() {
    if (state_.received.empty()) return 0;
    const u8 byte = state_.received.pop();
    restart_receive_timeout();
    update_irq();
    return byte;
}

u8 Uart16550::read_interrupt_ident() {
    const u8 pending = pending_interrupt();
    if (pending == iir::TransmitterEmpty) {
        state_.transmitter_empty_unread = false;
        update_irq();
    }
    return pending | (state_.fifos_enabled ? iir::FifosEnabled : u8{0});
}

u8 Uart16550::read_line_status() {
    u8 status = 0;
    if (!state_.received.empty()) status |= lsr::DataReady;
    if (state_.overrun) status |= lsr::Overrun;
    if (state_.to_send.empty()) status |= lsr::HoldingEmpty;
    if (state_.to_send.empty() && !transmit_.pending()) status |= lsr::TransmitterIdle;
    state_.overrun = false;
    update_irq();
    return status;
}

u8 Uart16550::read_modem_status() {
    const u8 status = modem_lines() | state_.modem_deltas;
    state_.modem_deltas = 0;
    update_irq();
    return status;
}

void Uart16550::write_data(u8 value) {
    state_.transmitter_empty_unread = false;
    // A write to a full FIFO is lost; so is one to an occupied THR in 16450 mode.
    const bool room = state_.fifos_enabled ? !state_.to_send.full() : state_.to_send.empty();
    if (room) state_.to_send.push(value);
    if (!transmit_.pending()) start_transmission();
}

void Uart16550::write_interrupt_enable(u8 value) {
    // Enabling THRE while the holding register is empty interrupts at once. Linux and Windows both
    // start transmission this way.
    const bool newly = (value & ~state_.interrupt_enable & ier::TransmitterEmpty) != 0;
    if (newly && state_.to_send.empty()) state_.transmitter_empty_unread = true;
    state_.interrupt_enable = value & ier::Defined;
}

void Uart16550::write_fifo_control(u8 value) {
    const bool enable = (value & fcr::EnableFifos) != 0;
    const bool toggled = enable != state_.fifos_enabled;  // Either way, both FIFOs empty.
    if (toggled || (enable && (value & fcr::ClearReceive))) {
        state_.received = {};
        restart_receive_timeout();
    }
    if (toggled || (enable && (value & fcr::ClearTransmit))) {
        if (!state_.to_send.empty()) state_.transmitter_empty_unread = true;
        state_.to_send = {};
    }
    state_.fifos_enabled = enable;
    state_.trigger_select = enable ? value >> fcr::TriggerShift : u8{0};
}

void Uart16550::write_modem_control(u8 value) {
    const u8 before = modem_lines();
    state_.modem_control = value & mcr::Defined;
    note_changed_lines(before);
}

void Uart16550::set_far_end(bool present) {
    const u8 before = modem_lines();
    state_.far_end_absent = !present;
    note_changed_lines(before);
    update_irq();
}

void Uart16550::note_changed_lines(u8 before) {
    const u8 changed = before ^ modem_lines();
    if (changed & msr::ClearToSend) state_.modem_deltas |= msr::DeltaClearToSend;
    if (changed & msr::DataSetReady) state_.modem_deltas |= msr::DeltaDataSetReady;
    if (changed & msr::CarrierDetect) state_.modem_deltas |= msr::DeltaCarrierDetect;
    if (changed & before & msr::Ring) state_.modem_deltas |= msr::TrailingEdgeRing;
}

void Uart16550::receive(std::span<const u8> bytes) {
    const usize room = most_on_the_line - state_.on_the_line.size();
    const auto taken = bytes.first(std::min(bytes.size(), room));
    state_.on_the_line.insert(state_.on_the_line.end(), taken.begin(), taken.end());
    if (!arrival_.pending()) character_arrived();
}

void Uart16550::character_arrived() {
    if (state_.on_the_line.empty()) return;
    const u8 byte = state_.on_the_line.front();
    state_.on_the_line.erase(state_.on_the_line.begin());
    if (!looped_back()) push_received(byte);
    arrival_.schedule(character_time());
    update_irq();
}

void Uart16550::push_received(u8 byte) {
    const bool room = state_.fifos_enabled ? !state_.received.full() : state_.received.empty();
    if (!room) {
        state_.overrun = true;
        if (state_.fifos_enabled) return;  // The FIFO keeps what it has; the newcomer is lost.
        state_.received = {};              // Without FIFOs the newcomer overwrites RBR.
    }
    state_.received.push(byte);
    restart_receive_timeout();
}

void Uart16550::start_transmission() {
    if (state_.to_send.empty()) return;
    const u8 byte = state_.to_send.pop();
    if (state_.to_send.empty()) state_.transmitter_empty_unread = true;
    transmit_.schedule(character_time());
    if (looped_back()) {
        push_received(byte);
    } else {
        wiring_.line_out.accept(byte);
    }
}

void Uart16550::character_sent() {
    start_transmission();
    update_irq();
}

void Uart16550::receive_timed_out() {
    state_.receive_timed_out = true;
    update_irq();
}

/// Four character times with characters in the FIFO and neither an arrival nor a read (data sheet,
/// 8.4.1).
void Uart16550::restart_receive_timeout() {
    state_.receive_timed_out = false;
    if (!state_.fifos_enabled || state_.received.empty()) {
        timeout_.cancel();
        return;
    }
    timeout_.schedule({4 * character_time().ns});
}

bool Uart16550::divisor_latched() const { return (state_.line_control & lcr::DivisorLatch) != 0; }
bool Uart16550::looped_back() const { return (state_.modem_control & mcr::Loopback) != 0; }

u8 Uart16550::modem_lines() const {
    if (!looped_back()) {
        return state_.far_end_absent ? 0
                                     : msr::CarrierDetect | msr::DataSetReady | msr::ClearToSend;
    }
    const u8 outputs = state_.modem_control;
    u8 inputs = 0;
    if (outputs & mcr::RequestToSend) inputs |= msr::ClearToSend;
    if (outputs & mcr::DataTerminalReady) inputs |= msr::DataSetReady;
    if (outputs & mcr::Out1) inputs |= msr::Ring;
    if (outputs & mcr::Out2) inputs |= msr::CarrierDetect;
    return inputs;
}

/// The IIR code of the most urgent enabled condition (data sheet, table IV).
u8 Uart16550::pending_interrupt() const {
    const u8 enabled = state_.interrupt_enable;
    if ((enabled & ier::LineStatus) && state_.overrun) return iir::LineStatus;
    if (enabled & ier::DataAvailable) {
        if (state_.received.size() >= trigger_levels[state_.trigger_select & 3]) {
            return iir::DataAvailable;
        }
        if (state_.receive_timed_out) return iir::CharacterTimeout;
    }
    if ((enabled & ier::TransmitterEmpty) && state_.transmitter_empty_unread) {
        return iir::TransmitterEmpty;
    }
    if ((enabled & ier::ModemStatus) && state_.modem_deltas) return iir::ModemStatus;
    return iir::NonePending;
}

fabric::VmDuration Uart16550::character_time() const {
    const u32 data_bits = 5 + (state_.line_control & lcr::WordLength);
    const u32 parity_bits = (state_.line_control & lcr::ParityEnable) ? 1 : 0;
    u32 half_stop_bits = 2;
    if (state_.line_control & lcr::TwoStopBits) half_stop_bits = data_bits == 5 ? 3 : 4;
    const u32 half_bits = 2 * (1 + data_bits + parity_bits) + half_stop_bits;
    const u64 clocks_per_half_bit = 8 * std::max<u64>(state_.divisor, 1);
    return {half_bits * clocks_per_half_bit * fabric::ns_per_second / config_.clock_hz};
}

void Uart16550::update_irq() {
    // In loopback the pin OUT2 is inactive, whatever its bit says (data sheet, 8.6.5).
    const bool gated_on = (state_.modem_control & mcr::Out2) != 0 && !looped_back();
    wiring_.irq.set(gated_on && pending_interrupt() != iir::NonePending);
}

}  // namespace devices
