// SPDX-License-Identifier: BSD-2-Clause
//
// Guest-physical memory: RAM, ROM and overlay pages, by frame.
//
// RAM is one shared mapping (memfd), placed in the physical address space in stretches by the
// board. ROM pages are read-only copies. Overlay pages (TLFS 5.2.1) have storage of their own: put
// over a frame they hide what lies beneath, taken away they give it back untouched.
//
// A processor may keep the host pointer of a page until an observer hears mapping_changed().
// Devices keep none: they have read() and write(), which check every byte. A frame with no memory
// here is MMIO or nobody's: that is IoSpace's business.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/memory/frame_table.hpp"
#include "fabric/memory/guest_address.hpp"
#include "fabric/memory/host_mapping.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

/// Somebody who has derived something from guest memory: a TLB, decoded blocks, a display.
class MemoryObserver {
public:
    virtual ~MemoryObserver() = default;

    /// Bytes were changed by somebody else than the observer's own processor, or a page with Code
    /// or Watched is being written.
    virtual void memory_changed(Gpa first, u64 length) = 0;
    /// What frames of this range are has changed, or all that they hold: every pointer into them
    /// must go.
    virtual void mapping_changed(Gpa first, u64 length) = 0;
    /// A page must be told of that need not be before: cached rights to write must go. Not called
    /// for Code, which a processor sets for itself and knows how far it reaches.
    virtual void writes_restricted() = 0;
};

enum class OverlayId : u32 {};
enum class GuestAccess : u8 { ReadOnly, ReadWrite };
/// Where a chipset sends accesses to a frame that has RAM and something else besides.
enum class Route : u8 { Bus, Ram };

class GuestMemory {
public:
    static constexpr u64 smallest_ram = u64{1} << 20;
    static constexpr u64 largest_ram = u64{1} << 40;

    static Result<std::unique_ptr<GuestMemory>> create(u64 ram_bytes);

    GuestMemory(const GuestMemory&) = delete;
    GuestMemory& operator=(const GuestMemory&) = delete;

    /// Places a stretch of RAM. Each page of RAM has at most one place.
    Result<> map_ram(Gpa first, u64 length, u64 offset_in_ram);
    /// Copies `bytes`, whole pages, into read-only memory at `first`.
    Result<> map_rom(Gpa first, std::span<const u8> bytes, std::string_view name);

    // RAM that shares its addresses with the bus (shadow_pages.cpp): what a chipset has under its
    // ROMs and under the display. What is mapped there besides, before or after, is the bus's.

    /// Places a stretch of RAM behind the bus: until route() says so, nothing shows.
    Result<> map_shadow_ram(Gpa first, u64 length, u64 offset_in_ram);
    /// Whole pages; frames without shadow RAM stay as they are. Not saved: the chipset says it
    /// anew.
    void route(Gpa first, u64 length, Route reads, Route writes);
    /// A processor writes to a page that is not writable: what is routed to RAM reaches it. All of
    /// it lies in one page.
    void write_behind(Gpa first, std::span<const u8> from);

    // Memory of a device's own that a processor reads and writes as it does RAM, such as a
    // display's (device_pages.cpp). Saved by the device, not with RAM.

    static constexpr u64 device_pages_end = u64{1} << 32;
    /// Shows the pages at `where`, and nowhere else; frames with RAM or ROM keep it. False if that
    /// is no place for them: then they are nowhere. `storage` is named by its first byte.
    [[nodiscard]] bool place_device_pages(std::span<u8> storage, Gpa where);
    void remove_device_pages(std::span<u8> storage);

    PhysicalPage page(u64 frame) const { return frames_.at(frame); }
    void set_flag(u64 frame, u8 flag, bool on);
    /// set_flag(…, Watched, true) for a range: processors forget their rights to write once.
    void watch(Gpa first, u64 length);

    /// A processor is about to write, or has just written, these bytes, at least one of them in a
    /// page with a flag of page_flag::TellWrites.
    void note_write(Gpa first, u64 length);

    /// Access by devices. All or nothing: false if a byte is not memory, or not writable.
    [[nodiscard]] bool read(Gpa first, std::span<u8> into) const;
    [[nodiscard]] bool write(Gpa first, std::span<const u8> from);

