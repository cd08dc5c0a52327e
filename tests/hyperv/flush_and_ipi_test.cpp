// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "cpu/mmu/translation_control.hpp"
#include "tests/hyperv/partition_bench.hpp"

using hyperv::Status;
using test::PartitionBench;

namespace {

constexpr u64 input = PartitionBench::input_page;
constexpr u64 fast = 1 << 16;
constexpr u64 one_rep = u64{1} << 32;

constexpr u64 status(Status value) { return static_cast<u64>(value); }

void add_translation(cpu::Vcpu& vcpu, u64 linear, bool global = false) {
    vcpu.tlb.insert(linear, cpu::current_asid(vcpu),
                    {.physical_page = linear, .page_shift = 12, .global = global});
}
bool knows(const cpu::Vcpu& vcpu, u64 linear) {
    return vcpu.tlb.find(linear, cpu::current_asid(vcpu)).has_value();
}

struct FlushBench : PartitionBench {
    FlushBench() : PartitionBench(hyperv::preset("full"), 4) {
        enable_hypercalls();
        for (cpu::Vcpu* each : vcpus) {
            add_translation(*each, 0x1000);
            add_translation(*each, 0x2000);
            add_translation(*each, 0x5000, true);
        }
    }
    void put(std::initializer_list<u64> words) {
        u64 at = input;
        for (const u64 word : words) {
            bench.poke(at, word);
            at += 8;
        }
    }
};

}  // namespace

TEST_CASE("Flush: the processors of the mask, and no other", "[hyperv][hypercall]") {
    FlushBench bench;
    bench.put({0, 0, 0b0110});
    CHECK(bench.call(0x02) == 0);
    for (usize i = 0; i < 4; ++i) {
        CAPTURE(i);
        const bool kept = i == 0 || i == 3;
        CHECK(knows(*bench.vcpus[i], 0x1000) == kept);
        CHECK(knows(*bench.vcpus[i], 0x5000) == kept);
    }
}

TEST_CASE("Flush: global translations may stay, and nobody is everybody", "[hyperv][hypercall]") {
    FlushBench bench;
    bench.put({0, 4, 0});
    CHECK(bench.call(0x02) == 0);
    for (const cpu::Vcpu* each : bench.vcpus) {
        CHECK_FALSE(knows(*each, 0x1000));
        CHECK(knows(*each, 0x5000));
    }
    bench.put({0, 8, 0});
    CHECK(bench.call(0x02) == status(Status::InvalidParameter));
    bench.put({u64{1} << 62, 1, 0});  // No CR3.
    CHECK(bench.call(0x02) == status(Status::InvalidParameter));
    bench.put({u64{1} << 62, 3, 0});
    CHECK(bench.call(0x02) == 0);
}

TEST_CASE("Flush: a range of pages", "[hyperv][hypercall]") {
    FlushBench bench;
    bench.put({0, 1, 0, 0x1000 | 0});
    CHECK(bench.call(0x03 | one_rep) == one_rep);
    CHECK_FALSE(knows(*bench.vcpus[3], 0x1000));
    CHECK(knows(*bench.vcpus[3], 0x2000));
    bench.put({0, 1, 0, 0x2000 | 3});  // 2000 to 5000.
    CHECK(bench.call(0x03 | one_rep) == one_rep);
    CHECK_FALSE(knows(*bench.vcpus[3], 0x2000));
    CHECK_FALSE(knows(*bench.vcpus[3], 0x5000));
    bench.put({0, 4, 1, 0x2000});
    CHECK(bench.call(0x03 | one_rep) == status(Status::InvalidParameter));
    bench.put({0, 1, 0, ~u64{0}});  // Beyond all addresses.
    CHECK(bench.call(0x03 | one_rep) == one_rep);
}

TEST_CASE("Flush: sets of processors", "[hyperv][hypercall]") {
    FlushBench bench;
    bench.put({0, 0, 0, 1, 0b1000});
    CHECK(bench.call(0x13 | 1 << 17) == 0);
    CHECK(knows(*bench.vcpus[2], 0x1000));
    CHECK_FALSE(knows(*bench.vcpus[3], 0x1000));
    // Banks that nobody is in; the only one comes second.
    bench.put({0, 0, 0, 6, ~u64{0}, ~u64{0}});
    CHECK(bench.call(0x13 | 2 << 17) == 0);
    CHECK(knows(*bench.vcpus[2], 0x1000));
    bench.put({0, 0, 1, 0});
    CHECK(bench.call(0x13) == 0);
    CHECK_FALSE(knows(*bench.vcpus[2], 0x1000));

    bench.put({0, 0, 2, 0});
    CHECK(bench.call(0x13) == status(Status::InvalidParameter));
    bench.put({0, 0, 0, 3, 1});
    CHECK(bench.call(0x13 | 1 << 17) == status(Status::InvalidHypercallInput));
    bench.put({0, 0, 0, 1, 1, 0x2000});
    CHECK(bench.call(0x14 | 1 << 17 | one_rep) == one_rep);
}

TEST_CASE("Cluster IPI: a vector for those in the mask", "[hyperv][hypercall]") {
    FlushBench bench;
    CHECK(bench.call(0x0b | fast, 0x41, 0b1010) == 0);
    for (usize i = 0; i < 4; ++i) {
        CAPTURE(i);
        CHECK(bench.apics[i]->pending() == (i % 2 == 1));
    }
    CHECK(bench.apics[1]->acknowledge() == 0x41);
    CHECK(bench.call(0x0b | fast, 0x0f, 1) == status(Status::InvalidParameter));
    CHECK(bench.call(0x0b | fast, 0x100, 1) == status(Status::InvalidParameter));
    CHECK(bench.call(0x0b | fast, 0x41 | u64{0x11} << 32, 1) == status(Status::InvalidParameter));
    CHECK(bench.call(0x0b | fast, 0xff, ~u64{0}) == 0);
    CHECK(bench.apics[0]->acknowledge() == 0xff);

    bench.put({0x30, 0, 1, 0b0001});
    CHECK(bench.call(0x15 | 1 << 17) == 0);
    bench.apics[0]->end_of_interrupt();
    CHECK(bench.apics[0]->acknowledge() == 0x30);
}
