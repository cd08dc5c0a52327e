// SPDX-License-Identifier: BSD-2-Clause
//
// The memory of a display adapter: a linear frame buffer in the guest's memory, and what the
// adapter's own logic writes through its windows. Knows which pages were written since any look.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "fabric/memory/guest_memory.hpp"

namespace devices {

class VideoMemory final : public fabric::MemoryObserver {
public:
    VideoMemory(fabric::GuestMemory& memory, u64 bytes);
    ~VideoMemory() override;
    VideoMemory(const VideoMemory&) = delete;
    VideoMemory& operator=(const VideoMemory&) = delete;

    u64 size() const { return storage_.size(); }
    std::span<const u8> bytes() const { return storage_.bytes(); }

    /// Where the guest's processors see it; nothing: nowhere.
    void place(std::optional<u64> address);

    /// By the adapter. Beyond the end there is nothing.
    u32 read_dword(u64 offset) const;
    void write_dword(u64 offset, u32 value);
    u8 read_byte(u64 offset) const;
    void write_byte(u64 offset, u8 value);
    void clear(u64 offset, u64 length);

    // Looks are counted. What was written is new to everybody whose last look came before.

    u64 looks() const { return looks_; }
    /// Ends a look: what is written from now on belongs to the next.
    void looked();
    bool written_since(u64 look, u64 offset, u64 length) const;

    /// Pages that are not all zero: what is saved.
    struct Page {
        u32 number = 0;
        std::vector<u8> bytes;

        bool operator==(const Page&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "number", state.number);
            visit(2, "bytes", state.bytes);
        }
    };
    std::vector<Page> pages() const;
    /// False, and nothing is changed, if they are not pages of a memory of this size.
    [[nodiscard]] bool set_pages(const std::vector<Page>& pages);

    void memory_changed(fabric::Gpa first, u64 length) override;
    void mapping_changed(fabric::Gpa, u64) override {}
    void writes_restricted() override {}

private:
    void note_written(u64 offset, u64 length);
    void touched(u64 offset, u64 length);

    fabric::GuestMemory& memory_;
    fabric::HostMapping storage_;
    std::optional<u64> address_;
    u64 looks_ = 1;
    std::vector<u64> written_in_;  // For each page, the look that it belongs to.
    std::vector<u64> unwatched_;   // Pages whose first write since the last look was told.
};

}  // namespace devices
