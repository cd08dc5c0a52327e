// SPDX-License-Identifier: BSD-2-Clause
//
// The time and date registers of an MC146818, as the guest has chosen to have them encoded: BCD or
// binary, 12 or 24 hours.
#pragma once

#include <optional>
#include <span>

#include "fabric/support/int_types.hpp"

namespace devices::rtc {

constexpr i64 seconds_per_day = 86'400;

/// Registers 0 to 9, B, and the century's, in a CMOS RAM.
class Calendar {
public:
    explicit Calendar(std::span<u8> ram) : ram_(ram) {}

    /// Moves the clock on. Fields that hold no time are taken as the nearest that does; the day of
    /// the week is a counter of its own, as in the chip.
    void advance(u64 seconds);
    /// Seconds since 1970.
    void set(i64 unix_seconds);

    /// Within how many seconds, from 1 to a day, the alarm will next match; none if never.
    std::optional<u64> seconds_until_alarm() const;

private:
    u8 encoded(u32 value) const;
    u32 decoded(u8 value) const;
    u8 encoded_hour(u32 hour) const;
    u32 decoded_hour(u8 value) const;
    i64 unix_seconds() const;
    void store(i64 unix_seconds);

    std::span<u8> ram_;
};

}  // namespace devices::rtc
