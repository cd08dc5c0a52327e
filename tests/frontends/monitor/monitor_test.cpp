// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/monitor/monitor.hpp"

#include <catch2/catch.hpp>

#include "fabric/host/file.hpp"
#include "tests/machine/pc_guest.hpp"
#include "tests/support/temporary_folder.hpp"

using frontends::DumpFormat;

namespace {

struct Steered final : frontends::Steering {
    std::string asked;
    bool paused() const override { return true; }
    void pause() override { asked += "pause "; }
    void resume() override { asked += "resume "; }
    void step(u32 processor) override { asked += "step " + std::to_string(processor) + " "; }
    void leave() override { asked += "leave "; }
};

struct Bench {
    explicit Bench(machine::PcConfig config) : guest(config) {}

    std::string ask(const std::string& line) { return monitor.execute(line, std::nullopt); }
    bool says(const std::string& line, const std::string& text) {
        return ask(line).find(text) != std::string::npos;
    }

    test::PcGuest guest;
    machine::Debugger debugger{*guest.machine};
    Steered steered;
    frontends::Monitor monitor{debugger, steered};
};

machine::PcConfig two_processors() {
    machine::PcConfig config = test::pc_config();
    config.processors = 2;
    return config;
}

std::optional<u64> no_register(std::string_view) { return std::nullopt; }

}  // namespace

TEST_CASE("Monitor: words, numbers and formats", "[frontends][monitor]") {
    using frontends::parse_dump_format;
    using frontends::value_of;
    CHECK(frontends::words_of("  dump 0x10 16  \"a file\" ") ==
          std::vector<std::string>{"dump", "0x10", "16", "a file"});
    CHECK(frontends::words_of("").empty());
    CHECK(value_of("0x10+16-1", no_register).value() == 31);
    CHECK(value_of("$rsp+8", [](auto) { return std::optional<u64>(0x100); }).value() == 0x108);
    for (const char* wrong : {"", "0x", "12z", "$nothing", "1+", "99999999999999999999"}) {
        CAPTURE(wrong);
        CHECK_FALSE(value_of(wrong, no_register));
    }
    CHECK(parse_dump_format("").value() == DumpFormat{});
    CHECK(parse_dump_format("8xg").value() == DumpFormat{8, 'x', 8});
    CHECK(parse_dump_format("5i").value() == DumpFormat{5, 'i', 4});
    CHECK(parse_dump_format("c").value() == DumpFormat{1, 'c', 1});
    for (const char* wrong : {"0x", "8y", "99999999x", "99999999999999999999999x"}) {
        CAPTURE(wrong);
        CHECK_FALSE(parse_dump_format(wrong));
    }
}

TEST_CASE("Monitor: looks at a PC, and leaves no trace", "[frontends][monitor]") {
    if (!test::have_seabios()) return;
    Bench bench(two_processors());
    REQUIRE(bench.guest.run_until_logged("SeaBIOS"));
    const u64 hash = bench.guest.hash();
    CHECK(bench.says("info registers", "rip"));
    CHECK(bench.says("info vectors", "ymm15"));
    CHECK(bench.says("info cpus", "32-bit halted"));
    CHECK(bench.says("info mem", "paging is off"));
    CHECK(bench.says("info tlb", "entries"));
    CHECK(bench.says("info mtree", "RAM"));
    CHECK(bench.says("info ports", "com1"));
    CHECK(bench.says("info pic", "pic0: irr"));
    CHECK(bench.says("info lapic", "apic0: tpr"));
    CHECK(bench.says("info ioapic", "ioapic: id"));
    CHECK(bench.says("info pci", "00:01.1 8086:7111"));
    CHECK(bench.says("info block", "this machine has none"));
    CHECK(bench.says("info time", "instructions"));
    CHECK(bench.says("info", "info lapic"));
    CHECK(bench.says("info pcy", "Did you mean 'pci'?"));
    // The reset vector of every PC's firmware is a far jump to F000:E05B.
    CHECK(bench.ask("xp/5xb 0xffff0") == "00000000000ffff0: 0xea 0x5b 0xe0 0x00 0xf0\n");
    CHECK(bench.says("x/4xw 0xfee00000", "there is no memory"));
    CHECK(bench.ask("gva2gpa 0x1234") == "0x1234\n");
    CHECK(bench.says("x/2i $rip", ": "));
    CHECK(bench.says("hash", "hash "));
    CHECK(bench.ask("cpu 1").empty());
    CHECK(bench.says("info lapic", "apic1: tpr"));
    CHECK(bench.says("cpu 2", "0 to 1"));
    CHECK(bench.guest.hash() == hash);
}

