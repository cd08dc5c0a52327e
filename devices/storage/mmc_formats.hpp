// SPDX-License-Identifier: BSD-2-Clause
//
// How MMC writes numbers and addresses down: the high byte first, and minutes, seconds and frames.
#pragma once

#include <array>
#include <span>

#include "devices/storage/mmc.hpp"

namespace devices::mmc {

inline void put_u16(std::span<u8> to, u32 value) {
    to[0] = static_cast<u8>(value >> 8);
    to[1] = static_cast<u8>(value);
}

inline void put_u32(std::span<u8> to, u32 value) {
    put_u16(to, value >> 16);
    put_u16(to.subspan(2), value);
}

/// The address of a sector in minutes, seconds and frames.
inline std::array<u8, 3> msf_of(u32 sector) {
    const u32 frames = sector + lead_in_frames;
    return {static_cast<u8>(frames / frames_per_second / 60),
            static_cast<u8>(frames / frames_per_second % 60),
            static_cast<u8>(frames % frames_per_second)};
}

}  // namespace devices::mmc
