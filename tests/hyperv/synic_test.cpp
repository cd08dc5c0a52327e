// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/synic.hpp"

#include <catch2/catch.hpp>

#include "tests/hyperv/partition_bench.hpp"

using hyperv::Status;
using hyperv::Synic;
using test::PartitionBench;
using namespace test::hv_msr;

namespace {

constexpr u32 sint2 = Sint0 + 2;

Synic::Message message(u32 type, u8 source = 2, u64 port = 7) {
    return {.source = source, .type = type, .origin = port, .payload = {1, 2, 3, 4, 5, 6, 7, 8}};
}

struct SynicBench : PartitionBench {
    SynicBench() { enable_synic(); }

    Synic& synic() { return vp().synic(); }
    u32 type_in_slot(usize source = 2) { return bench.peek<u32>(slot(source)); }
    bool pending_flag(usize source = 2) { return (bench.peek<u8>(slot(source) + 5) & 1) != 0; }
    void empty_slot(usize source = 2) { bench.poke<u32>(slot(source), 0); }
    /// Takes what the APIC has, and ends it.
    u8 take_interrupt() {
        if (!apics[0]->pending()) return 0;
        const u8 vector = apics[0]->acknowledge();
        apics[0]->end_of_interrupt();
        return vector;
    }
};

}  // namespace

