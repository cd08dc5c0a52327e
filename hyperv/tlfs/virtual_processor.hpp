// SPDX-License-Identifier: BSD-2-Clause
//
// What the TLFS has once per virtual processor. It listens to its local APIC, answers its MSRs and
// its hypercalls.
#pragma once

#include <string>
#include <vector>

#include "cpu/apic/local_apic.hpp"
#include "cpu/core/vcpu.hpp"
#include "fabric/bus/device.hpp"
#include "hyperv/tlfs/features.hpp"
#include "hyperv/tlfs/overlay_register.hpp"
#include "hyperv/tlfs/synic.hpp"
#include "hyperv/tlfs/synthetic_timers.hpp"

namespace hyperv {

class Partition;

class VirtualProcessor final : public fabric::Device,
                               private cpu::HypercallDoor,
                               private cpu::ApicListener {
public:
    struct Config {
        u32 index = 0;
    };

    struct Wiring {
        Partition& partition;
        cpu::Vcpu& vcpu;
        cpu::LocalApic& apic;
    };

    struct State {
        OverlayRegister::State vp_assist;
        u64 instructions = 0;  // Retired by this processor, at the end of its last turn.
        u64 tsc_invariant_control = 0;
        Synic::State synic;
        SyntheticTimers::State timers;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "vp_assist", state.vp_assist);
            visit(2, "instructions", state.instructions);
            visit(3, "tsc_invariant_control", state.tsc_invariant_control);
            visit(4, "synic", state.synic);
            visit(5, "timers", state.timers);
        }
    };

    VirtualProcessor(Config config, Wiring wiring);

    std::string_view name() const override { return name_; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state()); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    State state() const;
    std::vector<OverlayRegister*> overlays();

    u32 index() const { return config_.index; }
    Partition& partition() { return wiring_.partition; }
    const Partition& partition() const { return wiring_.partition; }
    cpu::Vcpu& vcpu() { return wiring_.vcpu; }
    const cpu::Vcpu& vcpu() const { return wiring_.vcpu; }
    cpu::LocalApic& apic() { return wiring_.apic; }
    const cpu::LocalApic& apic() const { return wiring_.apic; }
    Synic& synic() { return synic_; }
    const Synic& synic() const { return synic_; }
    SyntheticTimers& timers() { return timers_; }
    const SyntheticTimers& timers() const { return timers_; }
    /// For the rows of MSR tables.
    bool has(Feature feature) const;

    /// Its turn to run, and the end of it, with so many instructions retired by all.
    void turn_begins(u64 retired) { turn_began_ = retired; }
    void turn_ends(u64 retired);
    /// How long it has run, in 100 ns: an instruction takes a nanosecond.
    u64 runtime() const;

    u64 vp_assist_register() const { return vp_assist_.value(); }
    void write_vp_assist_register(u64 value);
    u64 tsc_invariant_control() const { return state_.tsc_invariant_control; }
    void write_tsc_invariant_control(u64 value) { state_.tsc_invariant_control = value; }

private:
    cpu::Step call(cpu::Vcpu& vcpu) override;
    void tsc_moved() override;
    void interrupt_ended() override { synic_.deliver_waiting(); }

    Config config_;
    Wiring wiring_;
    State state_;  // Without what the members below have.
    std::string name_;
    OverlayRegister vp_assist_;
    Synic synic_;
    SyntheticTimers timers_;
    u64 turn_began_ = 0;
};

}  // namespace hyperv
