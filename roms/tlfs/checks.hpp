// SPDX-License-Identifier: BSD-2-Clause
//
// Checks with names. Each prints a line on the debug port: `ok GROUP: NAME`, or `FAIL GROUP: NAME:
// got ... expected ... [where the specification says so]`.
#pragma once

#include <initializer_list>

#include "roms/tlfs/processor.hpp"
#include "roms/tlfs/tlfs.hpp"

namespace check {

/// A name, perhaps with a number behind it: {"SINT", 3} is "SINT 3".
struct Name {
    const char* text;
    u64 number = none;
    bool hexadecimal = false;

    static constexpr u64 none = ~u64{0};
    constexpr Name(const char* just_text) : text(just_text) {}
    constexpr Name(const char* some_text, u64 some_number, bool hex = false)
        : text(some_text), number(some_number), hexadecimal(hex) {}
};

void begin_group(const char* name);
/// What the group cannot show here, and why; not a failure.
void skip(Name what, const char* why);

void that(Name name, bool holds, const char* section);
void equal(Name name, u64 got, u64 expected, const char* section);
void within(Name name, u64 got, u64 least, u64 most, const char* section);

/// Status of a hypercall's result.
void status(Name name, u64 result, tlfs::Status expected, const char* section);
void status(Name name, u64 result, tlfs::Status either, tlfs::Status or_this, const char* section);
/// The same, and how many reps were done.
void reps(Name name, u64 result, tlfs::Status expected, u64 completed, const char* section);

void reads(Name name, u32 msr, u64 expected, const char* section);
void writes(Name name, u32 msr, u64 value, const char* section);
/// Write and read back.
void holds(Name name, u32 msr, u64 value, const char* section);
/// #GP(0)
void read_faults(Name name, u32 msr, const char* section);
void write_faults(Name name, u32 msr, u64 value, const char* section);
void faults(Name name, const guest::Fault& fault, u8 vector, const char* section);

u32 failures();
u32 passes();

}  // namespace check
