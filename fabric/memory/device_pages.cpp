// SPDX-License-Identifier: BSD-2-Clause
#include <algorithm>

#include "fabric/memory/guest_memory.hpp"
#include "fabric/support/bit_range.hpp"

namespace fabric {

bool GuestMemory::place_device_pages(std::span<u8> storage, Gpa where) {
    VERIFY(is_aligned(storage.size(), page_size));
    remove_device_pages(storage);
    if (!is_aligned(where.value, page_size) || where.value > device_pages_end ||
        storage.size() > device_pages_end - where.value) {
        return false;
    }
    for (u64 done = 0; done < storage.size(); done += page_size) {
        const u64 frame = (where + done).frame();
        if (shadows_.contains(frame) || beneath(frame).host) continue;  // RAM and ROM are in front.
        beneath(frame) = {storage.data() + done, page_flag::Writable};
    }
    device_pages_.push_back({storage.data(), where, storage.size()});
    tell_mapping_changed(where, storage.size());
    return true;
}

void GuestMemory::remove_device_pages(std::span<u8> storage) {
    const auto of_storage = [&](const DevicePages& placed) {
        return placed.host == storage.data();
    };
    const auto found = std::find_if(device_pages_.begin(), device_pages_.end(), of_storage);
    if (found == device_pages_.end()) return;
    for (u64 done = 0; done < found->length; done += page_size) {
        PhysicalPage& shown = beneath((found->where + done).frame());
        if (shown.host == found->host + done) shown = {};
    }
    const DevicePages gone = *found;
    device_pages_.erase(found);
    tell_mapping_changed(gone.where, gone.length);
}

void GuestMemory::watch(Gpa first, u64 length) {
    if (length == 0) return;
    const u64 last = (first + (length - 1)).frame();
    bool newly = false;
    for (u64 frame = first.frame(); frame <= last; ++frame) {
        PhysicalPage* const found = frames_.find(frame);
        if (!found || !found->host || (found->flags & page_flag::Watched) != 0) continue;
        found->flags = static_cast<u8>(found->flags | page_flag::Watched);
        newly = true;
    }
    if (!newly) return;
    for (MemoryObserver* observer : observers_) observer->writes_restricted();
}

}  // namespace fabric
