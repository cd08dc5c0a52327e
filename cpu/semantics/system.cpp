// SPDX-License-Identifier: BSD-2-Clause
//
// Interrupt flag, halting and waiting, caches, hypercalls.
#include "cpu/arch/paging.hpp"
#include "cpu/core/device_access.hpp"
#include "cpu/core/monitor.hpp"
#include "cpu/core/yield.hpp"
#include "cpu/mmu/page_walk.hpp"
#include "cpu/semantics/operands.hpp"
#include "cpu/semantics/semantics.hpp"

namespace cpu::semantics {

namespace {

void set_flag(Vcpu& vcpu, u64 flag) { vcpu.state.other_flags |= flag; }
void clear_flag(Vcpu& vcpu, u64 flag) { vcpu.state.other_flags &= ~flag; }

/// Whose flag CLI and STI work on (SDM 2A CLI, table 3-6).
enum class Target : u8 { If, Vif, Refused };

Target interrupt_flag(const Vcpu& vcpu) {
    const CpuState& state = vcpu.state;
    if (!vcpu.protected_mode()) return Target::If;
    if (vcpu.virtual_8086()) {
        if (vcpu.iopl() == 3) return Target::If;
        return (state.cr4 & cr4::VME) ? Target::Vif : Target::Refused;
    }
    if (vcpu.iopl() >= state.cpl) return Target::If;
    return state.cpl == 3 && (state.cr4 & cr4::PVI) ? Target::Vif : Target::Refused;
}

Step set_access_checking(Vcpu& vcpu, bool ac) {
    // Without privilege these are not there at all (SDM 2A CLAC).
    if (vcpu.state.cpl != 0) return vcpu.raise(Vector::UD);
    if (ac) {
        set_flag(vcpu, rflags::AC);
    } else {
        clear_flag(vcpu, rflags::AC);
    }
    vcpu.attention |= attention::StateChanged;
    return Step::Next;
}

}  // namespace

Step cli(Vcpu& vcpu, const Instruction&) {
    switch (interrupt_flag(vcpu)) {
        case Target::If: clear_flag(vcpu, rflags::IF); return Step::Next;
        case Target::Vif: clear_flag(vcpu, rflags::VIF); return Step::Next;
        case Target::Refused: break;
    }
    return vcpu.raise(Vector::GP, 0);
}

Step sti(Vcpu& vcpu, const Instruction&) {
    switch (interrupt_flag(vcpu)) {
        case Target::If:
            if ((vcpu.state.other_flags & rflags::IF) == 0) {
                vcpu.state.shadow = InterruptShadow::Sti;
                vcpu.attention |= attention::Events;
            }
            set_flag(vcpu, rflags::IF);
            return Step::Next;
        case Target::Vif:
            if (vcpu.state.other_flags & rflags::VIP) break;
            set_flag(vcpu, rflags::VIF);
            return Step::Next;
        case Target::Refused: break;
    }
    return vcpu.raise(Vector::GP, 0);
}

Step hlt(Vcpu& vcpu, const Instruction&) {
    vcpu.state.activity = Activity::Halted;
    vcpu.attention |= attention::Events;
    return Step::Next;
}

Step monitor(Vcpu& vcpu, const Instruction& instruction) {
    if (vcpu.state.cpl != 0) return vcpu.raise(Vector::UD);
    if (static_cast<u32>(vcpu.state.reg(Gpr::Rcx)) != 0) return vcpu.raise(Vector::GP, 0);
    u64 offset = vcpu.state.reg(Gpr::Rax);
    if (instruction.address_size == 2) offset = static_cast<u16>(offset);
    if (instruction.address_size == 4) offset = static_cast<u32>(offset);
    const auto linear = linear_address(vcpu, instruction.segment, offset, 1, Access::Read);
    if (!linear) return Step::Fault;
    const auto page = translate_or_fault(vcpu, *linear, Access::Read, data_privilege(vcpu));
    if (!page) return Step::Fault;
    arm_monitor(vcpu, through_a20(vcpu, page->physical_page + (*linear & page_mask)));
    return Step::Next;
}

Step mwait(Vcpu& vcpu, const Instruction&) {
    if (vcpu.state.cpl != 0) return vcpu.raise(Vector::UD);
    // CPUID leaf 5 shows no extensions.
    if (static_cast<u32>(vcpu.state.reg(Gpr::Rcx)) != 0) return vcpu.raise(Vector::GP, 0);
    wait_on_monitor(vcpu);
    return Step::Next;
}

Step vmcall(Vcpu& vcpu, const Instruction&) {
    if (!vcpu.ports.hypercalls) return vcpu.raise(Vector::UD);
    return with_device_time(vcpu, [&] { return vcpu.ports.hypercalls->call(vcpu); });
}

Step clac(Vcpu& vcpu, const Instruction&) { return set_access_checking(vcpu, false); }
Step stac(Vcpu& vcpu, const Instruction&) { return set_access_checking(vcpu, true); }

/// There are no caches to write back or drop.
Step invd(Vcpu&, const Instruction&) { return Step::Next; }
Step wbinvd(Vcpu&, const Instruction&) { return Step::Next; }

/// CLFLUSH, CLFLUSHOPT, CLWB: permission is checked as for a load of a byte, from executable
/// segments too.
Step cache_line(Vcpu& vcpu, const Instruction& instruction) {
    const u64 offset = effective_offset(vcpu, instruction);
    const auto linear = linear_address(vcpu, instruction.segment, offset, 1, Access::Execute);
    if (!linear) return Step::Fault;
    return probe_linear(vcpu, *linear, 1, Access::Read, data_privilege(vcpu)) ? Step::Next
                                                                              : Step::Fault;
}

/// One processor's accesses are in order as they are, and several take turns.
Step fence(Vcpu&, const Instruction&) { return Step::Next; }
Step pause(Vcpu& vcpu, const Instruction&) {
    vcpu.attention |= attention::Yield;
    return Step::Next;
}

}  // namespace cpu::semantics
