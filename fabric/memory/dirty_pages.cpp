// SPDX-License-Identifier: BSD-2-Clause
//
// What is in RAM, and which of it was written since the last checkpoint.
#include <algorithm>

#include "fabric/memory/guest_memory.hpp"
#include "fabric/state/state_hash.hpp"

namespace fabric {

namespace {

/// Physical addresses have at most 52 bits.
constexpr u64 everything = u64{1} << 52;

bool all_zero(std::span<const u8> page) {
    return page[0] == 0 && std::equal(page.begin() + 1, page.end(), page.begin());
}

}  // namespace

void GuestMemory::start_tracking() {
    tracking_ = true;
    const auto mark = [this](PhysicalPage& page) {
        if (in_ram(page.host)) page.flags = static_cast<u8>(page.flags | page_flag::Clean);
    };
    frames_.for_each([&](u64, PhysicalPage& page) { mark(page); });
    for (HiddenPage& hidden : hidden_) mark(hidden.page);
    for (auto& [frame, shadow] : shadows_) {
        if (shadow.reads == Route::Bus) mark(shadow.ram);
    }
    for (MemoryObserver* observer : observers_) observer->writes_restricted();
}

std::vector<u64> GuestMemory::written_ram_pages() const {
    if (!tracking_) return nonzero_ram_pages();
    std::vector<u64> written;
    const auto note = [&](const PhysicalPage& page) {
        if (!in_ram(page.host) || (page.flags & page_flag::Clean) != 0) return;
        written.push_back(ram_page_of(page.host));
    };
    frames_.for_each([&](u64, const PhysicalPage& page) { note(page); });
    for (const HiddenPage& hidden : hidden_) note(hidden.page);
    for (const auto& [frame, shadow] : shadows_) {
        if (shadow.reads == Route::Bus) note(shadow.ram);
    }
    std::sort(written.begin(), written.end());
    return written;
}

std::vector<u64> GuestMemory::nonzero_ram_pages() const {
    std::vector<u64> found;
    u64 offset = ram_.next_populated(0);
    while (offset < ram_.size()) {
        const u64 end = ram_.end_of_populated(offset);
        for (; offset < end; offset += page_size) {
            if (!all_zero(ram().subspan(offset, page_size))) found.push_back(offset / page_size);
        }
        offset = ram_.next_populated(end);
    }
    return found;
}

u64 GuestMemory::contents_hash() const {
    StateHash hash;
    for (const u64 page : nonzero_ram_pages()) {
        hash.add(page);
        hash.add(ram().subspan(page * page_size, page_size));
    }
    for (const Overlay& placed : overlays_) {
        if (!placed.placed) continue;
        hash.add(placed.frame);
        hash.add(std::span<const u8>(placed.storage, page_size));
    }
    return hash.value();
}

void GuestMemory::clear_ram() {
    ram_.discard();
    contents_replaced();
}

void GuestMemory::contents_replaced() {
    const auto unmark = [](PhysicalPage& page) {
        page.flags = static_cast<u8>(page.flags & ~(page_flag::Clean | page_flag::Code));
    };
    frames_.for_each([&](u64, PhysicalPage& page) { unmark(page); });
    for (HiddenPage& hidden : hidden_) unmark(hidden.page);
    for (auto& [frame, shadow] : shadows_) unmark(shadow.ram);
    tracking_ = false;
    tell_mapping_changed(Gpa{0}, everything);
}

}  // namespace fabric
