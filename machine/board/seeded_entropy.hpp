// SPDX-License-Identifier: BSD-2-Clause
//
// RDRAND's numbers: expanded from a seed that came through the journal.
#pragma once

#include <span>

#include "cpu/core/vcpu.hpp"
#include "fabric/bus/device.hpp"

namespace machine {

class SeededEntropy final : public fabric::Device, public cpu::EntropySource {
public:
    struct State {
        u64 counter = 0;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "counter", state.counter);
        }
    };

    std::string_view name() const override { return "entropy"; }
    void reset(fabric::ResetKind) override {}  // The seed is the machine's, not the guest's.
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    void seed(std::span<const u8> bytes);
    u64 next() override;

private:
    State state_;
};

}  // namespace machine
