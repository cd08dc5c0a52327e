// SPDX-License-Identifier: BSD-2-Clause
//
// Between the registers of a case and those of a CpuState.
#pragma once

#include "cpu/arch/cpu_state.hpp"
#include "tests/differential/case.hpp"

namespace test::differential {

/// General registers, RIP, flags, x87, SSE and AVX. Segments are the caller's business.
void put_registers(const Registers& from, cpu::CpuState& into);
/// Those, and the selectors and segment bases.
Registers take_registers(const cpu::CpuState& from);

}  // namespace test::differential
