// SPDX-License-Identifier: BSD-2-Clause
//
// A machine that is looked at: the same run, told truly.
#include <catch2/catch.hpp>

#include <algorithm>

#include "fabric/host/file.hpp"
#include "fabric/trace/sinks/ring_sink.hpp"
#include "tests/machine/guest.hpp"

using fabric::RingSink;
using fabric::TraceCategory;
using fabric::TraceEvent;
using fabric::TraceFilter;
using fabric::TracePoint;
using fabric::TraceRecord;
using machine::RunOutcome;
using test::Guest;

namespace {

/// What a guest did, as records.
struct Traced {
    explicit Traced(TraceFilter filter, std::vector<u8> rom = test::workload_rom())
        : guest(test::config_of(std::move(rom))) {
        guest.machine->board().trace().add_sink(ring);
        guest.machine->trace(std::move(filter));
    }
    ~Traced() { guest.machine->board().trace().remove_sink(ring); }

    std::vector<TraceRecord> of(TraceEvent event) const {
        std::vector<TraceRecord> found;
        std::ranges::copy_if(ring.records(), std::back_inserter(found),
                             [&](const TraceRecord& record) { return record.event == event; });
        return found;
    }
    /// Without the columns in front.
    std::vector<std::string> lines() const {
        std::vector<std::string> texts;
        for (const TraceRecord& record : ring.records()) {
            texts.push_back(fabric::text_of(record).substr(35));
        }
        return texts;
    }

