// SPDX-License-Identifier: BSD-2-Clause
#include "devices/input/ps2_mouse.hpp"

#include <algorithm>
#include <utility>

#include "devices/input/ps2_mouse_commands.hpp"

namespace devices {

using namespace ps2_mouse;

namespace {

constexpr u8 all_buttons = 0x1f;
constexpr i32 most_movement = 0x7fff;  // What waits to be reported.

/// 2:1 scaling of a count (reference, "set scaling 2:1").
i32 scaled_count(i32 count) {
    constexpr std::array<i32, 6> small = {0, 1, 1, 3, 6, 9};
    const i32 size = count < 0 ? -count : count;
    const i32 scaled =
        size < static_cast<i32>(small.size()) ? small[static_cast<usize>(size)] : 2 * size;
    return count < 0 ? -scaled : scaled;
}

void accumulate(i32& sum, i32 change) {
    sum = std::clamp(sum + change, -most_movement, most_movement);
}

i32 take(i32& sum, i32 lowest, i32 highest) {
    const i32 taken = std::clamp(sum, lowest, highest);
    sum -= taken;
    return taken;
}

}  // namespace

Ps2Mouse::Ps2Mouse(Config config, Wiring wiring)
    : config_(std::move(config)),
      wiring_(std::move(wiring)),
      sample_(wiring_.events, config_.name + ".sample",
              [this] {
                  make_report();
                  tell();
              }),
      self_test_(wiring_.events, config_.name + ".self_test", [this] { self_test_done(); }) {}

void Ps2Mouse::reset(fabric::ResetKind) {
    state_ = {};
    sample_.cancel();
    self_test_.cancel();
}

fabric::Result<> Ps2Mouse::restore(fabric::StateReader& in) {
    State restored;
    TRY(in.read(restored));
    if (restored.sample_rate == 0) return fabric::Error{"the sample rate is zero"};
    for (i32* sum : {&restored.right, &restored.up, &restored.wheel}) {
        if (*sum < -most_movement || *sum > most_movement) {
            return fabric::Error{"there is more movement than can be"};
        }
    }
    state_ = restored;
    return {};
}

bool Ps2Mouse::has_byte() const {
    if (!state_.responses.empty()) return true;
    return state_.command == 0 && !state_.testing && !state_.report.empty();
}

u8 Ps2Mouse::take_byte() {
    VERIFY(has_byte());
    state_.last_sent = state_.responses.empty() ? state_.report.pop() : state_.responses.pop();
    if (!has_byte()) make_report();
    return state_.last_sent;
}

void Ps2Mouse::respond(u8 byte) {
    if (!state_.responses.full()) state_.responses.push(byte);
}

void Ps2Mouse::tell() {
    if (has_byte()) wiring_.data_ready();
}

void Ps2Mouse::receive(u8 byte) {
    if (state_.testing) return;
    state_.responses = {};
    if (state_.wrap && byte != command::Reset && byte != command::ResetWrap) {
        respond(byte);
        return tell();
    }
    if (byte == command::Resend) {
        respond(state_.last_sent);
        return tell();
    }
    const u8 command = std::exchange(state_.command, u8{0});
    state_.report = {};
    if (command != 0) {
        take_parameter(command, byte);
    } else {
        begin_command(byte);
    }
    tell();
}

void Ps2Mouse::begin_command(u8 byte) {
    respond(acknowledge);
    if (byte != command::ReadData) forget_movement();
    switch (byte) {
        case command::ResetScaling: state_.scaling = false; break;
        case command::SetScaling: state_.scaling = true; break;
        case command::SetResolution:
        case command::SetSampleRate: state_.command = byte; break;
        case command::StatusRequest: respond_status(); break;
        case command::SetStream: state_.remote = false; break;
        case command::SetRemote: state_.remote = true; break;
        case command::SetWrap: state_.wrap = true; break;
        case command::ResetWrap: state_.wrap = false; break;
        case command::ReadData: {
            fabric::Fifo<u8, 4> report = next_report(false);
            while (!report.empty()) respond(report.pop());
            break;
        }
        case command::ReadId: respond(state_.id); break;
        case command::Enable: state_.reporting = true; break;
        case command::Disable: state_.reporting = false; break;
        case command::SetDefault: restore_defaults(); break;
        case command::Reset:
            restore_defaults();
            state_.wrap = false;
            state_.id = plain_id;
            state_.last_rates = {};
            state_.testing = true;
            self_test_.schedule({config_.self_test_ns});
            break;
        default: state_.responses = {}; respond(resend);
    }
}

void Ps2Mouse::take_parameter(u8 command, u8 byte) {
    const bool is_rate = command == command::SetSampleRate;
    if (is_rate ? byte == 0 : byte > 3) {
        state_.command = command;
        return respond(resend);
    }
    respond(acknowledge);
    if (is_rate) {
        set_sample_rate(byte);
    } else {
        state_.resolution = byte;
    }
}

/// The knocks change who answers, from the next ReadId on.
void Ps2Mouse::set_sample_rate(u8 rate) {
    state_.sample_rate = rate;
    state_.last_rates = {state_.last_rates[1], state_.last_rates[2], rate};
    if (state_.last_rates == std::array<u8, 3>{200, 100, 80} && state_.id == plain_id) {
        state_.id = wheel_id;
    }
    if (state_.last_rates == std::array<u8, 3>{200, 200, 80}) state_.id = five_button_id;
}

void Ps2Mouse::respond_status() {
    const u8 left = state_.buttons & 1;
    const u8 right = state_.buttons >> 1 & 1;
    const u8 middle = state_.buttons >> 2 & 1;
    u8 status = static_cast<u8>(left << 2 | middle << 1 | right);
    if (state_.scaling) status |= 0x10;
    if (state_.reporting) status |= 0x20;
    if (state_.remote) status |= 0x40;
    respond(status);
    respond(state_.resolution);
    respond(state_.sample_rate);
}

void Ps2Mouse::restore_defaults() {
    state_.sample_rate = 100;
    state_.resolution = 2;
    state_.scaling = false;
    state_.reporting = false;
    state_.remote = false;
    sample_.cancel();
}

void Ps2Mouse::forget_movement() { state_.right = state_.up = state_.wheel = 0; }

void Ps2Mouse::self_test_done() {
    state_.testing = false;
    respond(self_test_passed);
    respond(plain_id);
    tell();
}

void Ps2Mouse::moved(std::span<const u8> events) {
    const auto word = [](u8 low, u8 high) { return i32{static_cast<i16>(low | high << 8)}; };
    for (; events.size() >= 6; events = events.subspan(6)) {
        state_.buttons = events[0] & all_buttons;
        accumulate(state_.right, word(events[1], events[2]));
        accumulate(state_.up, -word(events[3], events[4]));
        accumulate(state_.wheel, -i32{static_cast<i8>(events[5])});
        make_report();
    }
    tell();
}

bool Ps2Mouse::changed() const {
    const u8 shown = state_.id == five_button_id ? all_buttons : report::Buttons;
    const bool turned = state_.id != plain_id && state_.wheel != 0;
    return state_.right != 0 || state_.up != 0 || turned ||
           ((state_.buttons ^ state_.reported_buttons) & shown) != 0;
}

/// At most one report in each sample's time, and none before the last one is out.
void Ps2Mouse::make_report() {
    if (!state_.reporting || state_.remote || state_.wrap || state_.testing) return;
    if (sample_.pending() || !state_.report.empty() || !changed()) return;
    state_.report = next_report(state_.scaling);
    sample_.schedule({1'000'000'000 / u64{state_.sample_rate}});
}

fabric::Fifo<u8, 4> Ps2Mouse::next_report(bool scaled) {
    // Scaled counts have to fit nine bits as well.
    const i32 most = scaled ? 127 : 255;
    i32 right = take(state_.right, -most, most);
    i32 up = take(state_.up, -most, most);
    if (scaled) {
        right = scaled_count(right);
        up = scaled_count(up);
    }
    fabric::Fifo<u8, 4> report;
    report.push(static_cast<u8>(report::AlwaysOne | (state_.buttons & report::Buttons) |
                                (right < 0 ? report::XSign : 0) | (up < 0 ? report::YSign : 0)));
    report.push(static_cast<u8>(right));
    report.push(static_cast<u8>(up));
    if (state_.id != plain_id) report.push(wheel_byte(take(state_.wheel, -8, 7)));
    state_.reported_buttons = state_.buttons;
    return report;
}

u8 Ps2Mouse::wheel_byte(i32 turned) const {
    if (state_.id != five_button_id) return static_cast<u8>(turned);
    return static_cast<u8>((turned & 0x0f) | (state_.buttons >> 3 & 3) << 4);
}

}  // namespace devices
