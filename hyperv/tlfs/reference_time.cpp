// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/reference_time.hpp"

#include <limits>

namespace hyperv {

namespace {

u64 scale_of(u64 tsc_hz) {
    VERIFY(tsc_hz > ReferenceTime::ticks_per_second);
    return static_cast<u64>(((u128{ReferenceTime::ticks_per_second} << 64) + tsc_hz - 1) / tsc_hz);
}

}  // namespace

ReferenceTime::ReferenceTime(const fabric::EventQueue& events, u64 tsc_hz)
    : events_(events), tsc_(tsc_hz), scale_(scale_of(tsc_hz)) {}

std::optional<fabric::VmTime> ReferenceTime::time_of(u64 count) const {
    // The least TSC with (tsc * scale) >> 64 >= count.
    const u128 tsc = ((u128{count} << 64) + scale_ - 1) / scale_;
    const u128 tick = tsc + start_tick_;
    if (tick > std::numeric_limits<u64>::max()) return std::nullopt;
    const fabric::VmTime time = tsc_.time_of_tick(static_cast<u64>(tick));
    if (time.ns == std::numeric_limits<u64>::max()) return std::nullopt;
    return time;
}

}  // namespace hyperv
