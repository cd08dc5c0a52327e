// SPDX-License-Identifier: BSD-2-Clause
#include "devices/video/video_memory.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace devices {

using fabric::Gpa;
using fabric::page_size;

namespace {

fabric::HostMapping storage_of(u64 bytes) {
    auto made = fabric::HostMapping::create_shared("video memory", bytes);
    VERIFY(made.has_value());  // Address space alone; pages come when they are touched.
    return std::move(made).value();
}

}  // namespace

VideoMemory::VideoMemory(fabric::GuestMemory& memory, u64 bytes)
    : memory_(memory), storage_(storage_of(bytes)), written_in_(bytes / page_size, 0) {
    memory_.add_observer(*this);
}

VideoMemory::~VideoMemory() {
    memory_.remove_device_pages(storage_.bytes());
    memory_.remove_observer(*this);
}

void VideoMemory::place(std::optional<u64> address) {
    if (address == address_) return;
    memory_.remove_device_pages(storage_.bytes());
    address_.reset();
    if (!address || !memory_.place_device_pages(storage_.bytes(), Gpa{*address})) return;
    address_ = address;
    unwatched_.clear();
    memory_.watch(Gpa{*address_}, size());
    ++looks_;  // No page is known to be written, so the first write to each is told.
}

u32 VideoMemory::read_dword(u64 offset) const {
    if (offset > size() - sizeof(u32)) return ~u32{0};
    u32 value = 0;
    std::memcpy(&value, storage_.data() + offset, sizeof value);
    return value;
}

void VideoMemory::write_dword(u64 offset, u32 value) {
    if (offset > size() - sizeof(u32)) return;
    std::memcpy(storage_.data() + offset, &value, sizeof value);
    touched(offset, sizeof value);
}

u8 VideoMemory::read_byte(u64 offset) const {
    return offset < size() ? storage_.bytes()[offset] : u8{0xff};
}

void VideoMemory::write_byte(u64 offset, u8 value) {
    if (offset >= size()) return;
    storage_.bytes()[offset] = value;
    touched(offset, 1);
}

void VideoMemory::clear(u64 offset, u64 length) {
    if (offset >= size()) return;
    const u64 cleared = std::min(length, size() - offset);
    std::memset(storage_.data() + offset, 0, cleared);
    if (cleared != 0) touched(offset, cleared);
}

/// The adapter wrote: whoever derived something from those pages, be it code, is told as well.
void VideoMemory::touched(u64 offset, u64 length) {
    note_written(offset, length);
    if (address_) memory_.note_write(Gpa{*address_ + offset}, length);
}

void VideoMemory::memory_changed(Gpa first, u64 length) {
    if (!address_ || length == 0) return;
    const u64 start = std::max(first.value, *address_);
    const u64 end = std::min(first.value + length, *address_ + size());
    if (start < end) note_written(start - *address_, end - start);
}

/// Once a page is known to be written it need not be told again before the next look.
void VideoMemory::note_written(u64 offset, u64 length) {
    for (u64 page = offset / page_size; page <= (offset + length - 1) / page_size; ++page) {
        const bool known = std::exchange(written_in_[page], looks_) == looks_;
        if (known || !address_) continue;
        memory_.set_flag(Gpa{*address_ + page * page_size}.frame(), fabric::page_flag::Watched,
                         false);
        unwatched_.push_back(page);
    }
}

void VideoMemory::looked() {
    ++looks_;
    if (!address_) return;
    std::sort(unwatched_.begin(), unwatched_.end());
    for (usize i = 0; i < unwatched_.size();) {
        usize end = i + 1;
        while (end < unwatched_.size() && unwatched_[end] == unwatched_[i] + (end - i)) ++end;
        memory_.watch(Gpa{*address_ + unwatched_[i] * page_size}, (end - i) * page_size);
        i = end;
    }
    unwatched_.clear();
}

bool VideoMemory::written_since(u64 look, u64 offset, u64 length) const {
    if (length == 0 || offset >= size()) return false;
    const u64 last = std::min(offset + length, size()) - 1;
    for (u64 page = offset / page_size; page <= last / page_size; ++page) {
        if (written_in_[page] > look) return true;
    }
    return false;
}

std::vector<VideoMemory::Page> VideoMemory::pages() const {
    std::vector<Page> found;
    u64 offset = storage_.next_populated(0);
    while (offset < size()) {
        const u64 end = storage_.end_of_populated(offset);
        for (; offset < end; offset += page_size) {
            const auto page = storage_.bytes().subspan(offset, page_size);
            if (std::all_of(page.begin(), page.end(), [](u8 byte) { return byte == 0; })) continue;
            found.push_back({static_cast<u32>(offset / page_size), {page.begin(), page.end()}});
        }
        offset = storage_.next_populated(end);
    }
    return found;
}

bool VideoMemory::set_pages(const std::vector<Page>& pages) {
    const auto fits = [&](const Page& page) {
        return page.bytes.size() == page_size && page.number < size() / page_size;
    };
    if (!std::all_of(pages.begin(), pages.end(), fits)) return false;
    storage_.discard();
    for (const Page& page : pages) {
        std::copy(page.bytes.begin(), page.bytes.end(),
                  storage_.data() + u64{page.number} * page_size);
    }
    touched(0, size());
    return true;
}

}  // namespace devices