    void add_observer(MemoryObserver& observer);
    void remove_observer(MemoryObserver& observer);

    // Overlay pages (overlay_pages.cpp). Of several on one frame the last placed is seen.

    OverlayId add_overlay(std::string name, GuestAccess access);
    OverlayId add_overlay(std::string name, bool guest_writable) {
        return add_overlay(std::move(name),
                           guest_writable ? GuestAccess::ReadWrite : GuestAccess::ReadOnly);
    }
    /// False if `where` is no page of the address space: then the overlay is nowhere.
    [[nodiscard]] bool place_overlay(OverlayId id, Gpa where);
    void remove_overlay(OverlayId id);
    /// Its 4096 bytes, placed or not. For the owner of the overlay; the guest may see them.
    std::span<u8> overlay_bytes(OverlayId id);
    const std::string& overlay_name(OverlayId id) const;
    usize overlay_count() const { return overlays_.size(); }

    // Contents and what changed since the last checkpoint (dirty_pages.cpp). Pages of RAM are
    // numbered from the start of RAM, wherever they are placed.

    std::span<u8> ram() const { return ram_.bytes(); }
    const HostMapping& ram_mapping() const { return ram_; }

    /// From now on, written pages are noted.
    void start_tracking();
    /// Pages written since start_tracking(), lowest first; without it, all that are not zero.
    std::vector<u64> written_ram_pages() const;
    /// Pages that hold something else than zeroes, lowest first.
    std::vector<u64> nonzero_ram_pages() const;
    /// A function of the bytes of RAM and of placed overlays and nothing else.
    u64 contents_hash() const;
    /// Before a restore: all of RAM is zero.
    void clear_ram();
    /// After bytes were put into ram() or overlay_bytes() behind everybody's back.
    void contents_replaced();

private:
    struct Overlay {
        std::string name;
        u8* storage = nullptr;
        GuestAccess access = GuestAccess::ReadOnly;
        bool placed = false;
        u64 frame = 0;
        u64 placement = 0;  // Rises with each placing: the highest on a frame is seen.
    };
    /// What a frame with overlays on it has beneath them.
    struct HiddenPage {
        u64 frame = 0;
        PhysicalPage page;
    };

    /// A frame of shadow RAM. Of the page that shows, the flags here are not the current ones.
    struct ShadowedFrame {
        PhysicalPage ram;
        PhysicalPage bus;
        Route reads = Route::Bus;
        Route writes = Route::Bus;
    };

    struct DevicePages {
        u8* host = nullptr;
        Gpa where;
        u64 length = 0;
    };

    explicit GuestMemory(HostMapping ram);

    Result<> check_vacant(Gpa first, u64 length, std::string_view what) const;
    Result<> take_ram(Gpa first, u64 length, u64 offset_in_ram);
    bool all_memory(Gpa first, u64 length, u8 flags_needed) const;
    u64 ram_page_of(const u8* host) const;
    bool in_ram(const u8* host) const;
    void tell_changed(Gpa first, u64 length);
    void tell_mapping_changed(Gpa first, u64 length);

    void put_bus_page(u64 frame, PhysicalPage page);
    PhysicalPage& beneath(u64 frame);
    void note_flags(u64 frame, ShadowedFrame& shadow);
    PhysicalPage shown(const ShadowedFrame& shadow);

    Overlay& overlay(OverlayId id);
    const Overlay* topmost_overlay(u64 frame) const;
    PhysicalPage beneath_overlays(u64 frame) const;
    void show(u64 frame);

    HostMapping ram_;
    std::vector<HostMapping> rom_;
    std::vector<DevicePages> device_pages_;
    std::vector<HostMapping> overlay_storage_;
    std::vector<bool> ram_placed_;
    FrameTable frames_;
    bool tracking_ = false;

    std::vector<Overlay> overlays_;
    std::vector<HiddenPage> hidden_;
    u64 placements_ = 0;

    std::map<u64, ShadowedFrame> shadows_;  // By frame.
    std::optional<HostMapping> page_of_ones_;

    std::vector<MemoryObserver*> observers_;
};

}  // namespace fabric
