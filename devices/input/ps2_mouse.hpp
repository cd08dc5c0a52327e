// SPDX-License-Identifier: BSD-2-Clause
//
// PS/2 mouse (IBM PS/2 Hardware Interface Technical Reference, "Auxiliary Device"), with the wheel
// and the five buttons that Microsoft's IntelliMouse and IntelliMouse Explorer show once they are
// knocked for: sample rates 200, 100, 80, and 200, 200, 80.
//
// Reports are made at the sample rate in virtual time. Deviation: movement that does not fit a
// report is left for the next one, so the overflow bits are never set; the resolution is kept, and
// the host's counts are reported as they are; the self-test is short.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>

#include "devices/input/ps2_device.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/support/fifo.hpp"
#include "fabric/time/event_queue.hpp"

namespace devices {

class Ps2Mouse final : public fabric::Device, public Ps2Device {
public:
    struct Config {
        std::string name = "mouse";
        u64 self_test_ns = 2'000'000;
    };

    struct Wiring {
        fabric::EventQueue& events;
        std::function<void()> data_ready;
    };

    struct State {
        fabric::Fifo<u8, 8> responses;
        fabric::Fifo<u8, 4> report;
        u8 last_sent = 0;
        u8 command = 0;  // Which waits for its parameter.
        u8 id = 0;       // 3 with a wheel, 4 with five buttons.
        std::array<u8, 3> last_rates{};
        u8 sample_rate = 100;
        u8 resolution = 2;
        bool scaling = false;  // 2:1.
        bool reporting = false;
        bool remote = false;
        bool wrap = false;
        bool testing = false;
        u8 buttons = 0;
        u8 reported_buttons = 0;
        i32 right = 0;  // Movement since the last report.
        i32 up = 0;
        i32 wheel = 0;  // Towards the user.

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "responses", state.responses);
            visit(2, "report", state.report);
            visit(3, "last_sent", state.last_sent);
            visit(4, "command", state.command);
            visit(5, "id", state.id);
            visit(6, "last_rates", state.last_rates);
            visit(7, "sample_rate", state.sample_rate);
            visit(8, "resolution", state.resolution);
            visit(9, "scaling", state.scaling);
            visit(10, "reporting", state.reporting);
            visit(11, "remote", state.remote);
            visit(12, "wrap", state.wrap);
            visit(13, "testing", state.testing);
            visit(14, "buttons", state.buttons);
            visit(15, "reported_buttons", state.reported_buttons);
            visit(16, "right", state.right);
            visit(17, "up", state.up);
            visit(18, "wheel", state.wheel);
        }
    };

    Ps2Mouse(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    void receive(u8 byte) override;
    bool has_byte() const override;
    u8 take_byte() override;

    /// From the input journal, six bytes each: buttons (bits: left, right, middle, 4th, 5th), then
    /// movement to the right and down (i16 each, low byte first) and of the wheel away from the
    /// user (i8).
    void moved(std::span<const u8> events);

    const State& state() const { return state_; }

private:
    void begin_command(u8 byte);
    void take_parameter(u8 command, u8 byte);
    void respond(u8 byte);
    void respond_status();
    void set_sample_rate(u8 rate);
    void restore_defaults();
    void forget_movement();
    void self_test_done();

    bool changed() const;
    void make_report();
    fabric::Fifo<u8, 4> next_report(bool scaled);
    u8 wheel_byte(i32 turned) const;
    void tell();

    Config config_;
    Wiring wiring_;
    State state_;
    fabric::Timer sample_;
    fabric::Timer self_test_;
};

}  // namespace devices
