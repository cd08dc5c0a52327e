// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/pic.hpp"

#include <catch2/catch.hpp>

#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using devices::Pic8259;

namespace {

/// The pair of a PC, initialized as a BIOS does, all inputs open.
struct Bench {
    test::RecordingIrqSink intr;
    Pic8259 slave;
    Pic8259 master;

    Bench()
        : slave({.name = "pic1", .level_allowed = 0xde}, {.interrupt = fabric::IrqLine{master, 2}}),
          master({}, {.interrupt = fabric::IrqLine{intr, 0}, .slave = &slave}) {
        initialize(1);
        intr.times_driven = 0;
    }

    void initialize(u8 icw4) {
        for (const auto& [pic, base, cascade] :
             {std::tuple<Pic8259*, u8, u8>{&master, 0x20, 4}, {&slave, 0x28, 2}}) {
            pic->write(0, 1, 0x11);
            pic->write(1, 1, base);
            pic->write(1, 1, cascade);
            pic->write(1, 1, icw4);
            pic->write(1, 1, 0);
        }
    }
    void irq(u32 number, bool high) {
        if (number < 8) {
            master.set_level(number, high);
        } else {
            slave.set_level(number - 8, high);
        }
    }
    void raise(std::initializer_list<u32> numbers) {
        for (const u32 number : numbers) irq(number, true);
    }
    static u8 requests(Pic8259& pic) {
        pic.write(0, 1, 0x0a);
        return static_cast<u8>(pic.read(0, 1));
    }
    static u8 in_service(Pic8259& pic) {
        pic.write(0, 1, 0x0b);
        return static_cast<u8>(pic.read(0, 1));
    }
};

constexpr u8 eoi = 0x20;

}  // namespace

TEST_CASE("8259A: an edge is requested, served and ended", "[devices][pic]") {
    Bench bench;
    bench.irq(4, true);
    CHECK(bench.intr.level);
    CHECK(Bench::requests(bench.master) == 0x10);
    CHECK(bench.master.acknowledge() == 0x24);
    CHECK_FALSE(bench.intr.level);
    CHECK(Bench::requests(bench.master) == 0);
    CHECK(Bench::in_service(bench.master) == 0x10);
    bench.irq(4, true);  // Still high: no edge.
    bench.master.write(0, 1, eoi);
    CHECK(Bench::in_service(bench.master) == 0);
    CHECK_FALSE(bench.intr.level);
    bench.irq(4, false);
    bench.irq(4, true);
    CHECK(bench.intr.level);
}

TEST_CASE("8259A: the slave's vector, and both want an EOI", "[devices][pic]") {
    Bench bench;
    bench.raise({12, 14});
    CHECK(bench.master.acknowledge() == 0x2c);
    CHECK(Bench::in_service(bench.master) == 0x04);
    CHECK(Bench::in_service(bench.slave) == 0x10);
    bench.slave.write(0, 1, eoi);
    CHECK_FALSE(bench.master.pending());
    bench.master.write(0, 1, eoi);
    CHECK(bench.master.acknowledge() == 0x2e);
}

TEST_CASE("8259A: fully nested, IRQ0 first; the slave comes in at 2", "[devices][pic]") {
    Bench bench;
    bench.raise({7, 3, 8, 1});
    CHECK(bench.master.acknowledge() == 0x21);
    CHECK_FALSE(bench.master.pending());
    bench.irq(0, true);
    CHECK(bench.master.acknowledge() == 0x20);
    bench.master.write(0, 1, eoi);
    CHECK(Bench::in_service(bench.master) == 0x02);
    bench.master.write(0, 1, eoi);
    CHECK(bench.master.acknowledge() == 0x28);
    bench.slave.write(0, 1, eoi);
    bench.master.write(0, 1, 0x62);  // Specific, for 2.
    CHECK(bench.master.acknowledge() == 0x23);
    bench.master.write(0, 1, eoi);
    CHECK(bench.master.acknowledge() == 0x27);
}

TEST_CASE("8259A: the mask hides requests and keeps them", "[devices][pic]") {
    Bench bench;
    bench.master.write(1, 1, 0x10);
    bench.irq(4, true);
    CHECK_FALSE(bench.intr.level);
    CHECK(bench.master.read(1, 1) == 0x10);
    bench.master.write(1, 1, 0);
    CHECK(bench.intr.level);
}

TEST_CASE("8259A: a request that does not last is spurious", "[devices][pic]") {
    Bench bench;
    bench.irq(4, true);
    bench.irq(4, false);
    CHECK_FALSE(bench.master.pending());
    CHECK(bench.master.acknowledge() == 0x27);
    CHECK(Bench::in_service(bench.master) == 0);
    CHECK(bench.slave.acknowledge() == 0x2f);
}

TEST_CASE("8259A: levels last as long as they are driven", "[devices][pic]") {
    Bench bench;
    bench.master.edge_level_control().write(0, 1, 0xff);
    bench.slave.edge_level_control().write(0, 1, 0xff);
    CHECK(bench.master.edge_level_control().read(0, 1) == 0xf8);
    CHECK(bench.slave.edge_level_control().read(0, 1) == 0xde);
    bench.irq(11, true);
    for (int i = 0; i < 2; ++i) {
        CHECK(bench.master.acknowledge() == 0x2b);
        bench.slave.write(0, 1, eoi);
        bench.master.write(0, 1, eoi);
    }
    bench.irq(11, false);
    CHECK_FALSE(bench.master.pending());
    bench.irq(5, true);
    CHECK(bench.master.acknowledge() == 0x25);
    bench.master.write(0, 1, eoi);
    CHECK(bench.intr.level);
    bench.irq(5, false);
    CHECK_FALSE(bench.intr.level);
}

