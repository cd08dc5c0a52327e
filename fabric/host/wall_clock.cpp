// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/wall_clock.hpp"

#include <chrono>
#include <thread>

namespace fabric {

i64 host_wall_clock_ns() {
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

u64 host_steady_clock_ns() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    return static_cast<u64>(std::chrono::duration_cast<std::chrono::nanoseconds>(now).count());
}

void host_sleep_ns(u64 ns) { std::this_thread::sleep_for(std::chrono::nanoseconds(ns)); }

}  // namespace fabric
