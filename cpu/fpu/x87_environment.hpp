// SPDX-License-Identifier: BSD-2-Clause
//
// The x87 environment in guest memory: four layouts, by operand size and mode (SDM 1 8.1.10).
#pragma once

#include <array>
#include <span>

#include "cpu/arch/cpu_state.hpp"

namespace cpu {

struct EnvironmentLayout {
    bool wide;            // 32-bit operand size.
    bool protected_mode;  // Not real or virtual-8086 mode: selectors instead of linear addresses.

    usize size() const { return wide ? 28 : 14; }
};

struct X87Environment {
    u16 control = 0;
    u16 status = 0;
    u16 tags = 0;  // Two bits each.
    u16 opcode = 0;
    u32 instruction_offset = 0;  // Linear in the layouts of real mode.
    u32 data_offset = 0;
    u16 instruction_selector = 0;
    u16 data_selector = 0;
};

/// `bytes` has the layout's size.
void store_environment(const X87Environment& environment, EnvironmentLayout layout,
                       std::span<u8> bytes);
X87Environment load_environment(std::span<const u8> bytes, EnvironmentLayout layout);

}  // namespace cpu
