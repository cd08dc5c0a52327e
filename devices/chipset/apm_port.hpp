// SPDX-License-Identifier: BSD-2-Clause
//
// The advanced power management ports of the PIIX4 (290562, 7.1.4): a byte written to the control
// port B2 is kept and pulls SMI#; B3 passes a byte to whoever handles it. Deviation: there is no
// APMC_EN to say whether SMI# is pulled; a board without that register leaves it on.
#pragma once

#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"

namespace devices {

class ApmPort final : public fabric::Device, public fabric::IoHandler {
public:
    struct Wiring {
        fabric::IrqLine smi;  // Driven high and low again.
    };

    struct State {
        u8 control = 0;
        u8 status = 0;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "apmc", state.control);
            visit(2, "apms", state.status);
        }
    };

    explicit ApmPort(Wiring wiring) : wiring_(wiring) {}

    std::string_view name() const override { return "apm"; }
    void reset(fabric::ResetKind) override { state_ = State{}; }
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    u64 read(u64 offset, u32) override { return offset == 0 ? state_.control : state_.status; }
    void write(u64 offset, u32, u64 value) override {
        if (offset != 0) {
            state_.status = static_cast<u8>(value);
            return;
        }
        state_.control = static_cast<u8>(value);
        wiring_.smi.set(true);
        wiring_.smi.set(false);
    }

    const State& state() const { return state_; }

private:
    Wiring wiring_;
    State state_;
};

}  // namespace devices
