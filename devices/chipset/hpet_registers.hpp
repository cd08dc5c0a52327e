// SPDX-License-Identifier: BSD-2-Clause
//
// Register map of the IA-PC HPET (specification 1.0a, section 2.3), in its names.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::hpet {

constexpr u64 register_block = 0x400;

constexpr u64 general_capabilities = 0x000;
constexpr u64 general_configuration = 0x010;
constexpr u64 general_interrupt_status = 0x020;
constexpr u64 main_counter = 0x0f0;
constexpr u64 first_timer = 0x100;
constexpr u64 timer_stride = 0x020;
// Within a timer.
constexpr u64 timer_configuration = 0x00;
constexpr u64 timer_comparator = 0x08;
constexpr u64 timer_fsb_route = 0x10;

namespace capabilities {
constexpr u64 Revision = 0x01;
constexpr u32 TimerCountShift = 8;  // The number of the last timer.
constexpr u64 Counter64 = 1 << 13;
constexpr u64 LegacyRoute = 1 << 15;
constexpr u32 VendorShift = 16;
constexpr u32 PeriodShift = 32;  // In femtoseconds.
}  // namespace capabilities

namespace configuration {
constexpr u64 Enable = 1 << 0;
constexpr u64 LegacyRoute = 1 << 1;
}  // namespace configuration

namespace timer {
constexpr u64 Level = 1 << 1;             // Tn_INT_TYPE_CNF
constexpr u64 InterruptEnable = 1 << 2;   // Tn_INT_ENB_CNF
constexpr u64 Periodic = 1 << 3;          // Tn_TYPE_CNF
constexpr u64 PeriodicCapable = 1 << 4;   // Tn_PER_INT_CAP
constexpr u64 SizeCapable64 = 1 << 5;     // Tn_SIZE_CAP
constexpr u64 SetAccumulator = 1 << 6;    // Tn_VAL_SET_CNF
constexpr u64 Mode32 = 1 << 8;            // Tn_32MODE_CNF
constexpr u32 RouteShift = 9;             // Tn_INT_ROUTE_CNF, five bits.
constexpr u64 FsbEnable = 1 << 14;        // Tn_FSB_EN_CNF
constexpr u64 FsbCapable = 1 << 15;       // Tn_FSB_INT_DEL_CAP
constexpr u32 RouteCapabilityShift = 32;  // Tn_INT_ROUTE_CAP
constexpr u64 Writable = Level | InterruptEnable | Periodic | SetAccumulator | Mode32 |
                         u64{0x1f} << RouteShift | FsbEnable;
}  // namespace timer

}  // namespace devices::hpet
