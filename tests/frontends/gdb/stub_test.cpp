// SPDX-License-Identifier: BSD-2-Clause
//
// The protocol, word by word, without GDB: what GDB itself makes of it is in gdb_test.py.
#include "frontends/gdb/stub.hpp"

#include <fmt/format.h>
#include <catch2/catch.hpp>

#include <array>

#include "tests/machine/guest.hpp"

using frontends::gdb::Architecture;
using frontends::gdb::Stub;
using machine::RunOutcome;
using test::Guest;

namespace {

struct Bench {
    explicit Bench(Architecture architecture = Architecture::X86_64)
        : stub(debugger, architecture, [](const std::string& command, u32 processor) {
              return command + " of " + std::to_string(processor) + "\n";
          }) {
        stub.begin();
        (void)ask("QStartNoAckMode");
    }

    /// The answer's payload, or nothing if there is none.
    std::string ask(const std::string& request) {
        const std::string wire = frontends::gdb::framed(request);
        stub.take(std::span(reinterpret_cast<const u8*>(wire.data()), wire.size()));
        return answer();
    }
    std::string answer() {
        const std::string out = stub.take_output();
        std::string payload;
        for (const auto& event :
             reader.take(std::span(reinterpret_cast<const u8*>(out.data()), out.size()))) {
            if (!event.payload.empty()) payload += (payload.empty() ? "" : " ") + event.payload;
        }
        return payload;
    }
    /// As long as GDB wants it to run; then what it was told.
    std::string run(u64 until = 1'000'000) {
        while (stub.wants_to_run()) {
            const RunOutcome outcome = guest.machine->run_until(until);
            if (outcome != RunOutcome::Debugger) return "";
            if (const auto stop = debugger.look_at_stop()) stub.stopped(*stop);
        }
        return answer();
    }
    u64 rip() { return guest.state().rip; }

    Guest guest;
    machine::Debugger debugger{*guest.machine};
    Stub stub;
    frontends::gdb::PacketReader reader;
};

constexpr u64 reset_vector = 0xffff'fff0;

}  // namespace

TEST_CASE("GDB stub: says what it can do, and who is there", "[frontends][gdb]") {
    Bench bench;
    CHECK(bench.ask("qSupported:swbreak+;hwbreak+").find("qXfer:features:read+") !=
          std::string::npos);
    CHECK(bench.ask("?") == "T05thread:1;");
    CHECK(bench.ask("qfThreadInfo") == "m1");
    CHECK(bench.ask("qsThreadInfo") == "l");
    CHECK(bench.ask("qC") == "QC1");
    CHECK(bench.ask("T1") == "OK");
    CHECK(bench.ask("T2") == "E16");
    CHECK(bench.ask("Hg1") == "OK");
    CHECK(bench.ask("Hc-1") == "OK");
    CHECK(bench.ask("Hg2") == "E16");
    CHECK(bench.ask("vCont?") == "vCont;c;C;s;S");
    CHECK(bench.ask("qThreadExtraInfo,1") == frontends::gdb::hex_of("CPU 0 [running]"));
    CHECK(bench.ask("qRcmd,6869") == "O" + frontends::gdb::hex_of("hi of 0\n") + " OK");
    CHECK(bench.ask("vMustReplyEmpty").empty());
    CHECK(bench.ask("bc").empty());
}

TEST_CASE("GDB stub: the description and the registers agree", "[frontends][gdb]") {
    const auto architecture =
        GENERATE(Architecture::X86_64, Architecture::I386, Architecture::I8086);
    Bench bench(architecture);
    std::string xml;
    while (true) {
        const std::string part =
            bench.ask(fmt::format("qXfer:features:read:target.xml:{:x},ff", xml.size()));
        REQUIRE_FALSE(part.empty());
        xml += part.substr(1);
        if (part[0] == 'l') break;
    }
    usize bits = 0;
    usize count = 0;
    constexpr std::string_view key = "bitsize=\"";
    for (usize at = xml.find(key); at != std::string::npos; at = xml.find(key, at + 1)) {
        bits += std::stoul(xml.substr(at + key.size()));
        ++count;
    }
    CHECK(bench.ask("g").size() == bits / 4);
    CHECK(bench.ask(fmt::format("p{:x}", count - 1)).size() > 3);
    CHECK(bench.ask(fmt::format("p{:x}", count)) == "E16");
    const std::string pc = bench.ask(architecture == Architecture::X86_64 ? "p10" : "p8");
    CHECK(pc == (architecture == Architecture::X86_64 ? "f0ffffff00000000" : "f0ffffff"));
    CHECK(bench.ask("qXfer:features:read:target.xml:ffffff,10") == "l");
    CHECK(bench.ask("qXfer:features:read:other.xml:0,10").empty());
}

