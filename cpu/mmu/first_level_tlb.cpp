// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/mmu/first_level_tlb.hpp"

#include <algorithm>

namespace cpu {

namespace {

constexpr TlbEntry empty_entry(u64 index) {
    return {FirstLevelTlb::no_page(index), FirstLevelTlb::no_page(index), 0, 0};
}

}  // namespace

void FirstLevelTlb::Noted::note(u64 index) {
    if (count < indices.size()) indices[count] = static_cast<u16>(index);
    count = std::min(count + 1, indices.size() + 1);
}

template <class Use>
void FirstLevelTlb::Noted::for_each(Use use) const {
    if (count > indices.size()) {
        for (u64 index = 0; index < entries; ++index) use(index);
        return;
    }
    for (usize i = 0; i < count; ++i) use(u64{indices[i]});
}

FirstLevelTlb::FirstLevelTlb() { flush(); }

void FirstLevelTlb::fill(Privilege who, u64 linear, u8* host, bool may_write) {
    const u64 page = linear & ~u64{0xfff};
    const u64 index = index_of(linear);
    TlbEntry& slot = way(who)[index];
    const bool keeps_write = slot.write_tag == page;
    if (slot.read_tag == no_page(index)) filled_[static_cast<u8>(who)].note(index);
    if (may_write && !keeps_write) writable_[static_cast<u8>(who)].note(index);
    slot.read_tag = page;
    slot.write_tag = may_write || keeps_write ? page : no_page(index);
    slot.addend = reinterpret_cast<u64>(host) - page;
}

void FirstLevelTlb::flush() {
    for (usize who = 0; who < ways_.size(); ++who) {
        filled_[who].for_each([&](u64 index) { ways_[who][index] = empty_entry(index); });
        filled_[who].count = 0;
        writable_[who].count = 0;
    }
}

void FirstLevelTlb::forbid_writes() {
    for (usize who = 0; who < ways_.size(); ++who) {
        writable_[who].for_each([&](u64 index) { ways_[who][index].write_tag = no_page(index); });
        writable_[who].count = 0;
    }
}

}  // namespace cpu