TEST_CASE("SynIC: how its registers begin", "[hyperv][synic]") {
    PartitionBench bench;
    CHECK(bench.read(Scontrol) == 0);
    CHECK(bench.read(0x4000'0081) == 1);
    CHECK(bench.read(Simp) == 0);
    CHECK(bench.read(Siefp) == 0);
    CHECK(bench.read(Eom) == 0);
    for (u32 source = 0; source < 16; ++source) CHECK(bench.read(Sint0 + source) == 0x1'0000);
}

TEST_CASE("SynIC: a source has no exception's vector, unless it is masked", "[hyperv][synic]") {
    PartitionBench bench;
    for (u64 vector = 0; vector < 16; ++vector) {
        CHECK_FALSE(bench.write(sint2, vector));
        CHECK(bench.write(sint2, 0x1'0000 | vector));
    }
    CHECK(bench.write(sint2, 16));
    CHECK(bench.write(sint2, ~u64{0}));
    CHECK(bench.read(sint2) == ~u64{0});
}

TEST_CASE("SynIC: a message in its slot, and an interrupt", "[hyperv][synic]") {
    SynicBench bench;
    CHECK(bench.synic().post(message(0x77)) == Status::Success);
    CHECK(bench.type_in_slot() == 0x77);
    CHECK(bench.bench.peek<u8>(bench.slot(2) + 4) == 8);
    CHECK_FALSE(bench.pending_flag());
    CHECK(bench.bench.peek<u64>(bench.slot(2) + 8) == 7);
    CHECK(bench.bench.peek<u64>(bench.slot(2) + 16) == 0x0807'0605'0403'0201);
    CHECK(bench.take_interrupt() == 0x50);
}

TEST_CASE("SynIC: what finds the slot taken waits, and keeps its order", "[hyperv][synic]") {
    SynicBench bench;
    for (u32 type = 1; type <= 4; ++type) {
        CHECK(bench.synic().post(message(type)) == Status::Success);
    }
    CHECK(bench.type_in_slot() == 1);
    CHECK(bench.pending_flag());
    CHECK(bench.take_interrupt() == 0x50);
    CHECK(bench.type_in_slot() == 1);  // The EOI found it still there.

    bench.empty_slot();
    CHECK(bench.write(Eom, 0));
    CHECK(bench.type_in_slot() == 2);
    CHECK(bench.pending_flag());
    // Empty before its EOI: that does as well.
    CHECK(bench.apics[0]->acknowledge() == 0x50);
    bench.empty_slot();
    CHECK(bench.write(Eoi, 0));
    CHECK(bench.type_in_slot() == 3);
    CHECK(bench.take_interrupt() == 0x50);
    bench.empty_slot();
    CHECK(bench.write(Eom, 0));
    CHECK(bench.type_in_slot() == 4);
    CHECK_FALSE(bench.pending_flag());
}

TEST_CASE("SynIC: each port has sixteen buffers", "[hyperv][synic]") {
    SynicBench bench;
    CHECK(bench.synic().post(message(1)) == Status::Success);
    for (u32 i = 0; i < 16; ++i) CHECK(bench.synic().post(message(2 + i)) == Status::Success);
    CHECK(bench.synic().post(message(99)) == Status::InsufficientBuffers);
    CHECK(bench.synic().post(message(99, 2, 8)) == Status::Success);  // Another port's.
    CHECK(bench.synic().post(message(5, 3)) == Status::Success);      // Another source.
    CHECK(bench.type_in_slot(3) == 5);
}

TEST_CASE("SynIC: masked, it fills the slot in silence", "[hyperv][synic]") {
    SynicBench bench;
    REQUIRE(bench.write(sint2, 0x1'0050));
    CHECK(bench.synic().post(message(1)) == Status::Success);
    CHECK(bench.type_in_slot() == 1);
    CHECK(bench.take_interrupt() == 0);
    bench.empty_slot();
    REQUIRE(bench.write(sint2, 0x4'0050));  // Polled.
    CHECK(bench.synic().post(message(2)) == Status::Success);
    CHECK(bench.type_in_slot() == 2);
    CHECK(bench.take_interrupt() == 0);
}

TEST_CASE("SynIC: off, or without its page, it is no target", "[hyperv][synic]") {
    SynicBench bench;
    REQUIRE(bench.write(Scontrol, 0));
    CHECK(bench.synic().post(message(1)) == Status::InvalidSynicState);
    CHECK(bench.synic().signal_event(2, 0) == Status::InvalidSynicState);
    REQUIRE(bench.write(Scontrol, 1));
    REQUIRE(bench.write(Simp, 0));
    CHECK(bench.synic().post(message(1)) == Status::InvalidSynicState);
}

TEST_CASE("SynIC: auto-EOI leaves nothing in service", "[hyperv][synic]") {
    SynicBench bench;
    REQUIRE(bench.write(sint2, 0x2'0050));
    CHECK(bench.synic().post(message(1)) == Status::Success);
    CHECK(bench.apics[0]->acknowledge() == 0x50);
    CHECK(bench.apics[0]->processor_priority() == 0);
    REQUIRE(bench.write(sint2, 0x50));
    bench.empty_slot();
    CHECK(bench.synic().post(message(1)) == Status::Success);
    CHECK(bench.apics[0]->acknowledge() == 0x50);
    CHECK(bench.apics[0]->processor_priority() == 0x50);
}

TEST_CASE("SynIC: an event flag interrupts when it goes up", "[hyperv][synic]") {
    SynicBench bench;
    const u64 flags = PartitionBench::event_page + 2 * 256;
    CHECK(bench.synic().signal_event(2, 2047) == Status::Success);
    CHECK(bench.bench.peek<u8>(flags + 255) == 0x80);
    CHECK(bench.take_interrupt() == 0x50);
    CHECK(bench.synic().signal_event(2, 2047) == Status::Success);
    CHECK(bench.take_interrupt() == 0);
    CHECK(bench.synic().signal_event(2, 2046) == Status::Success);
    CHECK(bench.take_interrupt() == 0x50);
    REQUIRE(bench.write(sint2, 0x1'0050));
    CHECK(bench.synic().signal_event(2, 1) == Status::InvalidSynicState);
}

TEST_CASE("SynIC: its pages move, and take their contents along", "[hyperv][synic]") {
    SynicBench bench;
    CHECK(bench.synic().post(message(0x77)) == Status::Success);
    constexpr u64 elsewhere = 0xb'0000;
    REQUIRE(bench.write(Simp, elsewhere | 1));
    CHECK(bench.bench.peek<u32>(elsewhere + 512) == 0x77);
    CHECK(bench.type_in_slot() == 0);  // What was beneath.
}

TEST_CASE("Messages and events: to whoever has a port", "[hyperv][synic]") {
    SynicBench bench;
    bench.enable_hypercalls();
    std::vector<u8> got;
    u16 flag = 0xffff;
    auto& connections = bench.partition->connections();
    connections.add_message_port(1, [&](u32 type, std::span<const u8> payload) {
        got.assign(payload.begin(), payload.end());
        return type == 5 ? Status::InsufficientBuffers : Status::Success;
    });
    connections.add_event_port(2, {.flags = 4, .take = [&](u16 number) {
                                       flag = number;
                                       return Status::Success;
                                   }});
    const auto post = [&](u32 connection, u32 type, u32 size) {
        bench.bench.poke<u32>(PartitionBench::input_page, connection);
        bench.bench.poke<u32>(PartitionBench::input_page + 8, type);
        bench.bench.poke<u32>(PartitionBench::input_page + 12, size);
        bench.bench.poke<u32>(PartitionBench::input_page + 16, 0x0403'0201);
        return static_cast<Status>(bench.call(0x5c));
    };
    CHECK(post(1, 1, 3) == Status::Success);
    CHECK(got == std::vector<u8>{1, 2, 3});
    CHECK(post(1, 1, 240) == Status::Success);
    CHECK(post(1, 5, 1) == Status::InsufficientBuffers);
    CHECK(post(1, 1, 241) == Status::InvalidParameter);
    CHECK(post(1, 0, 1) == Status::InvalidParameter);
    CHECK(post(1, 0x8000'0001, 1) == Status::InvalidParameter);
    CHECK(post(2, 1, 1) == Status::InvalidPortId);
    CHECK(post(3, 1, 1) == Status::InvalidConnectionId);

    constexpr u64 signal = 0x5d | 1 << 16;
    CHECK(bench.call(signal, 2 | u64{3} << 32) == 0);
    CHECK(flag == 3);
    CHECK(static_cast<Status>(bench.call(signal, 2 | u64{4} << 32)) == Status::InvalidParameter);
    CHECK(static_cast<Status>(bench.call(signal, 2 | u64{1} << 48)) == Status::InvalidParameter);
    CHECK(static_cast<Status>(bench.call(signal, 1)) == Status::InvalidPortId);
    connections.remove(2);
    CHECK(static_cast<Status>(bench.call(signal, 2)) == Status::InvalidConnectionId);
}