TEST_CASE("GDB stub: registers and memory are written through the journal", "[frontends][gdb]") {
    Bench bench;
    CHECK(bench.ask("P0=efcdab8967452301") == "OK");
    CHECK(bench.guest.state().gpr[0] == 0x0123'4567'89ab'cdef);
    CHECK(bench.ask("p0") == "efcdab8967452301");
    const std::string all = bench.ask("g");
    CHECK(bench.ask("G" + all) == "OK");
    CHECK(bench.ask("G0000000000000000" + all.substr(16)) == "OK");
    CHECK(bench.guest.state().gpr[0] == 0);
    CHECK(bench.ask("M1000,4:01020304") == "OK");
    CHECK(bench.ask("m0ffe,8") == "0000010203040000");
    CHECK(bench.ask("X1000,2:#\xff") == "OK");  // Escaped on the wire.
    CHECK(bench.ask("m1000,2") == "23ff");
    CHECK(bench.ask("M1000,4:0102") == "E16");
    CHECK(bench.ask("mfee00000,4") == "E0e");  // A device: left alone.
    CHECK(bench.ask("Mfffffff0,1:90").starts_with("E."));
    CHECK(bench.ask("P10=zz") == "E16");
    CHECK(bench.ask("Pffff=00") == "E16");
    CHECK(bench.guest.machine->journal().log().size() > 3);
}

TEST_CASE("GDB stub: steps, breakpoints and watchpoints stop it, with their reason",
          "[frontends][gdb]") {
    Bench bench;
    (void)bench.ask("qSupported:swbreak+;hwbreak+");
    REQUIRE(cpu::linear_rip(bench.guest.machine->board().vcpu()) == reset_vector);
    CHECK(bench.ask("vCont;s:1").empty());
    CHECK(bench.run() == "T05thread:1;");
    CHECK(bench.guest.machine->retired() == 1);
    const u64 here = cpu::linear_rip(bench.guest.machine->board().vcpu());

    CHECK(bench.ask(fmt::format("Z0,{:x},1", here + 1)) == "OK");
    CHECK(bench.ask("c").empty());
    CHECK(bench.run() == "T05swbreak:;thread:1;");
    CHECK(cpu::linear_rip(bench.guest.machine->board().vcpu()) == here + 1);
    CHECK(bench.ask(fmt::format("z0,{:x},1", here + 1)) == "OK");
    CHECK(bench.ask(fmt::format("z0,{:x},1", here + 1)) == "E16");

    CHECK(bench.ask("Z2,8000,4") == "OK");  // The guest's page tables, made by its start.
    CHECK(bench.ask("vCont;c").empty());
    CHECK(bench.run() == "T05watch:8000;thread:1;");
    CHECK(bench.ask("z2,8000,4") == "OK");
    CHECK(bench.ask("z2,8000,4") == "E16");
    CHECK(bench.ask("Z5,0,1").empty());
    CHECK(bench.ask("Z0,0").starts_with("E"));
}

TEST_CASE("GDB stub: an interrupt stops a running guest, and only that", "[frontends][gdb]") {
    Bench bench;
    const std::array<u8, 1> interrupt = {3};
    bench.stub.take(interrupt);
    CHECK(bench.answer().empty());
    (void)bench.ask("vCont;c");
    REQUIRE(bench.run(1000).empty());
    bench.stub.take(interrupt);
    CHECK(bench.answer() == "T02thread:1;");
    CHECK_FALSE(bench.stub.wants_to_run());
    CHECK(bench.ask("D") == "OK");
    CHECK(bench.stub.end() == Stub::End::Detached);
    bench.stub.begin();
    CHECK(bench.stub.end() == Stub::End::None);
    (void)bench.ask("vKill;1");
    CHECK(bench.stub.end() == Stub::End::Killed);
}

TEST_CASE("GDB stub: acknowledges until both agree not to", "[frontends][gdb]") {
    Guest guest;
    machine::Debugger debugger{*guest.machine};
    Stub stub(debugger, Architecture::X86_64, [](const auto&, u32) { return ""; });
    stub.begin();
    const auto send = [&](std::string_view wire) {
        stub.take(std::span(reinterpret_cast<const u8*>(wire.data()), wire.size()));
        return stub.take_output();
    };
    CHECK(send("$qC#b4") == "+$QC1#c5");
    CHECK(send("-") == "$QC1#c5");
    CHECK(send("$qC#00") == "-");
    CHECK(send("$QStartNoAckMode#b0") == "+$OK#9a");
    CHECK(send("$qC#b4") == "$QC1#c5");
    CHECK(send("$qC#00").empty());
}

TEST_CASE("GDB stub: requests that make no sense are refused", "[frontends][gdb][hostile]") {
    Bench bench;
    const u64 hash = bench.guest.hash();
    for (const std::string request : {"m",
                                      "m1",
                                      "m1,",
                                      "m,1",
                                      "mffffffffffffffff,ffffffffffffffff",
                                      "M",
                                      "M1,1",
                                      "M1,1:",
                                      "X1,1",
                                      "p",
                                      "P",
                                      "P0",
                                      "P0=",
                                      "G",
                                      "Gzz",
                                      "H",
                                      "Hx1",
                                      "T",
                                      "Z",
                                      "Z0",
                                      "z9,1,1",
                                      "vCont;",
                                      "vCont;x",
                                      "vCont;s:99",
                                      "vCont;c:zz",
                                      "qRcmd,1",
                                      "qThreadExtraInfo,",
                                      "qXfer:features:read:target.xml:",
                                      "Q",
                                      "q",
                                      "v",
                                      "\xff",
                                      "x1"}) {
        CAPTURE(request);
        const std::string answer = bench.ask(request);
        const bool harmless = answer.empty() || answer[0] == 'E' || answer == "OK" || answer == "l";
        CHECK(harmless);
        bench.debugger.cancel_step();
        (void)bench.stub.take_output();
    }
    CHECK(bench.guest.hash() == hash);
    CHECK(bench.rip() == 0xfff0);
}
