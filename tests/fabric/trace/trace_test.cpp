// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/trace/trace.hpp"

#include <catch2/catch.hpp>

#include <fstream>

#include "fabric/trace/sinks/ring_sink.hpp"
#include "fabric/trace/sinks/text_sink.hpp"
#include "fabric/trace/trace_filter.hpp"
#include "tests/support/temporary_folder.hpp"

using namespace fabric;

TEST_CASE("Trace: only what was asked for arrives, stamped", "[fabric][trace]") {
    Trace trace;
    RingSink ring(2);
    trace.add_sink(ring);
    trace.msr_write("vp0", 0x1b, 1);
    CHECK(ring.records().empty());
    CHECK_FALSE(trace.listens_to(TraceCategory::Msr));

    trace.set_filter({.categories = {TraceCategory::Msr}});
    trace.set_now({1'000'002'345}, 3);
    trace.io_read("com1", 0x3f8, 1, 0);
    trace.msr_write("cpu", 0x1b, 0xfee0'0900);
    REQUIRE(ring.records().size() == 1);
    CHECK(text_of(ring.records()[0]) ==
          "  1.000002345 vp3 cpu: msr_write index 0x1b, value 0xfee00900");
    trace.msr_read("cpu", 1, 0);
    trace.msr_read("cpu", 2, 0);
    CHECK(ring.records().size() == 2);
    CHECK(ring.records()[0].values[0] == 1);
}

TEST_CASE("Trace: a guest cannot flood it with errors", "[fabric][trace][hostile]") {
    Trace trace;
    RingSink ring(1000);
    trace.add_sink(ring);
    trace.set_filter({.categories = {TraceCategory::Guest}});
    for (u64 n = 0; n < 100'000; ++n) trace.guest_error("com1", "odd divisor", n);
    u64 stood_for = 0;
    for (const TraceRecord& record : ring.records()) stood_for += record.repeats;
    CHECK(ring.records().size() < 30);
    CHECK(stood_for == 65'536);  // Up to the last power of two.
    CHECK(text_of(ring.records()[8]) ==
          "  0.000000000 vp0 com1: guest_error odd divisor, value 0xf (and 7 like it)");
    const usize before = ring.records().size();
    trace.guest_error("com1", "another call site", 0);
    CHECK(ring.records().size() == before + 1);
}

TEST_CASE("Trace: a list of words makes a filter", "[fabric][trace]") {
    const std::vector<std::string> subjects = {"com1", "hpet"};
    const auto filter = parse_trace_list("msr,com1", subjects);
    REQUIRE(filter.has_value());
    CHECK(parse_trace_list("all", subjects).value().categories.size() == 9);
    CHECK(parse_trace_list("", subjects).value().categories.empty());
    CHECK(parse_trace_list("com2", subjects).error().message ==
          "nothing to trace is called 'com2'. Did you mean 'com1'?");
    CHECK_FALSE(parse_trace_list("msr,,io", subjects).has_value());
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
    }
    std::ifstream file(folder.file("trace"));
    std::string line;
    std::getline(file, line);
    CHECK(line == "  0.000000000 vp0 machine: reset");
    std::getline(file, line);
    CHECK(line == "  0.000000000 vp0 machine: checkpoint saved");
    CHECK_FALSE(TextSink::create_file(folder.file("no/folder")).has_value());
}
