// SPDX-License-Identifier: BSD-2-Clause
//
// What instructions do to translations: each keeps the logical TLB and the cache before it in step.
#pragma once

#include "cpu/core/vcpu.hpp"

namespace cpu {

/// Everything, global pages too: CR0.PG, CR0.WP, CR4 changes, EFER.NXE, A20, SMM.
void flush_translations(Vcpu& vcpu);
/// The translations stay, but what physical pages are has changed.
void drop_host_pointers(Vcpu& vcpu);
/// MOV to CR3 without the no-flush bit: what is not global, of the current PCID.
void flush_address_space(Vcpu& vcpu, u16 asid);
/// CR3 changed under PCID without a flush: cached views belong to another address space now.
void switch_address_space(Vcpu& vcpu);
/// INVLPG: the page under the current PCID, and global ones.
void flush_page(Vcpu& vcpu, u64 linear);
/// INVPCID (SDM 2A). Types 0 to 3; the caller has checked the descriptor.
void invalidate_pcid(Vcpu& vcpu, u64 type, u16 asid, u64 linear);
/// The number translations are kept under: CR3's PCID, or zero.
u16 current_asid(const Vcpu& vcpu);

}  // namespace cpu
