// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/virtual_processor.hpp"

#include "hyperv/tlfs/cpuid_leaves.hpp"
#include "hyperv/tlfs/hypercall_dispatch.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/synthetic_msrs.hpp"

namespace hyperv {

using fabric::Result;

VirtualProcessor::VirtualProcessor(Config config, Wiring wiring)
    : config_(config),
      wiring_(wiring),
      name_("hyperv.vp" + std::to_string(config.index)),
      vp_assist_(wiring.partition.memory(), name_ + " assist page", fabric::GuestAccess::ReadWrite,
                 wiring.partition.config().physical_address_bits),
      synic_(*this, wiring.partition.config().physical_address_bits),
      timers_(*this) {
    add_synthetic_msrs(*this);
    add_hypervisor_cpuid(*this);
    wiring_.vcpu.ports.hypercalls = this;
    wiring_.apic.listen(*this);
}

bool VirtualProcessor::has(Feature feature) const { return wiring_.partition.has(feature); }

void VirtualProcessor::reset(fabric::ResetKind) {
    state_ = State{};
    vp_assist_.reset();
    synic_.reset();
    timers_.reset();
    turn_began_ = 0;
}

VirtualProcessor::State VirtualProcessor::state() const {
    State state = state_;
    state.vp_assist = vp_assist_.state();
    state.synic = synic_.state();
    state.timers = timers_.state();
    return state;
}

Result<> VirtualProcessor::restore(fabric::StateReader& in) {
    State fresh;
    TRY(in.read(fresh));
    if (!OverlayRegister::is_state(fresh.vp_assist) || !Synic::is_state(fresh.synic)) {
        return fabric::Error{"this is not the state of a virtual processor"};
    }
    vp_assist_.restore(fresh.vp_assist);
    synic_.restore(std::move(fresh.synic));
    timers_.restore(fresh.timers);
    state_ = {.instructions = fresh.instructions,
              .tsc_invariant_control = fresh.tsc_invariant_control};
    return {};
}

std::vector<OverlayRegister*> VirtualProcessor::overlays() {
    const auto of_synic = synic_.overlays();
    return {&vp_assist_, of_synic[0], of_synic[1]};
}

void VirtualProcessor::turn_ends(u64 retired) {
    state_.instructions += retired - turn_began_;
    turn_began_ = retired;
}

u64 VirtualProcessor::runtime() const {
    constexpr u64 instructions_per_unit = 100;
    const u64 of_this_turn = wiring_.vcpu.state.retired - turn_began_;
    return (state_.instructions + of_this_turn) / instructions_per_unit;
}

void VirtualProcessor::write_vp_assist_register(u64 value) {
    vp_assist_.write(value, wiring_.partition.next_placement());
}

cpu::Step VirtualProcessor::call(cpu::Vcpu&) { return dispatch_hypercall(*this); }

void VirtualProcessor::tsc_moved() { wiring_.partition.tsc_moved(); }

}  // namespace hyperv
