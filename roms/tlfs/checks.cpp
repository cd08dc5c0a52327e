// SPDX-License-Identifier: BSD-2-Clause
#include "roms/tlfs/checks.hpp"

namespace check {

namespace {

constexpr u8 general_protection = 13;
const char* group = "";
u32 passed = 0;
u32 failed = 0;

void print_hex(u64 value) {
    unsigned digits = 1;
    while (digits < 16 && value >> (4 * digits) != 0) ++digits;
    debug_print("0x");
    debug_print_hex(value, digits);
}

void print_head(const char* verdict, const Name& name) {
    debug_print(verdict);
    debug_print(group);
    debug_print(": ");
    debug_print(name.text);
    if (name.number == Name::none) return;
    debug_print(" ");
    if (name.hexadecimal) {
        print_hex(name.number);
    } else {
        debug_print_decimal(name.number);
    }
}

void pass(const Name& name) {
    ++passed;
    print_head("ok ", name);
    debug_print("\n");
}

void begin_failure(const Name& name) {
    ++failed;
    print_head("FAIL ", name);
    debug_print(": ");
}

void end_failure(const char* section) {
    debug_print(" [");
    debug_print(section);
    debug_print("]\n");
}

void print_fault(const guest::Fault& fault) {
    if (!fault.raised) {
        debug_print("no fault");
        return;
    }
    debug_print("exception ");
    debug_print_decimal(fault.vector);
    debug_print(" with error ");
    print_hex(fault.error);
}

/// True, and said, if there was a fault where there was to be none.
bool fell(const Name& name, const guest::Fault& fault, const char* section) {
    if (!fault.raised) return false;
    begin_failure(name);
    debug_print("got ");
    print_fault(fault);
    debug_print(" expected none");
    end_failure(section);
    return true;
}

}  // namespace

void begin_group(const char* name) {
    group = name;
    debug_print("group ");
    debug_print(name);
    debug_print("\n");
}

void skip(Name what, const char* why) {
    print_head("skip ", what);
    debug_print(": ");
    debug_print(why);
    debug_print("\n");
}

void that(Name name, bool holds, const char* section) {
    if (holds) {
        pass(name);
        return;
    }
    begin_failure(name);
    debug_print("does not hold");
    end_failure(section);
}

void equal(Name name, u64 got, u64 expected, const char* section) {
    within(name, got, expected, expected, section);
}

void within(Name name, u64 got, u64 least, u64 most, const char* section) {
    if (got >= least && got <= most) {
        pass(name);
        return;
    }
    begin_failure(name);
    debug_print("got ");
    print_hex(got);
    debug_print(" expected ");
    print_hex(least);
    if (most != least) {
        debug_print(" to ");
        print_hex(most);
    }
    end_failure(section);
}

void status(Name name, u64 result, tlfs::Status expected, const char* section) {
    equal(name, result & 0xffff, expected, section);
}

void status(Name name, u64 result, tlfs::Status either, tlfs::Status or_this, const char* section) {
    const u64 got = result & 0xffff;
    equal(name, got, got == or_this ? or_this : either, section);
}

void reps(Name name, u64 result, tlfs::Status expected, u64 completed, const char* section) {
    equal(name, result & 0x00000fff'0000ffff, completed << 32 | expected, section);
}

void reads(Name name, u32 msr, u64 expected, const char* section) {
    const guest::MsrRead read = guest::try_rdmsr(msr);
    if (!fell(name, read.fault, section)) equal(name, read.value, expected, section);
}

void writes(Name name, u32 msr, u64 value, const char* section) {
    if (!fell(name, guest::try_wrmsr(msr, value), section)) pass(name);
}

void holds(Name name, u32 msr, u64 value, const char* section) {
    if (!fell(name, guest::try_wrmsr(msr, value), section)) reads(name, msr, value, section);
}

void read_faults(Name name, u32 msr, const char* section) {
    faults(name, guest::try_rdmsr(msr).fault, general_protection, section);
}

void write_faults(Name name, u32 msr, u64 value, const char* section) {
    faults(name, guest::try_wrmsr(msr, value), general_protection, section);
}

void faults(Name name, const guest::Fault& fault, u8 vector, const char* section) {
    if (fault.raised && fault.vector == vector && fault.error == 0) {
        pass(name);
        return;
    }
    begin_failure(name);
    debug_print("got ");
    print_fault(fault);
    debug_print(" expected exception ");
    debug_print_decimal(vector);
    end_failure(section);
}

u32 failures() { return failed; }
u32 passes() { return passed; }

}  // namespace check
