// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/debug.hpp"

#include "cpu/arch/paging.hpp"
#include "cpu/core/breakpoints.hpp"
#include "cpu/mmu/translation_control.hpp"

namespace cpu {

namespace {

constexpr u8 breakpoint_count = 4;

/// DR7's R/W fields. `Io` means something only with CR4.DE.
enum class Watch : u8 { Execution = 0, Write = 1, Io = 2, ReadWrite = 3 };

struct Breakpoint {
    Watch watch;
    LinearRange range;  // Aligned to its length. Of Watch::Io: ports.
};

bool enabled(const CpuState& state, u8 number) { return ((state.dr7 >> (2 * number)) & 3) != 0; }

Breakpoint breakpoint(const CpuState& state, u8 number) {
    constexpr u64 lengths[] = {1, 2, 8, 4};
    const u64 control = state.dr7 >> (16 + 4 * number);
    const u64 length = lengths[(control >> 2) & 3];
    return {.watch = static_cast<Watch>(control & 3),
            .range = {state.dr[number] & ~(length - 1), length}};
}

/// The bits of DR6 of all enabled breakpoints that `accepts`.
template <class Accepts>
u64 matching(const CpuState& state, Accepts accepts) {
    u64 hits = 0;
    for (u8 number = 0; number < breakpoint_count; ++number) {
        if (enabled(state, number) && accepts(breakpoint(state, number))) {
            hits |= dr6::B0 << number;
        }
    }
    return hits;
}

bool watches_data(Watch watch) { return watch == Watch::Write || watch == Watch::ReadWrite; }

void trap_after_instruction(Vcpu& vcpu, u64 hits) {
    if (hits == 0) return;
    vcpu.state.events.debug_traps |= hits;
    vcpu.attention |= attention::Events;
}

}  // namespace

bool instruction_breakpoints_enabled(const Vcpu& vcpu) {
    if (!breakpoints_enabled(vcpu.state)) return false;
    return matching(vcpu.state,
                    [](const Breakpoint& each) { return each.watch == Watch::Execution; }) != 0;
}

bool instruction_breakpoint(Vcpu& vcpu, u64 linear) {
    if (!breakpoints_enabled(vcpu.state) || (vcpu.state.other_flags & rflags::RF)) return false;
    // Between MOV SS and what follows no debug exception comes (SDM 3A 6.8.3).
    if (vcpu.state.shadow == InterruptShadow::MovSs) return false;
    const u64 hits = matching(vcpu.state, [&](const Breakpoint& each) {
        return each.watch == Watch::Execution && each.range == LinearRange{linear, 1};
    });
    if (hits == 0) return false;
    vcpu.exception = {.vector = Vector::DB, .dr6 = hits};
    return true;
}

bool data_breakpoint_on_page(const Vcpu& vcpu, u64 linear) {
    const Breakpoints* const debugger = vcpu.ports.breakpoints;
    if (debugger && debugger->watches_page_of(linear)) return true;
    if (!breakpoints_enabled(vcpu.state)) return false;
    return matching(vcpu.state, [&](const Breakpoint& each) {
               return watches_data(each.watch) &&
                      each.range.overlaps(linear & ~page_mask, page_size);
           }) != 0;
}

void note_data_breakpoint(Vcpu& vcpu, u64 linear, usize size, Access access) {
    if (vcpu.ports.breakpoints) vcpu.ports.breakpoints->note_access(vcpu, linear, size, access);
    if (!breakpoints_enabled(vcpu.state) || access == Access::Execute) return;
    trap_after_instruction(vcpu, matching(vcpu.state, [&](const Breakpoint& each) {
                               const bool kind = access == Access::Write
                                                     ? watches_data(each.watch)
                                                     : each.watch == Watch::ReadWrite;
                               return kind && each.range.overlaps(linear, size);
                           }));
}

void note_io_breakpoint(Vcpu& vcpu, u16 port, usize size) {
    if (!breakpoints_enabled(vcpu.state) || (vcpu.state.cr4 & cr4::DE) == 0) return;
    trap_after_instruction(vcpu, matching(vcpu.state, [&](const Breakpoint& each) {
                               return each.watch == Watch::Io && each.range.overlaps(port, size);
                           }));
}

u64 read_debug_register(const Vcpu& vcpu, u8 number) {
    switch (number) {
        case 4:
        case 6: return vcpu.state.dr6;
        case 5:
        case 7: return vcpu.state.dr7;
        default: return vcpu.state.dr[number];
    }
}

Step write_debug_register(Vcpu& vcpu, u8 number, u64 value) {
    // SDM 3B 18.2.3, 18.2.4: what can be set. The rest reads as it does after reset.
    constexpr u64 dr6_writable = 0xe00f;
    constexpr u64 dr7_writable = 0xffff'23ff;
    if (number >= 4 && (value >> 32) != 0) return vcpu.raise(Vector::GP, 0);
    switch (number) {
        case 4:
        case 6: vcpu.state.dr6 = (value & dr6_writable) | dr6::PowerOn; break;
        case 5:
        case 7: vcpu.state.dr7 = (value & dr7_writable) | dr7::PowerOn; break;
        default: vcpu.state.dr[number] = value; break;
    }
    // Pages watched until now, or from now on, change roads.
    if (number != 6 && number != 4) switch_address_space(vcpu);
    return Step::Next;
}

}  // namespace cpu
