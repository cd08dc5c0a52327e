// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/mmu/first_level_tlb.hpp"

#include <algorithm>

namespace cpu {

namespace {

constexpr TlbEntry empty_entry(u64 index) {
    return {FirstLevelTlb::no_page(index), FirstLevelTlb::no_page(index), 0, 0};
}

}  // namespace

FirstLevelTlb::FirstLevelTlb() { flush(); }

void FirstLevelTlb::fill(Privilege who, u64 linear, u8* host, bool may_write) {
    const u64 page = linear & ~u64{0xfff};
    const u64 index = index_of(linear);
    TlbEntry& slot = way(who)[index];
    Writable& writable = writable_[static_cast<u8>(who)];
    const bool keeps_write = slot.write_tag == page;
    slot.read_tag = page;
    slot.write_tag = may_write || keeps_write ? page : no_page(index);
    if (may_write && !keeps_write) {
        if (writable.count < writable.indices.size()) {
            writable.indices[writable.count] = static_cast<u16>(index);
        }
        writable.count = std::min(writable.count + 1, writable.indices.size() + 1);
    }
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
        writable_[who].count = 0;
    }
}

void FirstLevelTlb::flush_page(u64 linear) {
    for (Way& way : ways_) way[index_of(linear)] = empty_entry(index_of(linear));
}

void FirstLevelTlb::forbid_writes() {
    for (usize who = 0; who < ways_.size(); ++who) {
        Way& way = ways_[who];
        Writable& writable = writable_[who];
        if (writable.count > writable.indices.size()) {
            for (u64 i = 0; i < entries; ++i) way[i].write_tag = no_page(i);
        }
        const usize noted = std::min<usize>(writable.count, writable.indices.size());
        for (usize i = 0; i < noted; ++i) {
            way[writable.indices[i]].write_tag = no_page(writable.indices[i]);
        }
        writable.count = 0;
    }
}

}  // namespace cpu
