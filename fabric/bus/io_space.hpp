// SPDX-License-Identifier: BSD-2-Clause
//
// An address space of registers: the I/O ports, or the memory-mapped part of physical memory.
// Policy lives here and not in devices: nobody home reads as ones, an access wider than the
// device's registers becomes several.
#pragma once

#include <string>
#include <vector>

#include "fabric/bus/device.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

struct IoRegion {
    std::string name;  // "com1", "hpet": for traces, the monitor and error messages.
    u64 first = 0;
    u64 length = 0;
    u32 widest_access = 1;  // In bytes. Wider ones are split, lowest address first.
    IoHandler* handler = nullptr;
};

class IoSpace {
public:
    explicit IoSpace(std::string name) : name_(std::move(name)) {}

    /// Fails if the region overlaps another: two devices were configured onto one address.
    Result<> map(IoRegion region);
    void unmap(std::string_view region_name);

    u64 read(u64 address, u32 size) const;
    void write(u64 address, u32 size, u64 value) const;

private:
    const IoRegion* find(u64 address) const;

    std::string name_;
    std::vector<IoRegion> regions_;  // Sorted by first address; they do not overlap.
};

}  // namespace fabric
