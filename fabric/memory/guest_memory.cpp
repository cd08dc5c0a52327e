// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/memory/guest_memory.hpp"

#include <algorithm>
#include <cstring>

#include "fabric/support/bit_range.hpp"

namespace fabric {

namespace {

/// Does [first, first + length) lie in the 52-bit physical address space?
bool in_address_space(Gpa first, u64 length) {
    constexpr u64 limit = FrameTable::frame_limit << page_shift;
    return first.value < limit && length <= limit - first.value;
}

bool whole_pages(Gpa first, u64 length) {
    return is_aligned(first.value, page_size) && is_aligned(length, page_size) && length != 0;
}

std::string hexadecimal(u64 value) {
    char text[20];
    std::snprintf(text, sizeof text, "%#llx", static_cast<unsigned long long>(value));
    return text;
}

/// Calls visit(frame, offset in page, bytes) for each piece of a range that lies in one page; stops
/// and returns false where visit does. The range may not wrap.
template <class Visit>
bool for_each_piece(Gpa first, u64 length, Visit visit) {
    while (length != 0) {
        const u64 offset = first.offset_in_page();
        const u64 piece = std::min(length, page_size - offset);
        if (!visit(first.frame(), offset, piece)) return false;
        first = first + piece;
        length -= piece;
    }
    return true;
}

}  // namespace

GuestMemory::GuestMemory(HostMapping ram)
    : ram_(std::move(ram)), ram_placed_(ram_.size() / page_size, false) {}

Result<std::unique_ptr<GuestMemory>> GuestMemory::create(u64 ram_bytes) {
    if (ram_bytes < smallest_ram || ram_bytes > largest_ram) {
        return Error{"a machine has from 1 MiB to 1 TiB of memory, not " +
                     std::to_string(ram_bytes) + " bytes"};
    }
    if (!is_aligned(ram_bytes, page_size)) {
        return Error{"memory comes in pages of 4096 bytes; " + std::to_string(ram_bytes) +
                     " is not a multiple"};
    }
    HostMapping ram = TRY(HostMapping::create_shared("guest RAM", ram_bytes));
    return std::unique_ptr<GuestMemory>(new GuestMemory(std::move(ram)));
}

Result<> GuestMemory::check_vacant(Gpa first, u64 length, std::string_view what) const {
    const std::string where = std::string(what) + " at " + hexadecimal(first.value);
    if (!whole_pages(first, length)) return Error{where + ": not whole pages"};
    if (!in_address_space(first, length)) {
        return Error{where + ": beyond the 52-bit physical address space"};
    }
    for (u64 frame = first.frame(); frame < first.frame() + length / page_size; ++frame) {
        if (page(frame).host) {
            return Error{where + ": overlaps memory at " + hexadecimal(frame << page_shift)};
        }
    }
    return {};
}

/// From here on this stretch of RAM has a place.
Result<> GuestMemory::take_ram(Gpa first, u64 length, u64 offset_in_ram) {
    if (!is_aligned(offset_in_ram, page_size) || offset_in_ram > ram_.size() ||
        length > ram_.size() - offset_in_ram) {
        return Error{"RAM at " + hexadecimal(first.value) + ": offset " +
                     hexadecimal(offset_in_ram) + " and length " + hexadecimal(length) +
                     " are not within the RAM there is"};
    }
    const auto begin = ram_placed_.begin() + static_cast<i64>(offset_in_ram / page_size);
    const auto end = begin + static_cast<i64>(length / page_size);
    if (std::find(begin, end, true) != end) {
        return Error{"RAM at " + hexadecimal(first.value) + ": some of it has a place already"};
    }
    std::fill(begin, end, true);
    return {};
}

Result<> GuestMemory::map_ram(Gpa first, u64 length, u64 offset_in_ram) {
    TRY(check_vacant(first, length, "RAM"));
    TRY(take_ram(first, length, offset_in_ram));
    for (u64 done = 0; done < length; done += page_size) {
        frames_.put((first + done).frame(),
                    {ram_.data() + offset_in_ram + done, page_flag::Writable});
    }
    tell_mapping_changed(first, length);
    return {};
}

Result<> GuestMemory::map_rom(Gpa first, std::span<const u8> bytes, std::string_view name) {
    TRY(check_vacant(first, bytes.size(), "ROM " + std::string(name)));
    HostMapping copy = TRY(HostMapping::create_private(bytes.size()));
    std::memcpy(copy.data(), bytes.data(), bytes.size());
    for (u64 done = 0; done < bytes.size(); done += page_size) {
        put_bus_page((first + done).frame(), {copy.data() + done, 0});
    }
    rom_.push_back(std::move(copy));
    tell_mapping_changed(first, bytes.size());
    return {};
}

void GuestMemory::set_flag(u64 frame, u8 flag, bool on) {
    VERIFY(flag == page_flag::Code || flag == page_flag::Watched);
    PhysicalPage* const found = frames_.find(frame);
    if (!found || !found->host) return;
    const u8 before = found->flags;
    found->flags = static_cast<u8>(on ? before | flag : before & ~flag);
    if (flag == page_flag::Watched && on && before != found->flags) {
        for (MemoryObserver* observer : observers_) observer->writes_restricted();
    }
}

void GuestMemory::note_write(Gpa first, u64 length) {
    if (!in_address_space(first, length)) return;
    bool somebody_cares = false;
    for_each_piece(first, length, [&](u64 frame, u64, u64) {
        if (PhysicalPage* const found = frames_.find(frame)) {
            found->flags = static_cast<u8>(found->flags & ~page_flag::Clean);
            somebody_cares |= (found->flags & page_flag::TellWrites) != 0;
        }
        return true;
    });
    if (somebody_cares) tell_changed(first, length);
}

bool GuestMemory::all_memory(Gpa first, u64 length, u8 flags_needed) const {
    if (!in_address_space(first, length)) return false;
    return for_each_piece(first, length, [&](u64 frame, u64, u64) {
        const PhysicalPage found = page(frame);
        return found.host != nullptr && (found.flags & flags_needed) == flags_needed;
    });
}

bool GuestMemory::read(Gpa first, std::span<u8> into) const {
    if (!all_memory(first, into.size(), 0)) return false;
    u8* to = into.data();
    return for_each_piece(first, into.size(), [&](u64 frame, u64 offset, u64 bytes) {
        std::memcpy(to, page(frame).host + offset, bytes);
        to += bytes;
        return true;
    });
}

bool GuestMemory::write(Gpa first, std::span<const u8> from) {
    if (!all_memory(first, from.size(), page_flag::Writable)) return false;
    if (from.empty()) return true;
    const u8* next = from.data();
    for_each_piece(first, from.size(), [&](u64 frame, u64 offset, u64 bytes) {
        PhysicalPage* const found = frames_.find(frame);
        found->flags = static_cast<u8>(found->flags & ~page_flag::Clean);
        std::memcpy(found->host + offset, next, bytes);
        next += bytes;
        return true;
    });
    tell_changed(first, from.size());
    return true;
}

void GuestMemory::add_observer(MemoryObserver& observer) { observers_.push_back(&observer); }

void GuestMemory::remove_observer(MemoryObserver& observer) { std::erase(observers_, &observer); }

void GuestMemory::tell_changed(Gpa first, u64 length) {
    for (MemoryObserver* observer : observers_) observer->memory_changed(first, length);
}

void GuestMemory::tell_mapping_changed(Gpa first, u64 length) {
    for (MemoryObserver* observer : observers_) observer->mapping_changed(first, length);
}

bool GuestMemory::in_ram(const u8* host) const {
    return host >= ram_.data() && host < ram_.data() + ram_.size();
}

u64 GuestMemory::ram_page_of(const u8* host) const {
    VERIFY(in_ram(host));
    return static_cast<u64>(host - ram_.data()) / page_size;
}

}  // namespace fabric
