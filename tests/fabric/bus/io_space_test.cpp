// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/bus/io_space.hpp"

#include <catch2/catch.hpp>

#include <tuple>

#include "fabric/trace/sinks/ring_sink.hpp"

using namespace fabric;

namespace {

/// Answers with its offset in each byte and remembers what it was asked.
struct Registers final : IoHandler {
    u64 read(u64 offset, u32 size) override {
        accesses.emplace_back(offset, size, 0);
        u64 value = 0;
        for (u32 i = 0; i < size; ++i) value |= ((offset + i) & 0xff) << (8 * i);
        return value;
    }
    void write(u64 offset, u32 size, u64 value) override {
        accesses.emplace_back(offset, size, value);
    }

    using Access = std::tuple<u64, u32, u64>;
    std::vector<Access> accesses;
};

using Accesses = std::vector<Registers::Access>;

}  // namespace

TEST_CASE("I/O space: nobody home reads as ones", "[fabric][bus]") {
    const IoSpace space("ports");
    CHECK(space.read(0x80, 1) == 0xff);
    CHECK(space.read(0x80, 4) == 0xffff'ffff);
    CHECK(space.read(~u64{0} - 3, 8) == ~u64{0});
    space.write(0x80, 4, 1);
}

TEST_CASE("I/O space: wide accesses become as many as the registers need", "[fabric][bus]") {
    IoSpace space("ports");
    Registers bytes, dwords;
    REQUIRE(space.map({.name = "b", .first = 0x10, .length = 4, .handler = &bytes}).has_value());
    REQUIRE(
        space.map({.name = "d", .first = 0x20, .length = 8, .widest_access = 4, .handler = &dwords})
            .has_value());

    CHECK(space.read(0x10, 4) == 0x0302'0100);
    CHECK(bytes.accesses == Accesses{{0, 1, 0}, {1, 1, 0}, {2, 1, 0}, {3, 1, 0}});

    CHECK(space.read(0x20, 8) == 0x0706'0504'0302'0100);
    CHECK(dwords.accesses == Accesses{{0, 4, 0}, {4, 4, 0}});
    dwords.accesses.clear();

    space.write(0x21, 4, 0xffff'ffff'bbbb'aaaa);  // Misaligned, and the upper half is not part.
    CHECK(dwords.accesses == Accesses{{1, 1, 0xaa}, {2, 2, 0xbbaa}, {4, 1, 0xbb}});
}

TEST_CASE("I/O space: an access over a region's end is part somebody's", "[fabric][bus]") {
    IoSpace space("mmio");
    Registers registers;
    REQUIRE(space
                .map({.name = "r",
                      .first = 0x1000,
                      .length = 2,
                      .widest_access = 4,
                      .handler = &registers})
                .has_value());
    CHECK(space.read(0x1000, 4) == 0xffff'0100);
    CHECK(space.read(0xfff, 4) == 0xff01'00ff);
    CHECK(space.read(0x1002, 1) == 0xff);
}

TEST_CASE("I/O space: overlaps and absurd regions are refused by name", "[fabric][bus][hostile]") {
    IoSpace space("ports");
    Registers r;
    REQUIRE(space.map({.name = "com1", .first = 0x3f8, .length = 8, .handler = &r}).has_value());
    const auto clash = space.map({.name = "com2", .first = 0x3ff, .length = 8, .handler = &r});
    REQUIRE_FALSE(clash.has_value());
    CHECK(clash.error().message == "ports: region com2 overlaps region com1");
    CHECK_FALSE(space.map({.name = "x", .first = 0x3f0, .length = 9, .handler = &r}).has_value());
    CHECK_FALSE(space.map({.name = "x", .first = 5, .length = 0, .handler = &r}).has_value());
    CHECK_FALSE(space.map({.name = "x", .first = 5, .length = ~u64{0}, .handler = &r}).has_value());
    CHECK(space.map({.name = "end", .first = ~u64{0}, .length = 1, .handler = &r}).has_value());
    CHECK(space.read(~u64{0}, 1) == 0);

    space.unmap("com1");
    CHECK(space.map({.name = "com2", .first = 0x3ff, .length = 8, .handler = &r}).has_value());
}

TEST_CASE("I/O space: accesses are traced under the region's name", "[fabric][bus][trace]") {
    IoSpace space("ports");
    Registers r;
    REQUIRE(space.map({.name = "com1", .first = 0x3f8, .length = 8, .handler = &r}).has_value());
    Trace trace;
    RingSink ring(10);
    trace.add_sink(ring);
    trace.set_filter({.subjects = {"com1"}});
    space.set_trace(&trace);
    space.write(0x80, 1, 7);
    space.write(0x3f9, 1, 0x41);
    REQUIRE(ring.records().size() == 1);
    CHECK(text_of(ring.records()[0]).ends_with("port_write    com1 0x03f9/1 <- 0x41"));

    IoSpace mmio("mmio");
    mmio.set_trace(&trace);
    trace.set_filter({.categories = {TraceCategory::Mmio, TraceCategory::Guest}});
    (void)mmio.read(0x80, 1);
    REQUIRE(ring.records().size() == 3);
    CHECK(text_of(ring.records()[1]).ends_with("mmio_read     mmio 0x00000080/1 -> 0xff"));
    CHECK(text_of(ring.records()[2]).ends_with("mmio: read where nothing is, 0x80"));
}