TEST_CASE("Monitor: memory and checkpoints go to files", "[frontends][monitor]") {
    if (!test::have_seabios()) return;
    Bench bench(test::pc_config());
    const test::TemporaryFolder folder;
    const std::string file = folder.file("a file");
    CHECK(bench.says("pmemsave 0xffff0 16 \"" + file + "\"", "16 bytes"));
    const auto bytes = fabric::read_whole_file(file, 100).value();
    REQUIRE(bytes.size() == 16);
    CHECK(bytes[0] == 0xea);
    CHECK(bench.says("memsave 0xfee00000 16 \"" + folder.file("no") + "\"", "nothing was written"));
    CHECK_FALSE(fabric::read_whole_file(folder.file("no"), 100));
    CHECK(bench.says("checkpoint \"" + folder.file("cp") + "\"", "instructions"));
    CHECK(fabric::read_whole_file(folder.file("cp"), 1 << 26));
    CHECK(bench.says("checkpoint /nowhere/at/all", "/nowhere/at/all"));
}

TEST_CASE("Monitor: presses buttons and keys", "[frontends][monitor]") {
    if (!test::have_seabios()) return;
    Bench bench(test::pc_config());
    CHECK(bench.says("sendkey ret", "no keyboard"));
    CHECK(bench.says("screendump x.png", "no display"));
    std::string done;
    bench.monitor.offer_keys([&](const std::string& keys) -> fabric::Result<> {
        if (keys == "<nokey>") return fabric::Error{"no such key"};
        done += keys;
        return {};
    });
    bench.monitor.offer_pictures([&](const std::string& path) -> fabric::Result<> {
        if (path == "/no") return fabric::Error{"/no: cannot be"};
        done += path;
        return {};
    });
    CHECK(bench.ask("sendkey ctrl-alt-del").empty());
    CHECK(bench.ask("screendump a.png").empty());
    CHECK(done == "<ctrl-alt-del>a.png");
    CHECK(bench.ask("sendkey nokey") == "no such key\n");
    CHECK(bench.ask("screendump /no") == "/no: cannot be\n");

    REQUIRE(bench.guest.run_until_logged("SeaBIOS"));
    machine::Machine& machine = *bench.guest.machine;
    CHECK(bench.ask("system_powerdown").empty());
    CHECK(machine.run_until(machine.retired() + 1000) == machine::RunOutcome::LimitReached);
    CHECK(bench.ask("system_reset").empty());
    CHECK(machine.run_until(machine.retired() + 1000) == machine::RunOutcome::Reset);
    const auto entries = machine.recording().entries;
    REQUIRE(entries.size() == 4);  // After entropy and the wall clock.
    for (usize i = 2; i < 4; ++i) CHECK(entries[i].port == bench.guest.board().button_input());
    CHECK(entries[2].bytes == std::vector<u8>{static_cast<u8>(machine::PcButton::Power)});
    CHECK(entries[3].bytes == std::vector<u8>{static_cast<u8>(machine::PcButton::Reset)});
}

TEST_CASE("Monitor: what a replay does not take", "[frontends][monitor]") {
    test::Guest recorded;
    (void)recorded.run({}, 1000);
    test::Guest guest(test::config_of(test::workload_rom()), recorded.machine->recording());
    machine::Debugger debugger{*guest.machine};
    Steered steered;
    frontends::Monitor monitor{debugger, steered};
    monitor.offer_keys([](const std::string&) { return fabric::Result<>(); });
    CHECK(monitor.execute("sendkey a", 0).find("this run is a replay") == 0);
    CHECK(monitor.execute("system_reset", 0) == "this machine has no buttons\n");
}

TEST_CASE("Monitor: steers, and helps", "[frontends][monitor]") {
    if (!test::have_seabios()) return;
    Bench bench(test::pc_config());
    for (const char* line : {"stop", "step", "cont", "q"}) CHECK(bench.ask(line).empty());
    CHECK(bench.steered.asked == "pause step 0 resume leave ");
    CHECK(bench.says("help", "checkpoint|savevm FILE"));
    CHECK(bench.says("help x", "/FORMAT ADDRESS"));
    CHECK(bench.says("help nothing", "there is no command 'nothing'"));
    CHECK(bench.says("chekpoint x", "Did you mean 'checkpoint'?"));
    CHECK(bench.says("checkpoint", "usage: checkpoint FILE"));
    CHECK(bench.says("step-into-events perhaps", "say on or off"));
    CHECK(bench.ask("").empty());
}
