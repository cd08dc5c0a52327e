// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/mmu/first_level_tlb.hpp"

namespace cpu {

namespace {

constexpr TlbEntry empty_entry(u64 index) {
    return {FirstLevelTlb::no_page(index), FirstLevelTlb::no_page(index), 0, 0};
}

}  // namespace

FirstLevelTlb::FirstLevelTlb() { flush(); }

void FirstLevelTlb::fill(Privilege who, u64 linear, u8* host, bool may_write) {
    const u64 page = linear & ~u64{0xfff};
    TlbEntry& slot = entry(who, linear);
    const bool keeps_write = slot.write_tag == page;
    slot.read_tag = page;
    slot.write_tag = may_write || keeps_write ? page : no_page(index_of(linear));
    slot.addend = reinterpret_cast<u64>(host) - page;
    used_[static_cast<u8>(who)] = true;
}

void FirstLevelTlb::flush() {
    for (usize who = 0; who < ways_.size(); ++who) {
        if (used_[who]) {
            ways_[who].fill(empty_entry(1));
            ways_[who][0] = empty_entry(0);
        }
        used_[who] = false;
    }
}

void FirstLevelTlb::flush_page(u64 linear) {
    for (Way& way : ways_) way[index_of(linear)] = empty_entry(index_of(linear));
}

void FirstLevelTlb::forbid_writes() {
    for (Way& way : ways_) {
        for (u64 i = 0; i < entries; ++i) way[i].write_tag = no_page(i);
    }
}

}  // namespace cpu
