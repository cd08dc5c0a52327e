// SPDX-License-Identifier: BSD-2-Clause
//
// Page-aligned memory of the host, owned: shared through a memfd (guest RAM), or private.
#pragma once

#include <span>
#include <string>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

class HostMapping {
public:
    /// Zeroed; takes host memory only where touched. Other processes and KVM can share it by `fd`.
    static Result<HostMapping> create_shared(const std::string& name, u64 bytes);
    static Result<HostMapping> create_private(u64 bytes);

    HostMapping(HostMapping&& other) noexcept;
    HostMapping& operator=(HostMapping&& other) noexcept;
    ~HostMapping();

    u8* data() const { return data_; }
    u64 size() const { return size_; }
    int fd() const { return fd_; }
    std::span<u8> bytes() const { return {data_, size_}; }

    /// The next offset at or after `offset` that has host memory behind it; size() if there is
    /// none. Reading what has none would cost the host a page to say "zero".
    u64 next_populated(u64 offset) const;
    /// The end of the populated stretch that `offset` lies in.
    u64 end_of_populated(u64 offset) const;

    /// Back to zeroes, and the host's memory back to the host.
    void discard();

private:
    HostMapping(u8* data, u64 size, int fd) : data_(data), size_(size), fd_(fd) {}

    u8* data_ = nullptr;
    u64 size_ = 0;
    int fd_ = -1;
};

}  // namespace fabric
