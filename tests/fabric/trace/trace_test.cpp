// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/trace/trace.hpp"

#include <catch2/catch.hpp>

#include <fstream>

#include "fabric/time/event_queue.hpp"
#include "fabric/trace/sinks/ring_sink.hpp"
#include "fabric/trace/sinks/text_sink.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fabric;

namespace {

struct Clock final : TraceClock {
    TraceStamp now;
    TraceStamp stamp() const override { return now; }
};

struct Bench {
    Trace trace;
    RingSink ring{1000};
    Clock clock;

    explicit Bench(TraceFilter filter) {
        trace.add_sink(ring);
        trace.set_clock(&clock);
        trace.set_filter(std::move(filter));
    }
    std::string line(usize number) const { return text_of(ring.records().at(number)); }
    usize lines() const { return ring.records().size(); }
};

}  // namespace

TEST_CASE("Trace: only what was asked for arrives, stamped", "[fabric][trace]") {
    Bench bench({});
    bench.trace.msr_write("cpu", "IA32_APIC_BASE", 0x1b, 1);
    CHECK(bench.lines() == 0);
    CHECK_FALSE(bench.trace.listens());

    bench.trace.set_filter({.categories = {TraceCategory::Msrs}});
    CHECK(bench.trace.listens_to(TraceCategory::Msrs));
    CHECK_FALSE(bench.trace.listens_to(TraceCategory::Ports));
    bench.clock.now = {.retired = 77, .time = {1'000'002'345}, .processor = 3};
    bench.trace.port_read("com1", 0x3f8, 1, 0);
    bench.trace.msr_write("cpu", "IA32_APIC_BASE", 0x1b, 0xfee0'0900);
    REQUIRE(bench.lines() == 1);
    CHECK(bench.line(0) ==
          "          77     1.000002345 cpu3  msr_write     IA32_APIC_BASE 0x1b <- 0xfee00900");
}

TEST_CASE("Trace: a row's text shows its values", "[fabric][trace]") {
    Bench bench({.categories = {TraceCategory::Ports, TraceCategory::Cpuid, TraceCategory::Input}});
    const auto said = [&] { return text_of(bench.ring.records().back()).substr(49); };
    bench.trace.port_write("com1", 0x3f8, 1, 0x41);
    CHECK(said() == "com1 0x03f8/1 <- 0x41");
    bench.trace.cpuid("cpu", 7, 1, 2, 3, 4, 0xffff'ffff);
    CHECK(said() == "0x7/0x1 -> 00000002 00000003 00000004 ffffffff");
    bench.trace.input("keyboard", "1c 9c", 2);
    CHECK(said() == "keyboard, 2 bytes: 1c 9c");
}

TEST_CASE("Trace: the ring keeps the last", "[fabric][trace]") {
    Trace trace;
    RingSink ring(2);
    trace.add_sink(ring);
    trace.set_filter({.categories = {TraceCategory::Msrs}});
    for (u64 index = 1; index <= 3; ++index) trace.msr_read("cpu", "MSR", index, 0);
    REQUIRE(ring.records().size() == 2);
    CHECK(ring.records()[0].values[0] == 2);
    CHECK(ring.records()[0].stamp.retired == 0);
}

TEST_CASE("Trace: a subject is heard in all categories, with its parts", "[fabric][trace]") {
    Bench bench({.subjects = {"com1"}});
    bench.trace.port_read("com1", 0x3f8, 1, 0);
    bench.trace.port_read("com10", 0x3f8, 1, 0);
    bench.trace.timer_fired("com1.transmit", 5);
    bench.trace.timer_fired("com2.transmit", 5);
    bench.trace.mmio_read("com1-window", 5, 1, 0);
    CHECK(bench.lines() == 3);
}

TEST_CASE("Trace: ranges are of what has an address", "[fabric][trace]") {
    Bench bench(
        {.categories = {TraceCategory::Ports, TraceCategory::Exceptions, TraceCategory::Machine},
         .ranges = {{0x3f8, 0x3ff}, {0x60, 0x60}}});
    for (const u64 port : {0x3f7u, 0x3f8u, 0x3ffu, 0x400u, 0x60u, 0x61u}) {
        bench.trace.port_read("x", port, 1, 0);
    }
    CHECK(bench.lines() == 3);
    bench.trace.exception("cpu", "#UD", 0x5f, 8, 0x60);
    CHECK(bench.lines() == 3);
    bench.trace.exception("cpu", "#UD", 0x60, 8, 0x5f);
    CHECK(bench.lines() == 4);
    bench.trace.reset("machine");  // Has no address.
    CHECK(bench.lines() == 5);
}

TEST_CASE("Trace: rings, processors, points of the run and counts", "[fabric][trace]") {
    Bench bench({.categories = {TraceCategory::Machine}});
    const auto heard = [&](TraceFilter filter, TraceStamp stamp) {
        filter.categories = {TraceCategory::Machine};
        bench.trace.set_filter(std::move(filter));
        bench.clock.now = stamp;
        const usize before = bench.lines();
        bench.trace.reset("machine");
        return bench.lines() != before;
    };
    CHECK(heard({.ring = u8{3}}, {.ring = 3}));
    CHECK_FALSE(heard({.ring = u8{3}}, {.ring = 0}));
    CHECK_FALSE(heard({.processor = 0u}, {.processor = 1}));
    CHECK_FALSE(heard({.from = TracePoint{100}}, {.retired = 99}));
    CHECK(heard({.from = TracePoint{100}}, {.retired = 100}));
    CHECK(heard({.until = TracePoint{100}}, {.retired = 99}));
    CHECK_FALSE(heard({.until = TracePoint{100}}, {.retired = 100}));
    const TracePoint at_second{1'000'000'000, TracePoint::Unit::Nanoseconds};
    CHECK_FALSE(heard({.from = at_second}, {.retired = 2'000'000'000, .time = {999'999'999}}));
    CHECK(heard({.from = at_second}, {.time = {1'000'000'000}}));

    CHECK(heard({.count = 2}, {}));
    CHECK(bench.trace.listens());
    bench.trace.reset("machine");
    CHECK_FALSE(bench.trace.listens());
    const usize before = bench.lines();
    bench.trace.reset("machine");
    CHECK(bench.lines() == before);
}

TEST_CASE("Trace: a guest cannot flood it with errors", "[fabric][trace][hostile]") {
    Bench bench({.categories = {TraceCategory::Guest}});
    for (u64 n = 0; n < 100'000; ++n) bench.trace.guest_error("com1", "odd divisor", n);
    u64 stood_for = 0;
    for (const TraceRecord& record : bench.ring.records()) stood_for += record.repeats;
    CHECK(bench.lines() < 30);
    CHECK(stood_for == 65'536);  // Up to the last power of two.
    CHECK(bench.line(8).ends_with("com1: odd divisor, 0xf (and 7 like it)"));
    const usize before = bench.lines();
    bench.trace.guest_error("com1", "another call site", 0);
    CHECK(bench.lines() == before + 1);
}

TEST_CASE("Trace: a list of words makes a filter", "[fabric][trace]") {
    const std::vector<std::string> subjects = {"com1", "hpet"};
    auto filter = parse_trace_list("msrs,com1", subjects);
    REQUIRE(filter.has_value());
    CHECK(filter.value().categories == std::set{TraceCategory::Msrs});
    CHECK(filter.value().names("com1"));
    CHECK_FALSE(filter.value().shows_instructions());
    const TraceFilter all = parse_trace_list("all", subjects).value();
    CHECK(all.categories.size() == trace_categories.size() - 2);
    CHECK_FALSE(all.shows_instructions());
    CHECK(parse_trace_list("all,registers", subjects).value().shows_instructions());
    CHECK(parse_trace_list("", subjects).value().categories.empty());
    CHECK(parse_trace_list("com2", subjects).error().message ==
          "nothing to trace is called 'com2'. Did you mean 'com1'?");
    CHECK(parse_trace_list("instruction", subjects).error().message.ends_with("'instructions'?"));
    CHECK_FALSE(parse_trace_list("msrs,,ports", subjects).has_value());
}

TEST_CASE("Trace: ranges as they are written", "[fabric][trace]") {
    const auto is = [](std::string_view text, u64 first, u64 last) {
        auto range = parse_trace_range(text);
        return range && range.value().first == first && range.value().last == last;
    };
    CHECK(is("3f8-3ff", 0x3f8, 0x3ff));
    CHECK(is("0xfee00000+0x1000", 0xfee0'0000, 0xfee0'0fff));
    CHECK(is("ffffffff81000000", 0xffff'ffff'8100'0000, 0xffff'ffff'8100'0000));
    CHECK(is("0-ffffffffffffffff", 0, ~u64{0}));
    for (const char* wrong : {"", "-", "5-4", "5+0", "1-2-3", "x", "10000000000000000", "8-",
                              "ffffffffffffffff+2", "-5", " 5"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_trace_range(wrong).has_value());
    }
}

TEST_CASE("Trace: points of a run as they are written", "[fabric][trace]") {
    using Unit = TracePoint::Unit;
    const auto is = [](std::string_view text, u64 value, Unit unit) {
        auto point = parse_trace_point(text);
        return point && point.value().value == value && point.value().unit == unit;
    };
    CHECK(is("5000000", 5'000'000, Unit::Instructions));
    CHECK(is("1.5s", 1'500'000'000, Unit::Nanoseconds));
    CHECK(is("20ms", 20'000'000, Unit::Nanoseconds));
    CHECK(is("0.0000000019s", 1, Unit::Nanoseconds));
    CHECK(is("7us", 7'000, Unit::Nanoseconds));
    CHECK(is("90ns", 90, Unit::Nanoseconds));
    for (const char* wrong :
         {"", "s", "1.s", ".5s", "1.5", "1.x2s", "99999999999999s", "5m", "-1"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_trace_point(wrong).has_value());
    }
}

TEST_CASE("Trace: text goes to a file", "[fabric][trace]") {
    const test::TemporaryFolder folder;
    Trace trace;
    {
        auto sink = TextSink::create_file(folder.file("trace"));
        REQUIRE(sink.has_value());
        trace.add_sink(*sink.value());
        trace.set_filter({.categories = {TraceCategory::Machine}});
        trace.reset("machine");
        trace.checkpoint("machine", "saved");
        CHECK(sink.value()->finish().has_value());
    }
    std::ifstream file(folder.file("trace"));
    std::string line;
    std::getline(file, line);
    CHECK(line == "           0     0.000000000 cpu0  reset         the whole machine");
    std::getline(file, line);
    CHECK(line == "           0     0.000000000 cpu0  checkpoint    saved");
    CHECK_FALSE(TextSink::create_file(folder.file("no/folder")).has_value());
}

TEST_CASE("Trace: a file that is full is told of", "[fabric][trace]") {
    auto sink = TextSink::create_file("/dev/full");
    REQUIRE(sink.has_value());
    sink.value()->accept({.event = TraceEvent::reset});
    const auto outcome = sink.value()->finish();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().message.find("/dev/full: No space") != std::string::npos);
}

TEST_CASE("Trace: deadlines, as they are set and fall due", "[fabric][trace][time]") {
    Bench bench({.subjects = {"pit"}});
    EventQueue events;
    events.set_trace(&bench.trace);
    Timer pit(events, "pit.channel0", [] {});
    Timer rtc(events, "rtc.update", [] {});
    pit.schedule_at(VmTime{50});
    rtc.schedule_at(VmTime{60});
    events.run_until(VmTime{100});
    REQUIRE(bench.lines() == 2);
    CHECK(bench.line(0).ends_with("timer_set     pit.channel0 for 50 ns"));
    CHECK(bench.line(1).ends_with("timer_fired   pit.channel0, due at 50 ns"));
    CHECK(events.timer_names() == std::vector<std::string>{"pit.channel0", "rtc.update"});
}
