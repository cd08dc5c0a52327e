// SPDX-License-Identifier: BSD-2-Clause
//
// What a disk in good health says to SMART (ATA/ATAPI-6, 8.55).
#pragma once

#include <array>
#include <optional>

#include "fabric/support/int_types.hpp"

namespace devices::ata::smart {

/// By the Features register.
enum class Subcommand : u8 {
    ReadData = 0xd0,
    ReadThresholds = 0xd1,
    SwitchAutosave = 0xd2,
    SaveAttributes = 0xd3,
    ExecuteOffline = 0xd4,
    ReadLog = 0xd5,
    EnableOperations = 0xd8,
    DisableOperations = 0xd9,
    ReturnStatus = 0xda,
};

// The key, in LbaMid and LbaHigh; RETURN STATUS answers with it if no threshold is exceeded.
constexpr u8 key_mid = 0x4f;
constexpr u8 key_high = 0xc2;

std::array<u8, 512> data();
std::array<u8, 512> thresholds();
/// The directory, the error log or the self-test log: all empty.
std::optional<std::array<u8, 512>> log(u8 address);

}  // namespace devices::ata::smart
