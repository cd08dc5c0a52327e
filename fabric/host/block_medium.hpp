// SPDX-License-Identifier: BSD-2-Clause
//
// What holds the bytes of a disk: a raw image file, an overlay that is thrown away, memory. Called
// by a BlockStore's worker thread, one call at a time; may block.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "fabric/support/int_types.hpp"

namespace fabric {

/// Why the host could not do what was asked. Nothing that the guest did.
struct BlockTrouble {
    enum class Kind : u8 {
        HostFull,  // Goes away when somebody makes room: worth another try.
        HostFailed
    };

    Kind kind = Kind::HostFailed;
    std::string message;

    bool operator==(const BlockTrouble&) const = default;
};

class BlockMedium {
public:
    virtual ~BlockMedium() = default;

    virtual u64 size() const = 0;
    virtual bool read_only() const = 0;
    /// For messages: the path of the file.
    virtual const std::string& name() const = 0;

    // Offsets and lengths have been checked against size(). A write that failed may have been done
    // in part; doing it again is right.

    virtual std::optional<BlockTrouble> read(u64 offset, std::span<u8> into) = 0;
    virtual std::optional<BlockTrouble> write(u64 offset, std::span<const u8> from) = 0;
    /// What has been written survives the host's power loss from here on.
    virtual std::optional<BlockTrouble> flush() = 0;
    /// Reads as zeroes from here on, and gives the host its space back where it can.
    virtual std::optional<BlockTrouble> discard(u64 offset, u64 length) = 0;
};

}  // namespace fabric
