// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/rtc_calendar.hpp"

#include <algorithm>

#include "devices/chipset/rtc_registers.hpp"

namespace devices::rtc {

namespace {

struct Date {
    i64 year;
    u32 month;  // 1 to 12.
    u32 day;    // 1 to 31.
};

// The Gregorian calendar, in cycles of 400 years that begin on the 1st of March.
constexpr i64 days_per_era = 146'097;
constexpr i64 days_before_1970 = 719'468;  // Since the 1st of March of the year 0.

constexpr i64 days_since_1970(Date date) {
    const i64 year = date.month <= 2 ? date.year - 1 : date.year;
    const i64 era = (year >= 0 ? year : year - 399) / 400;
    const i64 year_of_era = year - era * 400;
    const i64 month_from_march = (date.month + 9) % 12;
    const i64 day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
    const i64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * days_per_era + day_of_era - days_before_1970;
}

constexpr Date date_of(i64 days) {
    const i64 shifted = days + days_before_1970;
    const i64 era = (shifted >= 0 ? shifted : shifted - (days_per_era - 1)) / days_per_era;
    const i64 day_of_era = shifted - era * days_per_era;
    const i64 year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36'524 - day_of_era / 146'096) / 365;
    const i64 day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    const i64 month_from_march = (5 * day_of_year + 2) / 153;
    const u32 day = static_cast<u32>(day_of_year - (153 * month_from_march + 2) / 5 + 1);
    const u32 month =
        static_cast<u32>(month_from_march < 10 ? month_from_march + 3 : month_from_march - 9);
    return {year_of_era + era * 400 + (month <= 2 ? 1 : 0), month, day};
}

static_assert(days_since_1970({2000, 2, 29}) == 11'016);
static_assert(date_of(11'016).month == 2 && date_of(11'016).day == 29);

bool matches(u8 alarm, u8 value) {
    return (alarm & AlarmDoNotCare) == AlarmDoNotCare || alarm == value;
}

}  // namespace

u8 Calendar::encoded(u32 value) const {
    if (ram_[B] & b::Binary) return static_cast<u8>(value);
    return static_cast<u8>(value / 10 << 4 | value % 10);
}

u32 Calendar::decoded(u8 value) const {
    if (ram_[B] & b::Binary) return value;
    return (value >> 4) * 10u + (value & 0x0f);
}

u8 Calendar::encoded_hour(u32 hour) const {
    if (ram_[B] & b::Hours24) return encoded(hour);
    const u8 twelfth = encoded(hour % 12 == 0 ? 12 : hour % 12);
    return hour < 12 ? twelfth : twelfth | HourIsPm;
}

u32 Calendar::decoded_hour(u8 value) const {
    if (ram_[B] & b::Hours24) return std::min(decoded(value), 23u);
    const u32 twelfth = decoded(value & 0x7f) % 12;
    return (value & HourIsPm) ? twelfth + 12 : twelfth;
}

i64 Calendar::unix_seconds() const {
    const Date date{.year = static_cast<i64>(std::min(decoded(ram_[Century]), 99u)) * 100 +
                            std::min(decoded(ram_[Year]), 99u),
                    .month = std::clamp(decoded(ram_[Month]), 1u, 12u),
                    .day = std::clamp(decoded(ram_[DayOfMonth]), 1u, 31u)};
    return days_since_1970(date) * seconds_per_day + i64{decoded_hour(ram_[Hours])} * 3600 +
           i64{std::min(decoded(ram_[Minutes]), 59u)} * 60 + std::min(decoded(ram_[Seconds]), 59u);
}

void Calendar::store(i64 seconds) {
    i64 days = seconds / seconds_per_day;
    if (seconds % seconds_per_day < 0) --days;
    const u32 time = static_cast<u32>(seconds - days * seconds_per_day);
    const Date date = date_of(days);
    ram_[Seconds] = encoded(time % 60);
    ram_[Minutes] = encoded(time / 60 % 60);
    ram_[Hours] = encoded_hour(time / 3600);
    ram_[DayOfMonth] = encoded(date.day);
    ram_[Month] = encoded(date.month);
    ram_[Year] = encoded(static_cast<u32>((date.year % 100 + 100) % 100));
    ram_[Century] = encoded(static_cast<u32>((date.year / 100 % 100 + 100) % 100));
}

void Calendar::advance(u64 seconds) {
    const i64 before = unix_seconds();
    const i64 after = before + static_cast<i64>(seconds);
    const i64 midnights = after / seconds_per_day - before / seconds_per_day;
    const u32 weekday = std::clamp(decoded(ram_[DayOfWeek]), 1u, 7u) - 1;
    store(after);
    ram_[DayOfWeek] = encoded(static_cast<u32>((weekday + midnights % 7 + 7) % 7) + 1);
}

void Calendar::set(i64 seconds) {
    store(seconds);
    i64 days = seconds / seconds_per_day;
    if (seconds % seconds_per_day < 0) --days;
    ram_[DayOfWeek] = encoded(static_cast<u32>(((days + 4) % 7 + 7) % 7) + 1);
}

std::optional<u64> Calendar::seconds_until_alarm() const {
    const i64 now = unix_seconds();
    const i64 today = (now % seconds_per_day + seconds_per_day) % seconds_per_day;
    for (i64 wait = 1; wait <= seconds_per_day;) {
        const u32 time = static_cast<u32>((today + wait) % seconds_per_day);
        if (!matches(ram_[HoursAlarm], encoded_hour(time / 3600))) {
            wait += 3600 - time % 3600;
        } else if (!matches(ram_[MinutesAlarm], encoded(time / 60 % 60))) {
            wait += 60 - time % 60;
        } else if (!matches(ram_[SecondsAlarm], encoded(time % 60))) {
            ++wait;
        } else {
            return static_cast<u64>(wait);
        }
    }
    return std::nullopt;
}

}  // namespace devices::rtc
