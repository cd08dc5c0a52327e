// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/mmu/logical_tlb.hpp"

#include <algorithm>
#include <atomic>
#include <tuple>

#include "fabric/support/verify.hpp"

namespace cpu {

namespace {

usize size_class(u8 shift) {
    switch (shift) {
        case 12: return 0;
        case 21: return 1;
        case 22: return 2;
        default: return 3;
    }
}

/// Each instance counts its generations from a base of its own.
u64 first_generation() {
    static std::atomic<u64> instances = 0;
    return ++instances << 40;
}

}  // namespace

LogicalTlb::LogicalTlb()
    : slots_(slot_count),
      epochs_(address_spaces + 1, 1),
      live_in_space_(address_spaces + 1, 0),
      generation_(first_generation()) {}

usize LogicalTlb::home_of(u64 page_number, u8 shift) {
    const u64 mixed = (page_number + (u64{shift} << 52)) * 0x9e37'79b9'7f4a'7c15;
    return static_cast<usize>(mixed >> 48) % slot_count;
}

/// The live slot of this page size that covers `linear` and that `accepts` its space.
template <class Accepts>
LogicalTlb::Slot* LogicalTlb::find_slot(u64 linear, u8 shift, Accepts accepts) {
    if (of_size_[size_class(shift)] == 0) return nullptr;
    const u64 number = linear >> shift;
    for (usize at = home_of(number, shift);; at = (at + 1) % slot_count) {
        Slot& slot = slots_[at];
        if (slot.epoch == 0) return nullptr;
        if (slot.page_number == number && slot.page_shift == shift && live(slot) &&
            accepts(slot.space)) {
            return &slot;
        }
    }
}

std::optional<Translation> LogicalTlb::find(u64 linear, u16 asid) const {
    auto* self = const_cast<LogicalTlb*>(this);  // The search changes nothing.
    for (const u8 shift : page_shifts) {
        const Slot* slot =
            self->find_slot(linear, shift, [asid](u16 space) { return space == asid; });
        if (!slot) {
            slot = self->find_slot(linear, shift, [](u16 space) { return space == global_space; });
        }
        if (!slot) continue;
        const u64 within = linear & ((u64{1} << shift) - 1) & ~u64{0xfff};
        return Translation{.physical_page = slot->physical + within,
                           .page_shift = shift,
                           .writable = slot->writable,
                           .user = slot->user,
                           .executable = slot->executable,
                           .global = slot->space == global_space,
                           .dirty = slot->dirty};
    }
    return std::nullopt;
}

void LogicalTlb::insert(u64 linear, u16 asid, const Translation& translation) {
    const u64 within = linear & ((u64{1} << translation.page_shift) - 1) & ~u64{0xfff};
    Slot slot{.page_number = linear >> translation.page_shift,
              .physical = translation.physical_page - within,
              .space = translation.global ? global_space : asid,
              .page_shift = translation.page_shift,
              .writable = translation.writable,
              .user = translation.user,
              .executable = translation.executable,
              .dirty = translation.dirty};
    make_way(slot, linear, asid);
    if (live_ == capacity) flush_all();
    slot.epoch = epochs_[slot.space];
    place(slot);
}

/// Drops what translated the address until now. Unless that was the same but for the dirty bit,
/// what was derived from it is out of date.
void LogicalTlb::make_way(const Slot& slot, u64 linear, u16 asid) {
    const auto same_space = [&](u16 space) { return space == slot.space; };
    Slot* old = find_slot(linear, slot.page_shift, same_space);
    if (old) {
        Slot now_dirty = *old;
        now_dirty.epoch = slot.epoch;
        now_dirty.dirty = slot.dirty;
        if (!(now_dirty == slot)) ++generation_;
        drop(*old);
    }
    const usize others = live_;
    drop_matching(linear, asid, true);
    if (live_ != others) ++generation_;
}

void LogicalTlb::place(const Slot& slot) {
    if (filled_ > slot_count / 2) rebuild();
    usize at = home_of(slot.page_number, slot.page_shift);
    while (slots_[at].epoch != 0 && live(slots_[at])) at = (at + 1) % slot_count;
    if (slots_[at].epoch == 0) ++filled_;
    slots_[at] = slot;
    ++of_size_[size_class(slot.page_shift)];
    ++live_;
    ++live_in_space_[slot.space];
}

/// Clears away the slots that earlier flushes left behind.
void LogicalTlb::rebuild() {
    std::vector<Slot> kept;
    kept.reserve(live_);
    for (const Slot& slot : slots_) {
        if (slot.epoch != 0 && live(slot)) kept.push_back(slot);
    }
    std::fill(slots_.begin(), slots_.end(), Slot{});
    std::fill(live_in_space_.begin(), live_in_space_.end(), 0);
    of_size_ = {};
    live_ = 0;
    filled_ = 0;
    for (const Slot& slot : kept) place(slot);
}

/// A dropped slot stays filled, so that searches still pass over it: no epoch is ever this one
/// again.
void LogicalTlb::drop(Slot& slot) {
    --live_;
    --live_in_space_[slot.space];
    slot.epoch = epochs_[slot.space] - 1;
    if (slot.epoch == 0) slot.epoch = ~u32{0};
}

void LogicalTlb::drop_matching(u64 linear, u16 asid, bool global_too) {
    for (const u8 shift : page_shifts) {
        while (Slot* slot = find_slot(linear, shift, [&](u16 space) {
                   return space == asid || (global_too && space == global_space);
               })) {
            drop(*slot);
        }
    }
}

void LogicalTlb::flush_space(u16 space) {
    if (live_in_space_[space] == 0) return;
    live_ -= live_in_space_[space];
    live_in_space_[space] = 0;
    ++epochs_[space];
    VERIFY(epochs_[space] != ~u32{0});
}

void LogicalTlb::flush_all() {
    flush_all_but_global();
    flush_space(global_space);
}

void LogicalTlb::flush_all_but_global() {
    ++generation_;
    for (u16 space = 0; space < address_spaces; ++space) flush_space(space);
}

void LogicalTlb::flush_address_space(u16 asid) {
    ++generation_;
    flush_space(asid);
}

void LogicalTlb::flush_page(u64 linear, u16 asid) {
    ++generation_;
    drop_matching(linear, asid, false);
}

void LogicalTlb::flush_page_and_global(u64 linear, u16 asid) {
    ++generation_;
    drop_matching(linear, asid, true);
}

std::vector<LogicalTlb::Entry> LogicalTlb::entries() const {
    std::vector<Entry> all;
    for (const Slot& slot : slots_) {
        if (slot.epoch == 0 || !live(slot)) continue;
        const bool global = slot.space == global_space;
        all.push_back({.page = slot.page_number << slot.page_shift,
                       .asid = global ? u16{0} : slot.space,
                       .translation = {.physical_page = slot.physical,
                                       .page_shift = slot.page_shift,
                                       .writable = slot.writable,
                                       .user = slot.user,
                                       .executable = slot.executable,
                                       .global = global,
                                       .dirty = slot.dirty}});
    }
    std::sort(all.begin(), all.end(), [](const Entry& a, const Entry& b) {
        return std::tuple(a.page, a.asid, a.translation.global, a.translation.page_shift) <
               std::tuple(b.page, b.asid, b.translation.global, b.translation.page_shift);
    });
    return all;
}

void LogicalTlb::restore(const std::vector<Entry>& entries) {
    flush_all();
    for (const Entry& entry : entries) insert(entry.page, entry.asid, entry.translation);
}

}  // namespace cpu
