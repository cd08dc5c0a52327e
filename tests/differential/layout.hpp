// SPDX-License-Identifier: BSD-2-Clause
//
// Where things lie in the linear address space that host and guest share during a test. All of it
// is below 2 GiB so that 32-bit code and absolute addresses reach it; the 64 KiB from `data_base`
// and from `code_base` are what 16-bit segments show.
#pragma once

#include "fabric/support/int_types.hpp"

namespace test::differential {

constexpr u64 page = 4096;

/// Data: a page that is not there, two to write, one to read, and again one that is not there.
constexpr u64 data_base = 0x2000'0000;
constexpr u64 arena = data_base + 0x7000;
constexpr u64 arena_read_only = arena + 2 * page;
constexpr u64 arena_end = arena + 3 * page;
constexpr usize arena_size = 3 * page;
constexpr usize arena_writable_size = 2 * page;

/// The frame of the IRET that enters a test. IRET to a 16-bit stack segment leaves ESP[31:16] as it
/// was, so these bits must be those of the addresses that tests use; the bits above keep it out of
/// their reach.
constexpr u64 entry_frame = 0x3a5e'0000'0000 + data_base + 0xcf00;

/// Code: two pages in a row, and one whose successor is not there.
constexpr u64 code_base = 0x2001'0000;
constexpr u64 code_pair = code_base;
constexpr u64 code_last = code_base + 4 * page;

/// What only the harness uses; no address a test computes comes near.
constexpr u64 control_page = 0x6fff'0000;
constexpr u64 return_page = 0x6ffe'0000;  // 64-bit code that 32- and 16-bit tests jump to.

}  // namespace test::differential
