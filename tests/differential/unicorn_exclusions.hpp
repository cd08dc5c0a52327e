// SPDX-License-Identifier: BSD-2-Clause
//
// Where Unicorn 2.0.1 is no judge: the forms it cannot run, and the results it is known to get
// wrong or not to keep. Each with its reason.
#pragma once

#include <span>
#include <string_view>

#include "cpu/decode/form.hpp"
#include "tests/differential/unicorn_system.hpp"

namespace test::differential {

/// Why no case is made from this row in this machine; empty: it is tested.
std::string_view exclusion_reason(FlatMode mode, const cpu::Form& form);

/// Whether this case is not handed over: 66 makes near branches of 64-bit code 16 bits wide, as
/// AMD's are (SDM 2A JMP: 64 whatever the prefixes say). What Unicorn finds there it translates.
bool is_left_out(FlatMode mode, const Case& test);

/// What is not compared.
struct Leniency {
    bool all = false;     // Nothing is.
    bool faults = false;  // Nothing is, if either side faulted and not both with the same vector.
    u64 flags = 0;        // Of RFLAGS.
    u16 fsw = 0;
    u16 fcw = 0;
    u32 mxcsr = 0;
    u64 cr0 = 0;
    bool x87 = false;        // Registers and tags.
    bool top = false;        // TOP and the tags; the registers then by their physical numbers.
    bool mmx_upper = false;  // Bits 79:64 of the x87 registers.
    bool vectors = false;
    bool nans = false;  // Which NaN, in vector registers.
    u64 gprs = 0;       // Of each.
    bool memory = false;
    bool system = false;

    void add(const Leniency& other);
};

/// A case with what came of it on both sides.
struct Judged {
    FlatMode mode;
    const Case& test;
    const cpu::Form& form;
    const FlatOutcome& ours;
    const FlatOutcome& unicorn;
};

struct MaskRow {
    std::string_view reason;
    bool (*applies)(const Judged& judged);
    Leniency leniency;
};

constexpr usize most_mask_rows = 80;

/// Looked at only where the sides differ.
std::span<const MaskRow> mask_rows();

}  // namespace test::differential
