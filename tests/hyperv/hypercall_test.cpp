// SPDX-License-Identifier: BSD-2-Clause
//
// What TLFS, Hypercall Interface, says of every call: where from, with what, and how it ends.
#include "hyperv/tlfs/hypercall.hpp"

#include <catch2/catch.hpp>

#include "cpu/core/yield.hpp"
#include "tests/hyperv/partition_bench.hpp"

using hyperv::Feature;
using hyperv::Status;
using test::PartitionBench;

namespace {

constexpr u64 fast = 1 << 16;
constexpr u64 reps(u64 count, u64 start = 0) { return count << 32 | start << 48; }
constexpr u64 variable(u64 words) { return words << 17; }
constexpr u64 status(Status value) { return static_cast<u64>(value); }

constexpr u64 flush_space = 0x02;
constexpr u64 flush_list = 0x03;
constexpr u64 long_spin = 0x08;
constexpr u64 post_message = 0x5c;

}  // namespace

TEST_CASE("Hypercalls: the table is sorted, named and whole", "[hyperv][hypercall]") {
    for (const hyperv::HypercallRow& row : hyperv::hypercall_table()) {
        CAPTURE(row.name);
        CHECK(row.name.starts_with("HvCall"));
        CHECK(hyperv::find_hypercall(row.code) == &row);
        CHECK(row.handle != nullptr);
        CHECK(row.describe != nullptr);
        CHECK(row.header_bytes % 8 == 0);
        CHECK(row.output_bytes % 8 == 0);
        CHECK((row.rep || row.element_bytes == 0));
    }
    CHECK(hyperv::find_hypercall(0) == nullptr);
    CHECK(hyperv::find_hypercall(0xffff) == nullptr);
}

TEST_CASE("Hypercalls: from where they do not exist", "[hyperv][hypercall]") {
    PartitionBench bench;
    CHECK(bench.call_is_undefined(long_spin | fast));  // No page yet.
    bench.enable_hypercalls();
    CHECK(bench.call(long_spin | fast) == 0);
    bench.bench.long_mode(3);
    CHECK(bench.call_is_undefined(long_spin | fast));
    bench.first.state.cr0 &= ~cpu::cr0::PE;
    bench.first.state.cpl = 0;
    CHECK(bench.call_is_undefined(long_spin | fast));
}

TEST_CASE("Hypercalls: what is wrong with the input value", "[hyperv][hypercall]") {
    const auto [control, expected] = GENERATE(table<u64, Status>({
        {0x0000, Status::InvalidHypercallCode},
        {0x0001, Status::InvalidHypercallCode},
        {0xffff, Status::InvalidHypercallCode},
        {long_spin | fast, Status::Success},
        {long_spin | fast | u64{1} << 27, Status::InvalidHypercallInput},
        {long_spin | fast | u64{1} << 30, Status::InvalidHypercallInput},
        {long_spin | fast | u64{1} << 31, Status::InvalidHypercallInput},
        {long_spin | fast | u64{1} << 44, Status::InvalidHypercallInput},
        {long_spin | fast | u64{1} << 63, Status::InvalidHypercallInput},
        {long_spin | fast | reps(1), Status::InvalidHypercallInput},
        {long_spin | fast | reps(0, 1), Status::InvalidHypercallInput},
        {long_spin | fast | variable(1), Status::InvalidHypercallInput},
        {flush_list, Status::InvalidHypercallInput},
        {flush_list | reps(1, 1), Status::InvalidHypercallInput},
        {flush_list | reps(2, 3), Status::InvalidHypercallInput},
        {flush_list | reps(1), Status::Success},
        {post_message | fast, Status::InvalidHypercallInput},  // 256 bytes are no 112.
    }));
    CAPTURE(control);
    PartitionBench bench;
    bench.enable_hypercalls();
    const u64 done = expected == Status::Success ? ((control >> 32) & 0xfff) << 32 : 0;
    CHECK(bench.call(control) == (status(expected) | done));
}

