// SPDX-License-Identifier: BSD-2-Clause
//
// The host's own decoder. The bytes are put at the end of a page that nothing follows, one more of
// them each time: as long as fetching faults at the next page, the instruction wants more.
#pragma once

#include <span>

#include "cpu/arch/registers.hpp"
#include "tests/cpu/decode/oracle/verdict.hpp"

namespace test::decode {

/// Runs in a child process: an instruction may do whatever user mode may, with registers that point
/// nowhere. Verdict::Unknown if the child did not live to tell, or the mode cannot be had.
Verdict host_verdict(std::span<const u8> bytes, cpu::CodeMode mode);

}  // namespace test::decode
