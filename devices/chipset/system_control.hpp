// SPDX-License-Identifier: BSD-2-Clause
//
// System control ports of a PC, as in the 82371AB (Intel 290562): port 61 (NMI status and control:
// speaker, gate and output of timer 2, the refresh toggle) and port 92 (fast A20 and INIT).
//
// Refresh is a clock of its own, 18 pulses of the timer's, whatever counter 1 is programmed to.
// SERR# and IOCHK# are never asserted, so their status bits read zero.
#pragma once

#include <functional>

#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"
#include "fabric/time/event_queue.hpp"
#include "fabric/time/frequency.hpp"

namespace devices {

/// Port 61.
class SystemControlB final : public fabric::Device, public fabric::IoHandler {
public:
    static constexpr fabric::Frequency refresh{105'000'000, 88 * 18};

    struct Wiring {
        fabric::EventQueue& events;
        fabric::IrqLine timer2_gate;
        std::function<bool()> timer2_out;
    };

    struct State {
        u8 control = 0;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "control", state.control);
        }
    };

    explicit SystemControlB(Wiring wiring) : wiring_(std::move(wiring)) {}

    std::string_view name() const override { return "port61"; }
    void reset(fabric::ResetKind) override {
        state_ = {};
        wiring_.timer2_gate.set(false);
    }
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    u64 read(u64, u32) override;
    void write(u64, u32, u64 value) override;

    const State& state() const { return state_; }

private:
    Wiring wiring_;
    State state_;
};

/// Port 92. Its A20 is one of several sources: the board joins them.
class SystemControlA final : public fabric::Device, public fabric::IoHandler {
public:
    struct Wiring {
        fabric::IrqLine a20;
        std::function<void()> init;  // Asks for the processors' INIT pin to be pulsed.
    };

    struct State {
        u8 control = 0;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "control", state.control);
        }
    };

    explicit SystemControlA(Wiring wiring) : wiring_(std::move(wiring)) {}

    std::string_view name() const override { return "port92"; }
    void reset(fabric::ResetKind) override {
        state_ = {};
        wiring_.a20.set(false);
    }
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    u64 read(u64, u32) override { return state_.control; }
    void write(u64, u32, u64 value) override;

    const State& state() const { return state_; }

private:
    Wiring wiring_;
    State state_;
};

}  // namespace devices
