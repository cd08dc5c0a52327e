// SPDX-License-Identifier: BSD-2-Clause
//
// RAM behind the bus. A frame shows the page that reads go to; where writes go elsewhere it is not
// writable, and write_behind() finds the other page.
#include <algorithm>
#include <cstring>

#include "fabric/memory/guest_memory.hpp"
#include "fabric/support/bit_range.hpp"

namespace fabric {

namespace {

u8 with(u8 flags, u8 flag, bool on) { return static_cast<u8>(on ? flags | flag : flags & ~flag); }

}  // namespace

Result<> GuestMemory::map_shadow_ram(Gpa first, u64 length, u64 offset_in_ram) {
    for (u64 done = 0; done < length; done += page_size) {
        if (in_ram(page((first + done).frame()).host) ||
            shadows_.contains((first + done).frame())) {
            return Error{"shadow RAM lies over other RAM"};
        }
    }
    TRY(take_ram(first, length, offset_in_ram));
    for (u64 done = 0; done < length; done += page_size) {
        const u64 frame = (first + done).frame();
        shadows_[frame] = {.ram = {ram_.data() + offset_in_ram + done, page_flag::Writable},
                           .bus = page(frame)};
    }
    return {};
}

void GuestMemory::route(Gpa first, u64 length, Route reads, Route writes) {
    VERIFY(is_aligned(first.value, page_size) && is_aligned(length, page_size));
    bool changed = false;
    const u64 end = first.frame() + length / page_size;
    for (auto found = shadows_.lower_bound(first.frame());
         found != shadows_.end() && found->first < end; ++found) {
        auto& [frame, shadow] = *found;
        if (shadow.reads == reads && shadow.writes == writes) continue;
        note_flags(frame, shadow);
        shadow.reads = reads;
        shadow.writes = writes;
        beneath(frame) = shown(shadow);
        changed = true;
    }
    if (changed) tell_mapping_changed(first, length);
}

void GuestMemory::write_behind(Gpa first, std::span<const u8> from) {
    const auto found = shadows_.find(first.frame());
    if (found == shadows_.end()) return;
    ShadowedFrame& shadow = found->second;
    const bool seen = beneath(first.frame()) == page(first.frame());
    if (!seen || shadow.reads == Route::Ram || shadow.writes == Route::Bus) return;
    VERIFY(from.size() <= page_size - first.offset_in_page());
    shadow.ram.flags = with(shadow.ram.flags, page_flag::Clean, false);
    std::memcpy(shadow.ram.host + first.offset_in_page(), from.data(), from.size());
}

/// A page of the bus appears at a frame, which may have RAM of its own in front.
void GuestMemory::put_bus_page(u64 frame, PhysicalPage page) {
    const auto found = shadows_.find(frame);
    if (found == shadows_.end()) {
        frames_.put(frame, page);
        return;
    }
    note_flags(frame, found->second);
    found->second.bus = page;
    beneath(frame) = shown(found->second);
}

/// What a frame shows where no overlay hides it.
PhysicalPage& GuestMemory::beneath(u64 frame) {
    for (HiddenPage& hidden : hidden_) {
        if (hidden.frame == frame) return hidden.page;
    }
    if (!frames_.find(frame)) frames_.put(frame, {});
    return *frames_.find(frame);
}

/// The page that shows is about to be another: what was noted of it is kept.
void GuestMemory::note_flags(u64 frame, ShadowedFrame& shadow) {
    constexpr u8 kept = page_flag::Clean | page_flag::Watched;
    PhysicalPage& page = shadow.reads == Route::Ram ? shadow.ram : shadow.bus;
    const u8 current = beneath(frame).flags;
    page.flags = static_cast<u8>((page.flags & page_flag::Writable) | (current & kept));
}

PhysicalPage GuestMemory::shown(const ShadowedFrame& shadow) {
    PhysicalPage page = shadow.reads == Route::Ram ? shadow.ram : shadow.bus;
    if (shadow.reads == shadow.writes) return page;
    if (!page.host) {  // Reads find nobody, but writes find memory.
        if (!page_of_ones_) {
            Result<HostMapping> made = HostMapping::create_private(page_size);
            VERIFY(made.has_value());  // One page: a host that has none left cannot go on.
            page_of_ones_ = std::move(made).value();
            std::ranges::fill(page_of_ones_->bytes(), u8{0xff});
        }
        page.host = page_of_ones_->data();
    }
    page.flags = with(page.flags, page_flag::Writable, false);
    return page;
}

}  // namespace fabric