TEST_CASE("Hypercalls: where input may be", "[hyperv][hypercall]") {
    PartitionBench bench;
    bench.enable_hypercalls();
    const u64 page = PartitionBench::input_page;
    CHECK(bench.call(flush_space, page) == 0);
    CHECK(bench.call(flush_space, page + 4) == status(Status::InvalidAlignment));
    CHECK(bench.call(flush_space, page + 0xff0) == status(Status::InvalidAlignment));
    CHECK(bench.call(flush_space, page + 0xfe8) == 0);
    CHECK(bench.call(flush_space, u64{1} << 60) == status(Status::InvalidAlignment));
    CHECK(bench.call(flush_space, ~u64{7}) == status(Status::InvalidAlignment));
    CHECK(bench.call(flush_space, 0xfee0'0000) == status(Status::InvalidAlignment));
    // Output that there is none of may be anywhere.
    CHECK(bench.call(flush_space, page, 1) == 0);
    CHECK(bench.call(flush_list | reps(509), page) == (u64{509} << 32));
    CHECK(bench.call(flush_list | reps(510), page) == status(Status::InvalidAlignment));
}

TEST_CASE("Hypercalls: many elements take several turns", "[hyperv][hypercall]") {
    PartitionBench bench;
    bench.enable_hypercalls();
    cpu::Vcpu& vcpu = bench.first;
    vcpu.state.reg(cpu::Gpr::Rcx) = flush_list | reps(200);
    vcpu.state.reg(cpu::Gpr::Rdx) = PartitionBench::input_page;
    u32 turns = 1;
    u64 start = 0;
    for (; vcpu.ports.hypercalls->call(vcpu) == cpu::Step::Jump; ++turns) {
        const u64 reached = (vcpu.state.reg(cpu::Gpr::Rcx) >> 48) & 0xfff;
        CHECK(reached > start);
        start = reached;
    }
    CHECK(turns > 1);
    CHECK(vcpu.state.reg(cpu::Gpr::Rax) == u64{200} << 32);

    // An element that is wrong: those before it are done.
    bench.bench.poke<u64>(PartitionBench::input_page + 8, u64{1} << 40);
    CHECK(bench.call(flush_list | reps(10, 4)) ==
          (status(Status::InvalidParameter) | u64{4} << 32));
}

TEST_CASE("Hypercalls: 32-bit callers have other registers", "[hyperv][hypercall]") {
    PartitionBench bench;
    bench.enable_hypercalls();
    bench.bench.long_mode(0, true);
    cpu::CpuState& state = bench.first.state;
    state.reg(cpu::Gpr::Rdx) = reps(3) >> 32;
    state.reg(cpu::Gpr::Rax) = flush_list;
    state.reg(cpu::Gpr::Rbx) = 0;
    state.reg(cpu::Gpr::Rcx) = PartitionBench::input_page;
    REQUIRE(bench.first.ports.hypercalls->call(bench.first) == cpu::Step::Next);
    CHECK(state.reg(cpu::Gpr::Rdx) == 3);
    CHECK(state.reg(cpu::Gpr::Rax) == 0);
    CHECK(state.reg(cpu::Gpr::Rcx) == PartitionBench::input_page);
}

TEST_CASE("Hypercalls: XMM input", "[hyperv][hypercall]") {
    PartitionBench bench;
    bench.enable_hypercalls();
    bench.first.state.vector[0].lanes[0] = 3;  // The processor mask.
    CHECK(bench.call(flush_space | fast, 0x1000, 0) == 0);
    CHECK(bench.first.state.reg(cpu::Gpr::Rdx) == 0x1000);
    // The flags are R8.
    CHECK(bench.call(flush_space | fast, 0x1000, 1 << 9) == status(Status::InvalidParameter));
    // 24 bytes of header leave room for eleven elements.
    CHECK(bench.call(flush_list | fast | reps(11), 0, 0) == u64{11} << 32);
    CHECK(bench.call(flush_list | fast | reps(12), 0, 0) == status(Status::InvalidHypercallInput));

    hyperv::FeatureSet without = hyperv::preset("minimal");
    without.add(Feature::RemoteFlush);
    PartitionBench plain(without);
    plain.enable_hypercalls();
    CHECK(plain.call_is_undefined(flush_space | fast));
    CHECK(plain.call(flush_space) == 0);
}

TEST_CASE("Hypercalls: what a partition may not, or knows nothing of", "[hyperv][hypercall]") {
    PartitionBench bench(hyperv::preset("minimal"));
    bench.enable_hypercalls();
    for (const hyperv::HypercallRow& row : hyperv::hypercall_table()) {
        CAPTURE(row.name);
        CHECK(bench.call(row.code) == status(row.without));
    }
    CHECK(bench.call(post_message) == status(Status::AccessDenied));
    CHECK(bench.call(flush_space) == status(Status::InvalidHypercallCode));
}

TEST_CASE("Hypercalls: a long spin is the end of a turn", "[hyperv][hypercall]") {
    PartitionBench bench;
    bench.enable_hypercalls();
    CHECK_FALSE(cpu::take_yield(bench.first));
    CHECK(bench.call(long_spin | fast, 4095) == 0);
    CHECK(cpu::take_yield(bench.first));
}

TEST_CASE("Hypercalls: whatever is asked, an answer comes", "[hyperv][hypercall][hostile]") {
    PartitionBench bench;
    bench.enable_hypercalls();
    bench.enable_synic();
    u64 random = 1;
    const auto next = [&random] {
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        return random;
    };
    const u64 places[] = {PartitionBench::input_page, PartitionBench::hypercall_page,
                          PartitionBench::message_page, 0xfee0'0000, ~u64{0}};
    const auto table = hyperv::hypercall_table();
    for (int i = 0; i < 50'000; ++i) {
        u64 control = table[next() % table.size()].code;
        if (next() % 4 == 0) control = next() & 0xffff;
        if (next() % 2) control |= fast;
        if (next() % 2) control |= (next() % 6) << 17;
        if (next() % 2) control |= (next() % 600) << 32 | (next() % 8) << 48;
        if (next() % 16 == 0) control ^= u64{1} << (next() % 64);
        for (u64 at = 0; at < 64; at += 8) {
            bench.bench.poke(PartitionBench::input_page + at, next() >> (next() % 64));
        }
        const u64 where = places[next() % std::size(places)] + (next() % 3 ? 0 : next() % 4096);
        const u64 result = bench.call(control, where, places[next() % std::size(places)]);
        CHECK((result & 0xffff'f000'ffff'0000) == 0);
    }
}

TEST_CASE("Registers by hypercall: read, written, and named wrongly", "[hyperv][hypercall]") {
    PartitionBench bench;
    bench.enable_hypercalls();
    constexpr u64 get = 0x50;
    constexpr u64 set = 0x51;
    constexpr u64 in = PartitionBench::input_page;
    constexpr u64 out = PartitionBench::output_page;
    bench.bench.poke<u64>(in, ~u64{0});
    bench.bench.poke<u64>(in + 8, 1);  // The other processor.
    bench.vcpus[1]->state.gpr[3] = 0x1234;
    bench.vcpus[1]->state.vector[2].lanes = {5, 6, 7, 8};
    bench.bench.poke<u32>(in + 16, 0x0002'0003);
    bench.bench.poke<u32>(in + 20, 0x0003'0002);
    bench.bench.poke<u32>(in + 24, 0x0009'0003);
    CHECK(bench.call(get | reps(3)) == u64{3} << 32);
    CHECK(bench.bench.peek<u64>(out) == 0x1234);
    CHECK(bench.bench.peek<u64>(out + 16) == 5);
    CHECK(bench.bench.peek<u64>(out + 24) == 6);
    CHECK(bench.bench.peek<u64>(out + 32) == 1);

    bench.bench.poke<u32>(in + 20, 0x0999'0000);
    CHECK(bench.call(get | reps(3)) == (status(Status::InvalidParameter) | u64{1} << 32));
    bench.bench.poke<u32>(in + 8, 2);
    CHECK(bench.call(get | reps(1)) == status(Status::InvalidVpIndex));
    bench.bench.poke<u32>(in + 8, 0xffff'fffe);
    CHECK(bench.call(get | reps(1)) == u64{1} << 32);
    bench.bench.poke<u64>(in, 77);
    CHECK(bench.call(get | reps(1)) == status(Status::AccessDenied));

    bench.bench.poke<u64>(in, ~u64{0});
    bench.bench.poke<u64>(in + 16, 0x000a'0002);  // SINT2
    bench.bench.poke<u64>(in + 32, 0x55);
    bench.bench.poke<u64>(in + 40, 0);
    CHECK(bench.call(set | reps(1)) == u64{1} << 32);
    CHECK(bench.read(test::hv_msr::Sint0 + 2) == 0x55);
    bench.bench.poke<u64>(in + 32, 0x05);
    CHECK(bench.call(set | reps(1)) == status(Status::InvalidRegisterValue));
    for (const u32 read_only : {0x0002'0010u, 0x0009'0003u, 0x000a'0011u}) {
        bench.bench.poke<u64>(in + 16, u64{read_only});
        CHECK(bench.call(set | reps(1)) == status(Status::InvalidParameter));
    }
    bench.bench.poke<u64>(in + 16, 0x0004'0004);  // CR8
    CHECK(bench.call(set | reps(1)) == u64{1} << 32);
    CHECK(bench.read(test::hv_msr::Tpr) == 0x50);
}

TEST_CASE("Hypercalls: XMM output behind the input", "[hyperv][hypercall]") {
    PartitionBench bench(hyperv::parse_features("full,partition-id").value());
    bench.enable_hypercalls();
    // No input: the output begins with RDX.
    CHECK(bench.call(0x46 | fast, 0, 0) == 0);
    CHECK(bench.first.state.reg(cpu::Gpr::Rdx) == 1);
    // A header of 16 bytes and four names: the values are in XMM1 and behind it.
    cpu::CpuState& state = bench.first.state;
    state.vector[0].lanes = {0x0009'0003'0009'0003, 0x0009'0003'0009'0003, 0, 0};
    state.gpr[static_cast<u8>(cpu::Gpr::R9)] = 42;
    CHECK(bench.call(0x50 | fast | reps(4), ~u64{0}, 1) == u64{4} << 32);
    CHECK(state.vector[1].lanes[0] == 1);
    CHECK(state.vector[4].lanes[0] == 1);
    CHECK(state.vector[0].lanes[0] == 0x0009'0003'0009'0003);
    CHECK(state.reg(cpu::Gpr::R8) == 1);
    CHECK(bench.call(0x50 | fast | reps(5), ~u64{0}, 1) == status(Status::InvalidHypercallInput));
    bench.bench.long_mode(0, true);
    state.reg(cpu::Gpr::Rdx) = 0;
    state.reg(cpu::Gpr::Rax) = 0x46 | fast;
    REQUIRE(bench.first.ports.hypercalls->call(bench.first) == cpu::Step::Next);
    CHECK(state.reg(cpu::Gpr::Rax) == status(Status::InvalidHypercallInput));
}

TEST_CASE("Hypercalls: a VP's index by its APIC's ID", "[hyperv][hypercall]") {
    PartitionBench bench;
    bench.enable_hypercalls();
    bench.bench.poke<u64>(PartitionBench::input_page, ~u64{0});
    bench.bench.poke<u64>(PartitionBench::input_page + 16, 1);
    bench.bench.poke<u64>(PartitionBench::input_page + 24, 9);
    CHECK(bench.call(0x9a | reps(2)) == (status(Status::InvalidParameter) | u64{1} << 32));
    CHECK(bench.bench.peek<u32>(PartitionBench::output_page) == 1);
}

TEST_CASE("Hypercalls: a processor is started in the state that is asked for",
          "[hyperv][hypercall]") {
    PartitionBench bench;
    bench.enable_hypercalls();
    const cpu::CpuState& caller = bench.first.state;
    cpu::CpuState& target = bench.vcpus[1]->state;
    constexpr u64 in = PartitionBench::input_page;
    bench.bench.poke<u64>(in, ~u64{0});
    bench.bench.poke<u64>(in + 8, 1);
    bench.bench.poke<u64>(in + 16, 0xffff'ffff'8000'1000);  // RIP
    bench.bench.poke<u64>(in + 24, 0x7000);                 // RSP
    bench.bench.poke<u64>(in + 32, 2);                      // RFLAGS
    bench.bench.poke<u64>(in + 40 + 8, u64{0xa09b} << 48 | u64{8} << 32 | 0xffff'ffff);
    bench.bench.poke<u64>(in + 120 + 8, u64{0xc093} << 48 | u64{16} << 32 | 0xffff'ffff);
    bench.bench.poke<u64>(in + 136 + 8, u64{0x008b} << 48 | 0xffff);
    bench.bench.poke<u64>(in + 200, caller.msr.efer);
    bench.bench.poke<u64>(in + 208, caller.cr0 | cpu::cr0::ET);
    bench.bench.poke<u64>(in + 216, caller.cr3);
    bench.bench.poke<u64>(in + 224, caller.cr4);
    bench.bench.poke<u64>(in + 232, 0x0007'0406'0007'0406);
    target.activity = cpu::Activity::Running;
    CHECK(bench.call(0x99) == status(Status::InvalidVpState));

    target.activity = cpu::Activity::WaitForSipi;
    const cpu::CpuState before = target;
    bench.bench.poke<u64>(in + 232, 2);  // No memory type.
    CHECK(bench.call(0x99) == status(Status::InvalidRegisterValue));
    CHECK(target == before);
    bench.bench.poke<u64>(in + 232, 0x0007'0406'0007'0406);
    bench.bench.poke<u64>(in + 224, ~u64{0});
    CHECK(bench.call(0x99) == status(Status::InvalidRegisterValue));
    CHECK(target == before);
    bench.bench.poke<u64>(in + 224, caller.cr4);
    CHECK(bench.call(0x99) == 0);
    CHECK(target.activity == cpu::Activity::Running);
    CHECK(target.rip == 0xffff'ffff'8000'1000);
    CHECK(bench.vcpus[1]->code_mode() == cpu::CodeMode::Bits64);
    CHECK(target.reg(cpu::Gpr::Rsp) == 0x7000);
    CHECK(target.cr3 == caller.cr3);

    bench.bench.poke<u64>(in + 8, 2);
    CHECK(bench.call(0x99) == status(Status::InvalidVpIndex));
    bench.bench.poke<u64>(in + 8, 1 | u64{0x11} << 32);
    CHECK(bench.call(0x99) == status(Status::InvalidVtlState));
    bench.bench.poke<u64>(in, 5);
    CHECK(bench.call(0x99) == status(Status::InvalidPartitionId));
}