TEST_CASE("8259A: priorities rotate as they are told to", "[devices][pic]") {
    Bench bench;
    SECTION("with a non-specific EOI") {
        bench.raise({1, 5});
        CHECK(bench.master.acknowledge() == 0x21);
        bench.master.write(0, 1, 0xa0);
        bench.irq(1, false);
        bench.raise({1});
        CHECK(bench.master.acknowledge() == 0x25);
    }
    SECTION("with a specific EOI") {
        bench.raise({1, 5});
        CHECK(bench.master.acknowledge() == 0x21);
        bench.master.write(0, 1, 0xe1);
        CHECK(bench.master.state().first_priority == 2);
        CHECK(Bench::in_service(bench.master) == 0);
    }
    SECTION("by setting the last") {
        bench.master.write(0, 1, 0xc4);
        bench.raise({1, 4, 5});
        CHECK(bench.master.acknowledge() == 0x25);
        bench.master.write(0, 1, eoi);
        CHECK(bench.master.acknowledge() == 0x21);
        bench.master.write(0, 1, eoi);
        CHECK(bench.master.acknowledge() == 0x24);
    }
    SECTION("on automatic EOI") {
        bench.initialize(3);
        bench.master.write(0, 1, 0x80);
        bench.raise({1, 3});
        CHECK(bench.master.acknowledge() == 0x21);
        CHECK(Bench::in_service(bench.master) == 0);
        CHECK(bench.master.state().first_priority == 2);
        bench.master.write(0, 1, 0x00);
        CHECK(bench.master.acknowledge() == 0x23);
        CHECK(bench.master.state().first_priority == 2);
    }
}

TEST_CASE("8259A: special mask mode lets lesser ones in", "[devices][pic]") {
    Bench bench;
    bench.raise({1, 6});
    CHECK(bench.master.acknowledge() == 0x21);
    CHECK_FALSE(bench.master.pending());
    bench.master.write(1, 1, 0x02);
    bench.master.write(0, 1, 0x68);
    CHECK(bench.master.acknowledge() == 0x26);
    bench.master.write(0, 1, eoi);  // Not for the masked one.
    CHECK(Bench::in_service(bench.master) == 0x02);
    bench.master.write(0, 1, 0x48);
    bench.irq(6, false);
    bench.irq(6, true);
    CHECK_FALSE(bench.master.pending());
}

TEST_CASE("8259A: special fully nested mode lets the slave interrupt itself", "[devices][pic]") {
    const bool special = GENERATE(false, true);
    Bench bench;
    bench.initialize(special ? 0x11 : 0x01);
    bench.irq(14, true);
    CHECK(bench.master.acknowledge() == 0x2e);
    bench.irq(9, true);
    CHECK(bench.master.pending() == special);
    if (special) CHECK(bench.master.acknowledge() == 0x29);
}

TEST_CASE("8259A: the poll command acknowledges by reading", "[devices][pic]") {
    Bench bench;
    bench.raise({3});
    bench.master.write(0, 1, 0x0c);
    CHECK(bench.master.read(0, 1) == 0x83);
    CHECK(Bench::in_service(bench.master) == 0x08);
    bench.master.write(0, 1, 0x0c);
    CHECK(bench.master.read(1, 1) == 0);
}

TEST_CASE("8259A: initialization clears mask and edges", "[devices][pic]") {
    Bench bench;
    bench.master.write(1, 1, 0xff);
    bench.raise({3});
    bench.master.write(0, 1, 0x13);  // Single, with ICW4.
    bench.master.write(1, 1, 0x47);
    bench.master.write(1, 1, 0x01);
    CHECK(bench.master.read(1, 1) == 0);
    CHECK_FALSE(bench.master.pending());
    bench.irq(3, false);
    bench.raise({3});
    CHECK(bench.master.acknowledge() == 0x43);
}

TEST_CASE("8259A: INT falls between one acknowledgement and the next request", "[devices][pic]") {
    Bench bench;
    bench.raise({6});
    bench.intr.times_driven = 0;
    CHECK(bench.master.acknowledge() == 0x26);
    bench.irq(1, true);
    CHECK(bench.intr.level);
    CHECK(bench.intr.times_driven >= 2);
}

TEST_CASE("8259A: state survives a snapshot", "[devices][pic][snapshot]") {
    Bench bench;
    bench.master.write(1, 1, 0x80);
    bench.master.edge_level_control().write(0, 1, 0x20);
    bench.raise({1, 5, 14});
    bench.master.acknowledge();
    bench.master.write(0, 1, 0x11);
    bench.master.write(1, 1, 0x70);
    Bench restored;
    test::check_state_survives(bench.master, restored.master);
    test::check_state_survives(bench.slave, restored.slave);
    CHECK(restored.intr.times_driven == 0);
}

TEST_CASE("8259A: conforms to the rules of every device", "[devices][pic][hostile]") {
    Bench bench;
    test::check_survives_any_access(bench.master, 2, 1);
    test::check_survives_any_access(bench.slave, 2, 1);
}
