// SPDX-License-Identifier: BSD-2-Clause
//
// What lies in each frame of guest-physical memory: two levels, because a guest may have memory in
// a few places of a 52-bit space, and because every TLB miss asks.
#pragma once

#include <memory>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace fabric {

namespace page_flag {
constexpr u8 Writable = 1;
constexpr u8 Code = 2;     // Holds translated code.
constexpr u8 Clean = 4;    // Not written since the last checkpoint.
constexpr u8 Watched = 8;  // Displayed, or looked at by a debugger.
/// A write to a page with one of these must be told first: GuestMemory::note_write.
constexpr u8 TellWrites = Code | Clean | Watched;
}  // namespace page_flag

struct PhysicalPage {
    u8* host = nullptr;  // Null: no memory here. MMIO, or nobody's home.
    u8 flags = 0;

    bool operator==(const PhysicalPage&) const = default;
};

class FrameTable {
public:
    /// Frames of a 52-bit physical address space.
    static constexpr u64 frame_limit = u64{1} << 40;

    PhysicalPage at(u64 frame) const {
        const u64 chunk = frame / chunk_frames;
        if (chunk >= chunks_.size() || !chunks_[chunk]) return {};
        return chunks_[chunk][frame % chunk_frames];
    }

    /// For changing; null where nothing was ever put.
    PhysicalPage* find(u64 frame) {
        const u64 chunk = frame / chunk_frames;
        if (chunk >= chunks_.size() || !chunks_[chunk]) return nullptr;
        return &chunks_[chunk][frame % chunk_frames];
    }

    void put(u64 frame, PhysicalPage page);

    /// Calls visit(frame, page) for every frame with memory, lowest first.
    template <class Visit>
    void for_each(Visit visit) {
        for (u64 chunk = 0; chunk < chunks_.size(); ++chunk) {
            if (!chunks_[chunk]) continue;
            for (u64 i = 0; i < chunk_frames; ++i) {
                if (chunks_[chunk][i].host) visit(chunk * chunk_frames + i, chunks_[chunk][i]);
            }
        }
    }
    template <class Visit>
    void for_each(Visit visit) const {
        for (u64 chunk = 0; chunk < chunks_.size(); ++chunk) {
            if (!chunks_[chunk]) continue;
            for (u64 i = 0; i < chunk_frames; ++i) {
                const PhysicalPage& page = chunks_[chunk][i];
                if (page.host) visit(chunk * chunk_frames + i, page);
            }
        }
    }

private:
    static constexpr u64 chunk_frames = u64{1} << 18;  // 1 GiB of guest memory.

    std::vector<std::unique_ptr<PhysicalPage[]>> chunks_;
};

}  // namespace fabric
