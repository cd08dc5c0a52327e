// SPDX-License-Identifier: BSD-2-Clause
//
// The architectural TLB: every translation used since it was last flushed. It never evicts on
// conflict, so what a guest sees of stale entries and of accessed and dirty bits is a function of
// its own accesses alone, the same in every engine, whatever caches sit in front (DESIGN.md §5).
// Beyond a fixed number of entries it flushes itself whole, which is deterministic too.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace cpu {

struct Translation {
    u64 physical_page = 0;  // Of the 4 KiB page asked for, also within a larger one.
    u8 page_shift = 12;     // 12, 21, 22 or 30.
    bool writable = false;  // Read/write and user bits of all levels together.
    bool user = false;
    bool executable = false;
    bool global = false;
    bool dirty = false;

    bool operator==(const Translation&) const = default;
};

class LogicalTlb {
public:
    static constexpr usize capacity = 16 * 1024;

    /// An entry as checkpoints keep it. `physical_page` is that of the first 4 KiB.
    struct Entry {
        u64 page = 0;  // Linear address of the page's first byte.
        u16 asid = 0;
        Translation translation;
        bool operator==(const Entry&) const = default;
    };

    LogicalTlb();

    /// The translation of an address under an address-space number (PCID).
    std::optional<Translation> find(u64 linear, u16 asid) const;
    /// Adds, in place of whatever translated this address before. May flush everything first.
    void insert(u64 linear, u16 asid, const Translation& translation);

    void flush_all();
    void flush_all_but_global();            // INVPCID type 3.
    void flush_address_space(u16 asid);     // MOV to CR3, INVPCID type 1: global entries stay.
    void flush_page(u64 linear, u16 asid);  // INVPCID type 0: global entries stay.
    void flush_page_and_global(u64 linear, u16 asid);  // INVLPG.

    /// Changes whenever an address that had a translation may now have none or another: what was
    /// derived from an entry may be out of date. No two processors ever have the same one.
    u64 generation() const { return generation_; }
    /// Another address space has come into view without a flush.
    void begin_generation() { ++generation_; }

    /// In an order that does not depend on history, for checkpoints and comparison.
    std::vector<Entry> entries() const;
    void restore(const std::vector<Entry>& entries);

private:
    /// Address spaces, and one more place for the global entries of all.
    static constexpr usize address_spaces = 4096;
    static constexpr u16 global_space = address_spaces;
    static constexpr usize slot_count = 4 * capacity;
    static constexpr std::array<u8, 4> page_shifts = {12, 21, 22, 30};

    struct Slot {
        u64 page_number = 0;  // Linear address >> page_shift.
        u64 physical = 0;
        u32 epoch = 0;  // Of its space when it was added; zero: never used.
        u16 space = 0;
        u8 page_shift = 0;
        bool writable = false;
        bool user = false;
        bool executable = false;
        bool dirty = false;

        bool operator==(const Slot&) const = default;
    };

    static usize home_of(u64 page_number, u8 shift);
    bool live(const Slot& slot) const { return slot.epoch == epochs_[slot.space]; }
    template <class Accepts>
    Slot* find_slot(u64 linear, u8 shift, Accepts accepts);
    void drop(Slot& slot);
    void drop_matching(u64 linear, u16 asid, bool global_too);
    void make_way(const Slot& slot, u64 linear, u16 asid);
    void flush_space(u16 space);
    void place(const Slot& slot);
    void rebuild();

    std::vector<Slot> slots_;
    std::vector<u32> epochs_;  // By space. A flush is a new epoch.
    std::vector<u32> live_in_space_;
    std::array<u32, 4> of_size_{};  // Slots ever filled of each page size since the last rebuild.
    usize live_ = 0;
    usize filled_ = 0;  // Slots that are live or were once.
    u64 generation_;
};

}  // namespace cpu
