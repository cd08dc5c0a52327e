// SPDX-License-Identifier: BSD-2-Clause
//
// What of a run is to be shown: of which kind, by whom, where and when. The parse functions take
// what a user writes after --trace and its companions.
#pragma once

#include <array>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"
#include "fabric/time/vm_time.hpp"

namespace fabric {

enum class TraceCategory : u8 {
    Instructions,
    Registers,
    Exceptions,
    Interrupts,
    Irqs,
    Ports,
    Mmio,
    Msrs,
    Control,
    Cpuid,
    Timers,
    Input,
    Console,
    Machine,
    Guest,
    Hyperv
};

struct TraceCategoryName {
    std::string_view word;
    std::string_view description;
};

/// In the order of TraceCategory.
constexpr std::array<TraceCategoryName, 16> trace_categories = {{
    {"instructions", "each instruction before it runs, disassembled"},
    {"registers", "what each instruction changed: registers, flags, segments"},
    {"exceptions", "faults and traps on their way into the guest"},
    {"interrupts", "what processors take: interrupts, INT n, NMI, SMI, INIT, SIPI"},
    {"irqs", "interrupt wires that change, and messages between devices and APICs"},
    {"ports", "port I/O"},
    {"mmio", "registers in memory, the local APIC's too"},
    {"msrs", "RDMSR and WRMSR"},
    {"control", "writes to CR0, CR3, CR4 and CR8"},
    {"cpuid", "CPUID, with what it answered"},
    {"timers", "deadlines that are set and fall due; jumps of time"},
    {"input", "what comes from outside: keys, serial input, the clock"},
    {"console", "lines that the guest writes to serial ports and the firmware's log"},
    {"machine", "resets, the end, checkpoints"},
    {"guest", "what guests should not do, and what is not modelled"},
    {"hyperv", "what passes between guest and hypervisor: leaves, MSRs, hypercalls, messages"},
}};

/// Where in a run something happened.
struct TraceStamp {
    u64 retired = 0;
    VmTime time;
    u32 processor = 0;
    u8 ring = 0;
};

/// An instant a person names: so many instructions, or so much virtual time, after power-on.
struct TracePoint {
    enum class Unit : u8 { Instructions, Nanoseconds };
    u64 value = 0;
    Unit unit = Unit::Instructions;

    bool reached(const TraceStamp& now) const {
        return (unit == Unit::Instructions ? now.retired : now.time.ns) >= value;
    }
};

/// Both ends included.
struct TraceRange {
    u64 first = 0;
    u64 last = 0;
    bool contains(u64 address) const { return first <= address && address <= last; }
    bool touches(u64 other_first, u64 other_last) const {
        return first <= other_last && other_first <= last;
    }
};

struct TraceFilter {
    std::set<TraceCategory> categories;
    std::set<std::string, std::less<>> subjects;  // All that happens to these, of any category.
    std::vector<TraceRange> ranges;               // Of what has an address. None: all addresses.
    std::optional<u8> ring;
    std::optional<u32> processor;
    std::optional<TracePoint> from;
    std::optional<TracePoint> until;
    u64 count = 0;  // 0: no limit.

    bool shows_instructions() const {
        return categories.contains(TraceCategory::Instructions) ||
               categories.contains(TraceCategory::Registers);
    }
    /// The subject itself, or a part of it: "com1" names "com1.transmit" too.
    bool names(std::string_view subject) const;
    bool covers(u64 address) const;
    /// Whether a page, by the addresses of its first and last byte, has anything covered.
    bool touches(u64 first, u64 last) const;
    /// Whether this is the time, the ring and the processor.
    bool is_open_at(const TraceStamp& now) const;
};

/// Words separated by commas, each a category, the name of a subject, or "all": every category but
/// instructions and registers. An unknown word is an error that names the nearest known one.
Result<TraceFilter> parse_trace_list(std::string_view list, std::span<const std::string> subjects);

/// "3f8-3ff", "0xfee00000+0x1000", "ffffffff81000000": hexadecimal.
Result<TraceRange> parse_trace_range(std::string_view text);

/// "5000000" instructions; "1.5s", "20ms", "7us", "90ns" of virtual time.
Result<TracePoint> parse_trace_point(std::string_view text);

}  // namespace fabric