    RingSink ring{1'000'000};
    Guest guest;
};

TraceFilter everything() {
    TraceFilter filter = fabric::parse_trace_list("all,instructions,registers", {}).value();
    filter.from = TracePoint{80'000};
    filter.until = TracePoint{110'000};
    return filter;
}

}  // namespace

TEST_CASE("Trace: a run that is looked at is the same run", "[machine][trace][determinism]") {
    Guest plain;
    Traced traced(everything());
    const RunOutcome outcome = plain.run(test::odd_moments());
    CHECK(traced.guest.run(test::odd_moments()) == outcome);
    CHECK(test::ending_of(traced.guest) == test::ending_of(plain));
    CHECK(traced.guest.state() == plain.state());
    CHECK(traced.of(TraceEvent::instruction).size() > 10'000);
    CHECK_FALSE(traced.of(TraceEvent::registers).empty());
    CHECK_FALSE(traced.of(TraceEvent::exception).empty());
    for (const TraceRecord& record : traced.ring.records()) {
        CHECK(record.stamp.retired >= 80'000);
        CHECK(record.stamp.retired < 110'000);
    }
}

TEST_CASE("Trace: instructions are those that single steps come by", "[machine][trace]") {
    constexpr u64 end = 30'000;
    Traced traced({.categories = {TraceCategory::Instructions}});
    REQUIRE(traced.guest.run({}, end) == RunOutcome::LimitReached);
    std::vector<u64> at(end, ~u64{0});
    for (const TraceRecord& record : traced.ring.records()) {
        REQUIRE(record.stamp.retired < end);
        at[record.stamp.retired] = record.values[0];
    }

    Guest stepped;
    u64 before = 0;
    usize compared = 0;
    for (u64 count = 0; count < end; ++count) {
        REQUIRE(stepped.run({}, count) == RunOutcome::LimitReached);
        const cpu::CpuState& state = stepped.state();
        const bool flat = stepped.machine->board().vcpu().code_mode() == cpu::CodeMode::Bits64;
        const u64 base = flat ? 0 : state.segment(cpu::SegReg::Cs).base;
        const u64 linear = flat ? state.rip : (base + state.rip) & 0xffff'ffff;
        CAPTURE(count, linear, before);
        // A repeated string instruction is one line, however often it is left and entered.
        if (at[count] == ~u64{0}) {
            REQUIRE(linear == before);
        } else {
            REQUIRE(at[count] == linear);
            ++compared;
        }
        before = linear;
    }
    CHECK(compared > end / 2);
}

TEST_CASE("Trace: a range of code is what the whole has of it, at speed", "[machine][trace]") {
    constexpr u64 end = 200'000;
    Traced whole({.categories = {TraceCategory::Instructions}});
    REQUIRE(whole.guest.run({}, end) == RunOutcome::LimitReached);
    // Where the most goes on lies in the ROM; the patched code in a page of its own.
    const fabric::TraceRange range{0xc000, 0xcfff};
    Traced part({.categories = {TraceCategory::Instructions}, .ranges = {range}});
    REQUIRE(part.guest.run({}, end) == RunOutcome::LimitReached);
    CHECK(part.guest.hash() == whole.guest.hash());

    std::vector<std::string> expected;
    for (const TraceRecord& record : whole.ring.records()) {
        if (range.contains(record.values[0])) expected.push_back(text_of(record));
    }
    std::vector<std::string> found;
    for (const TraceRecord& record : part.ring.records()) found.push_back(text_of(record));
    CHECK(expected.size() > 10);
    CHECK(found == expected);
    const auto slow = [](const Traced& traced) {
        return traced.guest.machine->board().engine().counters().slow_instructions;
    };
    Guest untraced;
    REQUIRE(untraced.run({}, end) == RunOutcome::LimitReached);
    const u64 anyway = untraced.machine->board().engine().counters().slow_instructions;
    CHECK(slow(part) <= anyway + 2 * expected.size());
    CHECK(slow(whole) > 2 * anyway);
}

TEST_CASE("Trace: a count ends it, and the run goes on at speed", "[machine][trace]") {
    Traced traced({.categories = {TraceCategory::Instructions}, .count = 5});
    REQUIRE(traced.guest.run({}, 100'000) == RunOutcome::LimitReached);
    CHECK(traced.ring.records().size() == 5);
    CHECK(traced.ring.records().back().stamp.retired == 4);
    Guest plain;
    REQUIRE(plain.run({}, 100'000) == RunOutcome::LimitReached);
    CHECK(traced.guest.hash() == plain.hash());
}

TEST_CASE("Trace: windows in virtual time, rings and processors", "[machine][trace]") {
    Traced timed({.categories = {TraceCategory::Instructions},
                  .from = TracePoint{700, TracePoint::Unit::Nanoseconds},
                  .until = TracePoint{720, TracePoint::Unit::Nanoseconds}});
    REQUIRE(timed.guest.run({}, 20'000) == RunOutcome::LimitReached);
    CHECK(timed.ring.records().size() == 20);
    for (const TraceRecord& record : timed.ring.records()) {
        CHECK(record.stamp.time >= fabric::VmTime{700});
        CHECK(record.stamp.time < fabric::VmTime{720});
    }
    Traced outer({.categories = {TraceCategory::Instructions}, .ring = u8{3}});
    REQUIRE(outer.guest.run({}, 20'000) == RunOutcome::LimitReached);
    CHECK(outer.ring.records().empty());  // The workload stays in ring 0.
    Traced other({.categories = {TraceCategory::Instructions}, .processor = 1u});
    REQUIRE(other.guest.run({}, 20'000) == RunOutcome::LimitReached);
    CHECK(other.ring.records().empty());
}

TEST_CASE("Trace: a ring's instructions are what the whole has of it", "[machine][trace]") {
    const auto rom = fabric::read_whole_file(ROM_TESTS "/mwait.rom", 1 << 20).value();
    const auto lines_of = [&](TraceFilter filter) {
        filter.categories = {TraceCategory::Instructions};
        Traced traced(std::move(filter), rom);
        REQUIRE(traced.guest.run() == RunOutcome::GuestExit);
        return std::vector<TraceRecord>(traced.ring.records().begin(), traced.ring.records().end());
    };
    std::vector<std::string> expected;
    for (const TraceRecord& record : lines_of({})) {
        if (record.stamp.ring == 3) expected.push_back(text_of(record));
    }
    std::vector<std::string> found;
    for (const TraceRecord& record : lines_of({.ring = u8{3}})) found.push_back(text_of(record));
    CHECK_FALSE(expected.empty());
    CHECK(found == expected);
}

TEST_CASE("Trace: what each line says", "[machine][trace]") {
    // mov ax, 0x1234 ; out 0xe9, al ; mov ecx, 0x1b ; rdmsr ; mov eax, 1 ; cpuid
    // int 0x20 goes nowhere good: the table is zeroes, where there are zeroes too.
    const std::vector<u8> rom = test::rom_of({0xb8, 0x34, 0x12, 0xe6, 0xe9, 0x66, 0xb9, 0x1b, 0x00,
                                              0x00, 0x00, 0x0f, 0x32, 0x66, 0xb8, 0x01, 0x00, 0x00,
                                              0x00, 0x66, 0x31, 0xc9, 0x0f, 0xa2, 0xcd, 0x20});
    Traced traced(fabric::parse_trace_list("all,instructions,registers", {}).value(), rom);
    REQUIRE(traced.guest.run({}, 9) == RunOutcome::LimitReached);
    const auto lines = traced.lines();
    CAPTURE(lines);
    const auto has = [&](const std::string& line) {
        return std::ranges::find(lines, line) != lines.end();
    };
    CHECK(has("instruction   f000:f000             0 b8 34 12                 mov ax, 0x1234"));
    CHECK(has("registers     rax 0x1234"));
    CHECK(has("port_write    debug-console 0x00e9/1 <- 0x34"));
    CHECK(has("msr_read      IA32_APIC_BASE 0x1b -> 0xfee00900"));
    CHECK(std::ranges::any_of(lines, [](const std::string& line) {
        return line.starts_with("software_int  vector 0x20 at f000:f018, rax 0x");
    }));
    CHECK(std::ranges::any_of(lines, [](const std::string& line) {
        return line.starts_with("cpuid         0x1/0x0 -> ");
    }));
}

TEST_CASE("Trace: a triple fault, step by step", "[machine][trace]") {
    // lidt [0x1000] (zeroes) ; int3
    Traced traced(fabric::parse_trace_list("exceptions,machine,interrupts", {}).value(),
                  test::rom_of({0x0f, 0x01, 0x1e, 0x00, 0x10, 0xcc}));
    REQUIRE(traced.guest.machine->run_until(1000) == RunOutcome::Shutdown);
    CHECK(traced.lines() == std::vector<std::string>{
                                "software_int  vector 0x03 at f000:f005, rax 0x0",
                                "exception     #GP error 0x1a at f000:f005",
                                "exception     #GP error 0x6b at f000:f005",
                                "exception     #DF error 0x0 at f000:f005",
                                "exception     #GP error 0x43 at f000:f005",
                                "shutdown      triple fault at f000:f005",
                            });
}

TEST_CASE("Trace: lines of the console, input and checkpoints", "[machine][trace]") {
    Traced traced(fabric::parse_trace_list("console,input,machine", {}).value());
    traced.guest.type("a.");
    (void)traced.guest.machine->run_until(1);
    (void)traced.guest.checkpoint();
    REQUIRE(traced.guest.run() == RunOutcome::GuestExit);
    const auto lines = traced.lines();
    REQUIRE(lines.size() >= 3);
    CHECK(lines[0] == "input         com1, 2 bytes: 61 2e");
    CHECK(lines[1] == "checkpoint    saved");
    CHECK(lines.back() == "end           exit by the guest, value 0");
}

TEST_CASE("Trace: everything a machine has can be asked for by name", "[machine][trace]") {
    Guest guest;
    const auto subjects = guest.machine->board().trace_subjects();
    for (const char* name : {"com1", "apic0", "apic0.timer", "debug-exit", "ports", "mmio"}) {
        CAPTURE(name);
        CHECK(std::ranges::count(subjects, name) == 1);
    }
    Traced traced(fabric::parse_trace_list("debug-exit", subjects).value());
    REQUIRE(traced.guest.run(test::odd_moments()) == RunOutcome::GuestExit);
    CHECK(traced.lines() == std::vector<std::string>{"port_write    debug-exit 0x00f4/4 <- 0x0"});
}
