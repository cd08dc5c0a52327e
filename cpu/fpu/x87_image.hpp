// SPDX-License-Identifier: BSD-2-Clause
//
// The x87 environment and registers as FNSAVE stores them in 32-bit protected mode (SDM 1 8.1.10):
// the form in which they come from and go to the host.
#pragma once

#include <array>

#include "cpu/arch/cpu_state.hpp"

namespace cpu {

/// SDM 1 8.1.3.
namespace x87_status {
constexpr u16 Invalid = 1 << 0;
constexpr u16 Denormal = 1 << 1;
constexpr u16 ZeroDivide = 1 << 2;
constexpr u16 Overflow = 1 << 3;
constexpr u16 Underflow = 1 << 4;
constexpr u16 Precision = 1 << 5;
constexpr u16 Errors = 0x3f;
constexpr u16 ErrorSummary = 1 << 7;
constexpr u16 Busy = 1 << 15;  // Mirrors ErrorSummary.
}  // namespace x87_status

struct X87Image {
    u32 control = 0;
    u32 status = 0;
    u32 tags = 0;
    u32 instruction_offset = 0;
    u32 instruction_selector_opcode = 0;
    u32 data_offset = 0;
    u32 data_selector = 0;
    std::array<u8, 80> registers{};
};
static_assert(sizeof(X87Image) == 108);

/// The pointers are left out: we keep those ourselves.
void to_host_image(const X87State& x87, X87Image& image);
void from_host_image(const X87Image& image, X87State& x87);

/// Two bits for each physical register, as FNSTENV stores them, from the contents.
u16 full_tags(const X87State& x87);
u8 abridged_tags(u16 full);

/// Bits 6 and up but for precision, rounding and infinity cannot be chosen.
constexpr u16 valid_x87_control(u16 value) { return (value & 0x1f7f) | 0x0040; }

/// ES and B follow from the flags and masks whenever either is loaded.
u16 with_error_summary(u16 status, u16 control);

}  // namespace cpu
