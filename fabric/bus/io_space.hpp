// SPDX-License-Identifier: BSD-2-Clause
//
// An address space of registers: the I/O ports, or the memory-mapped part of physical memory.
// Policy lives here and not in devices: nobody home reads as ones, an access wider than the
// device's registers becomes several.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "fabric/bus/device.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

class Trace;

struct IoRegion {
    std::string name;  // "com1", "hpet": for traces, the monitor and error messages.
    u64 first = 0;
    u64 length = 0;
    u32 widest_access = 1;  // In bytes: 1, 2, 4 or 8. Wider ones are split, lowest address first.
    IoHandler* handler = nullptr;
};

class IoSpace {
public:
    explicit IoSpace(std::string name) : name_(std::move(name)) {}
    IoSpace(const IoSpace&) = delete;
    IoSpace& operator=(const IoSpace&) = delete;

    /// Fails if the region overlaps another: two devices were configured onto one address.
    Result<> map(IoRegion region);
    /// All regions of that name.
    void unmap(std::string_view region_name);

    /// `size` is 1 to 8 bytes, at any alignment.
    u64 read(u64 address, u32 size) const;
    void write(u64 address, u32 size, u64 value) const;

    /// By the regions' names; as port I/O, or as memory-mapped I/O if the space is called "mmio".
    void set_trace(Trace* trace) { trace_ = trace; }
    const std::string& name() const { return name_; }
    const std::vector<IoRegion>& regions() const { return regions_; }

private:
    struct Piece {
        const IoRegion* region;
        u32 size;
    };

    const IoRegion* find(u64 address) const;
    Piece piece_at(u64 address, u32 wanted) const;

    std::string name_;
    std::vector<IoRegion> regions_;  // Sorted by first address; they do not overlap.
    Trace* trace_ = nullptr;
};

}  // namespace fabric
