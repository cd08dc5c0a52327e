// SPDX-License-Identifier: BSD-2-Clause
//
// The cache in front of the logical TLB that the engines' fast paths read: from a linear page
// straight to a host pointer. It holds nothing the logical TLB does not allow, and can be dropped
// at any time without the guest noticing.
#pragma once

#include <array>

#include "fabric/support/int_types.hpp"

namespace cpu {

/// Who is asking: decides which translations apply.
enum class Privilege : u8 {
    User,
    Supervisor,
    SupervisorNoUser,  // SMAP in force: user pages are out of bounds.
};

/// One page. A tag is the page's linear address, or no_page(); it is that also where the access
/// needs more than a copy: MMIO, a page with translated code, one not yet marked dirty.
struct TlbEntry {
    u64 read_tag;
    u64 write_tag;
    u64 addend;  // Host address = linear address + addend.
    u64 unused;  // Keeps the entry at 32 bytes: the index is a shift.
};

class FirstLevelTlb {
public:
    static constexpr u64 entries = 1024;
    /// A page that belongs into another entry than this: whatever address is looked up here, even a
    /// non-canonical one that nobody has checked yet, is not in it.
    static constexpr u64 no_page(u64 index) { return index == 0 ? 0x1000 : 0; }

    using Way = std::array<TlbEntry, entries>;

    FirstLevelTlb();

    /// Two folds of the page number: streams a power of two apart do not fight for one entry.
    static constexpr u64 index_of(u64 linear) {
        return ((linear >> 12) ^ (linear >> 22)) % entries;
    }

    Way& way(Privilege who) { return ways_[static_cast<u8>(who)]; }
    TlbEntry& entry(Privilege who, u64 linear) { return way(who)[index_of(linear)]; }

    void fill(Privilege who, u64 linear, u8* host, bool may_write);

    void flush();
    /// Some frame may no longer be written without telling: all must ask again.
    void forbid_writes();

private:
    /// Which entries something is in. Between two flushes, or two new pages of code, only a few are
    /// filled, and looking at all of them each time would cost more than all else.
    struct Noted {
        std::array<u16, 62> indices{};
        usize count = entries;  // More than fit: all entries must be looked at.

        void note(u64 index);
        template <class Use>
        void for_each(Use use) const;
    };

    std::array<Way, 3> ways_;
    std::array<Noted, 3> filled_{};
    std::array<Noted, 3> writable_{};  // Those that may let writes through.
};

}  // namespace cpu
