// SPDX-License-Identifier: BSD-2-Clause
//
// QEMU's isa-debug-exit: a write ends the machine. There the process status is value * 2 + 1; what
// becomes of the value here is the frontend's business.
#pragma once

#include <optional>

#include "fabric/bus/device.hpp"

namespace devices {

class DebugExit final : public fabric::Device, public fabric::IoHandler {
public:
    struct State {
        bool requested = false;
        u32 value = 0;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "requested", state.requested);
            visit(2, "value", state.value);
        }
    };

    std::string_view name() const override { return "debug-exit"; }
    void reset(fabric::ResetKind) override { state_ = {}; }
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    u64 read(u64, u32) override { return 0; }
    void write(u64, u32, u64 value) override {
        state_ = {.requested = true, .value = static_cast<u32>(value)};
    }

    /// What the guest wrote, if it has.
    std::optional<u32> value() const {
        return state_.requested ? std::optional(state_.value) : std::nullopt;
    }

private:
    State state_;
};

}  // namespace devices
