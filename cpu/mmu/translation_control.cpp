// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/mmu/translation_control.hpp"

namespace cpu {

namespace {

void drop_derived(Vcpu& vcpu) {
    vcpu.first_level.flush();
    vcpu.attention |= attention::StateChanged;
}

}  // namespace

u16 current_asid(const Vcpu& vcpu) {
    const bool tagged = (vcpu.state.cr4 & cr4::PCIDE) != 0;
    return tagged ? static_cast<u16>(vcpu.state.cr3 & cr3::PcidMask) : u16{0};
}

void flush_translations(Vcpu& vcpu) {
    vcpu.tlb.flush_all();
    drop_derived(vcpu);
}

void drop_host_pointers(Vcpu& vcpu) {
    vcpu.tlb.begin_generation();
    drop_derived(vcpu);
}

void flush_address_space(Vcpu& vcpu, u16 asid) {
    vcpu.tlb.flush_address_space(asid);
    drop_derived(vcpu);
}

void switch_address_space(Vcpu& vcpu) {
    vcpu.tlb.begin_generation();
    drop_derived(vcpu);
}

void flush_page(Vcpu& vcpu, u64 linear) {
    vcpu.tlb.flush_page_and_global(linear, current_asid(vcpu));
    // One entry of a large page may stand for many of the first level's.
    drop_derived(vcpu);
}

void invalidate_pcid(Vcpu& vcpu, u64 type, u16 asid, u64 linear) {
    switch (type) {
        case 0: vcpu.tlb.flush_page(linear, asid); break;
        case 1: vcpu.tlb.flush_address_space(asid); break;
        case 2: vcpu.tlb.flush_all(); break;
        default: vcpu.tlb.flush_all_but_global(); break;
    }
    drop_derived(vcpu);
}

}  // namespace cpu
