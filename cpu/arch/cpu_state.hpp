// SPDX-License-Identifier: BSD-2-Clause
//
// All architectural state of one processor: what a checkpoint holds, what two engines are compared
// by, what a debugger shows. Plain data; CpuState{} is power-on (SDM 3A table 9-1), with the
// identification in EDX left to the model.
#pragma once

#include <array>

#include "cpu/arch/control_registers.hpp"
#include "cpu/arch/registers.hpp"
#include "cpu/arch/segment.hpp"
#include "fabric/support/int_types.hpp"

namespace cpu {

/// The status flags as LAHF and SETO leave them, AH in the high byte and OF in bit 0: the form in
/// which the host hands them over for two instructions, and always canonical.
namespace status_flags {
constexpr u16 OF = 0x0001;
constexpr u16 CF = 0x0100;
constexpr u16 Fixed1 = 0x0200;
constexpr u16 PF = 0x0400;
constexpr u16 AF = 0x1000;
constexpr u16 ZF = 0x4000;
constexpr u16 SF = 0x8000;

constexpr u16 from_rflags(u64 flags) {
    return static_cast<u16>(((flags & 0xd5) | 2) << 8 | ((flags >> 11) & 1));
}
constexpr u64 to_rflags(u16 status) {
    return ((u64{status} >> 8) & 0xd5) | (u64{status} & 1) << 11;
}
}  // namespace status_flags

enum class Activity : u8 { Running, Halted, MonitorWait, WaitForSipi, Shutdown };

/// After STI or a load of SS, one instruction runs before interrupts are looked at (SDM 3A 6.8.3).
enum class InterruptShadow : u8 { None, Sti, MovSs };

/// An x87 register in its 80-bit form.
struct X87Register {
    u64 significand = 0;
    u16 sign_exponent = 0;

    bool operator==(const X87Register&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "significand", state.significand);
        visit(2, "sign_exponent", state.sign_exponent);
    }
};

struct X87State {
    std::array<X87Register, 8> st{};  // By distance from the top, as FXSAVE stores them.
    u16 control = 0x0040;
    u16 status = 0;
    u8 tags = 0;  // FXSAVE's abridged form: a bit for each physical register, 1 = not empty.
    u16 opcode = 0;
    u64 instruction_pointer = 0;
    u64 data_pointer = 0;
    u16 instruction_selector = 0;
    u16 data_selector = 0;

    bool operator==(const X87State&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "st", state.st);
        visit(2, "fcw", state.control);
        visit(3, "fsw", state.status);
        visit(4, "ftw", state.tags);
        visit(5, "fop", state.opcode);
        visit(6, "fip", state.instruction_pointer);
        visit(7, "fdp", state.data_pointer);
        visit(8, "fcs", state.instruction_selector);
        visit(9, "fds", state.data_selector);
    }
};

struct alignas(32) VectorRegister {
    std::array<u64, 4> lanes{};

    bool operator==(const VectorRegister&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "lanes", state.lanes);
    }
};

/// MSRs that are plain storage of the processor itself. cpu/core/arch_msrs.cpp has their rows.
struct MsrState {
    u64 efer = 0;
    u64 star = 0;
    u64 lstar = 0;
    u64 cstar = 0;
    u64 sfmask = 0;
    u64 kernel_gs_base = 0;
    u64 sysenter_cs = 0;
    u64 sysenter_esp = 0;
    u64 sysenter_eip = 0;
    u64 tsc_offset = 0;  // TSC = clock + offset.
    u64 tsc_adjust = 0;
    u64 tsc_aux = 0;
    u64 pat = 0x0007'0406'0007'0406;
    u64 mtrr_default_type = 0;
    std::array<u64, 16> mtrr_variable{};  // Base and mask of each of eight.
    std::array<u64, 11> mtrr_fixed{};
    u64 apic_base = 0xfee0'0900;
    u64 misc_enable = 0x4'1801;  // Fast strings and MONITOR on; no BTS, no PEBS.
    u64 smbase = 0x3'0000;
    u64 debug_control = 0;
    u64 bios_signature = 0;
    u64 xss = 0;
    u64 spec_control = 0;
    u64 microcode_patch = 0;
    std::array<u64, 16> machine_check{};  // CTL, STATUS, ADDR and MISC of each of four banks.
    u64 mcg_status = 0;

    bool operator==(const MsrState&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "efer", state.efer);
        visit(2, "star", state.star);
        visit(3, "lstar", state.lstar);
        visit(4, "cstar", state.cstar);
        visit(5, "sfmask", state.sfmask);
        visit(6, "kernel_gs_base", state.kernel_gs_base);
        visit(7, "sysenter_cs", state.sysenter_cs);
        visit(8, "sysenter_esp", state.sysenter_esp);
        visit(9, "sysenter_eip", state.sysenter_eip);
        visit(10, "tsc_offset", state.tsc_offset);
        visit(11, "tsc_adjust", state.tsc_adjust);
        visit(12, "tsc_aux", state.tsc_aux);
        visit(13, "pat", state.pat);
        visit(14, "mtrr_default_type", state.mtrr_default_type);
        visit(15, "mtrr_variable", state.mtrr_variable);
        visit(16, "mtrr_fixed", state.mtrr_fixed);
        visit(17, "apic_base", state.apic_base);
        visit(18, "misc_enable", state.misc_enable);
        visit(19, "smbase", state.smbase);
        visit(20, "debug_control", state.debug_control);
        visit(21, "bios_signature", state.bios_signature);
        visit(22, "xss", state.xss);
        visit(23, "spec_control", state.spec_control);
        visit(24, "microcode_patch", state.microcode_patch);
        visit(25, "machine_check", state.machine_check);
        visit(26, "mcg_status", state.mcg_status);
    }
};

