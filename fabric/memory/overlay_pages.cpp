// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>

#include "fabric/memory/guest_memory.hpp"
#include "fabric/support/bit_range.hpp"

namespace fabric {

OverlayId GuestMemory::add_overlay(std::string name, GuestAccess access) {
    Result<HostMapping> storage = HostMapping::create_private(page_size);
    VERIFY(storage.has_value());  // One page: a host that has none left cannot go on.
    u8* const bytes = storage.value().data();
    overlay_storage_.push_back(std::move(storage).value());
    overlays_.push_back({.name = std::move(name), .storage = bytes, .access = access});
    return OverlayId{static_cast<u32>(overlays_.size() - 1)};
}

bool GuestMemory::place_overlay(OverlayId id, Gpa where) {
    remove_overlay(id);
    if (!is_aligned(where.value, page_size) || where.frame() >= FrameTable::frame_limit) {
        return false;
    }
    const u64 frame = where.frame();
    if (!topmost_overlay(frame)) hidden_.push_back({frame, page(frame)});
    Overlay& placed = overlay(id);
    placed.placed = true;
    placed.frame = frame;
    placed.placement = ++placements_;
    show(frame);
    return true;
}

void GuestMemory::remove_overlay(OverlayId id) {
    Overlay& removed = overlay(id);
    if (!removed.placed) return;
    removed.placed = false;
    show(removed.frame);
    if (!topmost_overlay(removed.frame)) {
        std::erase_if(hidden_, [&](const HiddenPage& h) { return h.frame == removed.frame; });
    }
}

/// Puts into the frame table what a frame now shows: an overlay, or what lies beneath all of them.
void GuestMemory::show(u64 frame) {
    PhysicalPage shown = beneath_overlays(frame);
    if (const Overlay* top = topmost_overlay(frame)) {
        shown = {top->storage, top->access == GuestAccess::ReadWrite ? page_flag::Writable : u8{0}};
    } else {
        // Whoever derived something from the page was told when it vanished, or is told now.
        shown.flags = static_cast<u8>(shown.flags & ~page_flag::Code);
    }
    frames_.put(frame, shown);
    tell_mapping_changed(Gpa{frame * page_size}, page_size);
}

std::span<u8> GuestMemory::overlay_bytes(OverlayId id) { return {overlay(id).storage, page_size}; }

const std::string& GuestMemory::overlay_name(OverlayId id) const {
    VERIFY(static_cast<u32>(id) < overlays_.size());
    return overlays_[static_cast<u32>(id)].name;
}

GuestMemory::Overlay& GuestMemory::overlay(OverlayId id) {
    VERIFY(static_cast<u32>(id) < overlays_.size());
    return overlays_[static_cast<u32>(id)];
}

const GuestMemory::Overlay* GuestMemory::topmost_overlay(u64 frame) const {
    const Overlay* top = nullptr;
    for (const Overlay& candidate : overlays_) {
        if (!candidate.placed || candidate.frame != frame) continue;
        if (!top || candidate.placement > top->placement) top = &candidate;
    }
    return top;
}

PhysicalPage GuestMemory::beneath_overlays(u64 frame) const {
    for (const HiddenPage& candidate : hidden_) {
        if (candidate.frame == frame) return candidate.page;
    }
    return {};
}

}  // namespace fabric
