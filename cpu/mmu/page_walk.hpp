// SPDX-License-Identifier: BSD-2-Clause
//
// From linear to physical addresses through the guest's page tables (SDM 3A 4), and the rights that
// go with them. 32-bit, PAE and 4-level paging; no LA57, no protection keys (no model shows them).
#pragma once

#include <optional>

#include "cpu/core/vcpu.hpp"
#include "cpu/mmu/access.hpp"

namespace cpu {

/// What a walk found. With `fault`, the error code of the page fault it would raise.
struct WalkResult {
    std::optional<Translation> translation;
    u32 error_code = 0;
};

/// Reads the tables, checks the rights, and on success sets accessed and dirty bits.
WalkResult walk_page_tables(Vcpu& vcpu, u64 linear, Access access, Privilege who);

/// For debuggers: where an address leads, whatever the rights, touching nothing: tables that lie in
/// no memory are not read.
std::optional<u64> peek_physical(Vcpu& vcpu, u64 linear);
/// The same in full. Where nothing is mapped, the tables say so for all 2^`shift` bytes around.
struct PeekedTranslation {
    std::optional<Translation> translation;
    u8 shift = 12;
};
PeekedTranslation peek_translation(Vcpu& vcpu, u64 linear);

/// Whether a cached translation allows the access. Where not, the tables are read again.
bool permits(const Vcpu& vcpu, const Translation& translation, Access access, Privilege who);

/// What the logical TLB has for this access, without a walk: nothing the guest can see changes.
std::optional<Translation> known_translation(Vcpu& vcpu, u64 linear, Access access, Privilege who);

/// Through the logical TLB, with a walk where that has nothing. Nothing: the access would fault.
/// Raises nothing; `error_code` gets what the page fault would say.
std::optional<Translation> translate(Vcpu& vcpu, u64 linear, Access access, Privilege who,
                                     u32& error_code);

/// The same, and raises the page fault.
std::optional<Translation> translate_or_fault(Vcpu& vcpu, u64 linear, Access access, Privilege who);

/// Applies the A20 gate.
inline u64 through_a20(const Vcpu& vcpu, u64 physical) {
    return vcpu.state.a20 ? physical : physical & ~(u64{1} << 20);
}

}  // namespace cpu