/// What waits to be taken at an instruction boundary.
struct PendingEvents {
    bool nmi = false;
    bool smi = false;
    bool init = false;
    bool sipi = false;
    u8 sipi_vector = 0;
    bool nmi_blocked = false;      // From an NMI's delivery to the next IRET.
    bool nmi_was_blocked = false;  // Outside SMM, to be restored by RSM.
    u64 debug_traps = 0;  // DR6 bits of #DB traps, taken after the instruction that caused them.

    bool operator==(const PendingEvents&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "nmi", state.nmi);
        visit(2, "smi", state.smi);
        visit(3, "init", state.init);
        visit(4, "sipi", state.sipi);
        visit(5, "sipi_vector", state.sipi_vector);
        visit(6, "nmi_blocked", state.nmi_blocked);
        visit(7, "nmi_was_blocked", state.nmi_was_blocked);
        visit(8, "debug_traps", state.debug_traps);
    }
};

struct CpuState {
    /// The last element is always zero: the register of an absent base or index.
    std::array<u64, 17> gpr{};
    u16 status = status_flags::Fixed1;  // CF PF AF ZF SF OF. See rflags().
    u64 other_flags = rflags::Fixed1;   // RFLAGS without those six.
    u64 rip = 0xfff0;
    std::array<Segment, 6> segments = power_on_segments();
    Segment ldtr{.attributes = 0x0082, .limit = 0xffff};
    Segment tr{.attributes = 0x008b, .limit = 0xffff};
    TableRegister gdtr;
    TableRegister idtr;
    u64 cr0 = cr0::CD | cr0::NW | cr0::ET;
    u64 cr2 = 0;
    u64 cr3 = 0;
    u64 cr4 = 0;
    u64 cr8 = 0;
    u64 xcr0 = xcr0::X87;
    std::array<u64, 4> dr{};
    u64 dr6 = dr6::PowerOn;
    u64 dr7 = dr7::PowerOn;
    u8 cpl = 0;
    std::array<u64, 4> pdpte{};  // As loaded by the last write of CR3 under PAE paging.
    X87State x87;
    u32 mxcsr = 0x1f80;
    std::array<VectorRegister, 16> vector{};
    MsrState msr;
    Activity activity = Activity::Running;
    InterruptShadow shadow = InterruptShadow::None;
    PendingEvents events;
    bool smm = false;
    bool a20 = true;
    bool monitor_armed = false;
    u64 monitor_address = 0;  // Physical, of the monitored line.
    u64 retired = 0;          // Instructions since power-on: the machine's clock (DESIGN.md §3).

    u64 rflags() const { return other_flags | status_flags::to_rflags(status); }
    void set_rflags(u64 value) {
        status = status_flags::from_rflags(value);
        other_flags = (value & rflags::Defined & ~rflags::Status) | rflags::Fixed1;
    }

    u64& reg(Gpr which) { return gpr[static_cast<u8>(which)]; }
    u64 reg(Gpr which) const { return gpr[static_cast<u8>(which)]; }
    Segment& segment(SegReg which) { return segments[static_cast<u8>(which)]; }
    const Segment& segment(SegReg which) const { return segments[static_cast<u8>(which)]; }

    bool operator==(const CpuState&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "gpr", state.gpr);
        visit(2, "status", state.status);
        visit(3, "other_flags", state.other_flags);
        visit(4, "rip", state.rip);
        visit(5, "segments", state.segments);
        visit(6, "ldtr", state.ldtr);
        visit(7, "tr", state.tr);
        visit(8, "gdtr", state.gdtr);
        visit(9, "idtr", state.idtr);
        visit(10, "cr0", state.cr0);
        visit(11, "cr2", state.cr2);
        visit(12, "cr3", state.cr3);
        visit(13, "cr4", state.cr4);
        visit(14, "cr8", state.cr8);
        visit(15, "xcr0", state.xcr0);
        visit(16, "dr", state.dr);
        visit(17, "dr6", state.dr6);
        visit(18, "dr7", state.dr7);
        visit(19, "cpl", state.cpl);
        visit(20, "pdpte", state.pdpte);
        visit(21, "x87", state.x87);
        visit(22, "mxcsr", state.mxcsr);
        visit(23, "vector", state.vector);
        visit(24, "msr", state.msr);
        visit(25, "activity", state.activity);
        visit(26, "shadow", state.shadow);
        visit(27, "events", state.events);
        visit(28, "smm", state.smm);
        visit(29, "a20", state.a20);
        visit(30, "monitor_armed", state.monitor_armed);
        visit(31, "monitor_address", state.monitor_address);
        visit(32, "retired", state.retired);
    }

private:
    static constexpr std::array<Segment, 6> power_on_segments() {
        constexpr Segment data{.attributes = 0x0093, .limit = 0xffff};
        constexpr Segment code{
            .selector = 0xf000, .attributes = 0x009b, .limit = 0xffff, .base = 0xffff'0000};
        return {data, code, data, data, data, data};
    }
};

}  // namespace cpu
