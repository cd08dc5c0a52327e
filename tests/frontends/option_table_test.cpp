// SPDX-License-Identifier: BSD-2-Clause
//
// The table of options, and what is made of it: help, completion, the nearest word.
#include <catch2/catch.hpp>

#include <array>
#include <set>

#include "frontends/cli/completion.hpp"
#include "frontends/cli/drive_option.hpp"
#include "frontends/cli/help_text.hpp"
#include "frontends/cli/nearest_word.hpp"
#include "frontends/cli/option_table.hpp"
#include "frontends/cli/option_values.hpp"

using frontends::Option;
using frontends::RunOptions;

namespace {

const Option& option_named(std::string_view name) {
    for (const Option& option : frontends::run_option_table()) {
        if (option.name == name) return option;
    }
    FAIL("no option " << name);
    UNREACHABLE();
}

/// The message of what this option says to this text; empty if it takes it.
std::string said_to(std::string_view name, const std::string& text) {
    RunOptions options;
    const auto outcome = option_named(name).set(options, text);
    return outcome ? std::string() : outcome.error().message;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("Options: rows are whole, and no two have one name", "[options]") {
    std::set<std::string_view> names;
    for (const Option& option : frontends::run_option_table()) {
        CAPTURE(option.name);
        CHECK(names.insert(option.name).second);
        CHECK(option.group != nullptr);
        CHECK_FALSE(option.help.empty());
        CHECK(option.set != nullptr);
        CHECK((option.keys.empty() || option.repeatable));
        for (const std::string_view key : option.path_keys) {
            CHECK(std::ranges::count(option.keys, key) == 1);
        }
    }
}

TEST_CASE("Options: help and every shell's completion have each of them", "[options]") {
    const std::string help = frontends::run_help();
    const std::string bash = frontends::completion_script("bash").value();
    const std::string zsh = frontends::completion_script("zsh").value();
    const std::string fish = frontends::completion_script("fish").value();
    for (const Option& option : frontends::run_option_table()) {
        CAPTURE(option.name);
        const std::string flag = "--" + std::string(option.name);
        CHECK(has(help, "  " + flag));
        CHECK(has(bash, " " + flag));
        CHECK(has(zsh, flag + "["));
        CHECK(has(fish, "-l " + std::string(option.name) + " "));
    }
    CHECK(has(frontends::completion_script("tcsh").error().message, "zsh"));
}

TEST_CASE("Options: no line of the help is too long for a terminal", "[options]") {
    const std::string help = frontends::run_help();
    for (usize start = 0; start < help.size();) {
        const usize end = help.find('\n', start);
        REQUIRE(end != std::string::npos);
        CAPTURE(help.substr(start, end - start));
        CHECK(end - start <= 100);
        start = end + 1;
    }
}

TEST_CASE("Options: values come out as they were meant", "[options]") {
    RunOptions options;
    REQUIRE(option_named("memory").set(options, "64M"));
    REQUIRE(option_named("cpus").set(options, "3"));
    REQUIRE(option_named("disk").set(options, "a,,b.img,snapshot=on"));
    REQUIRE(option_named("disk").set(options, "c.img"));
    REQUIRE(option_named("rtc").set(options, "1970-01-02T00:00:01"));
    REQUIRE(option_named("save").set(options, "one@two.checkpoint@1.5"));
    CHECK(options.memory == u64{64} << 20);
    CHECK(options.cpus == 3);
    REQUIRE(options.disks.size() == 2);
    CHECK(options.disks[0] == machine::PcDisk{.path = "a,b.img", .snapshot = true});
    CHECK(options.disks[1] == machine::PcDisk{.path = "c.img"});
    CHECK(options.rtc_ns == i64{86'401} * 1'000'000'000);
    REQUIRE(options.saves.size() == 1);
    CHECK(options.saves[0].path == "one@two.checkpoint");
    CHECK(options.saves[0].time == fabric::VmTime{1'500'000'000});
    using enum machine::PcBootDevice;
    REQUIRE(option_named("boot").set(options, "network,disk"));
    CHECK(options.boot_order == std::vector{Network, Disk});
}

TEST_CASE("Options: what makes no sense is answered with what would", "[options]") {
    CHECK(has(said_to("memory", "lots"), "64M"));
    CHECK(has(said_to("memory", ""), "64M"));
    CHECK(has(said_to("memory", "9999999999999G"), "64M"));
    CHECK(has(said_to("cpus", "two"), "whole number"));
    CHECK(has(said_to("cpus", "-1"), "whole number"));
    CHECK(has(said_to("cpus", "4294967296"), "too large"));
    CHECK(has(said_to("seed", "18446744073709551616"), "too large"));
    CHECK(said_to("seed", "18446744073709551615").empty());
    CHECK(has(said_to("engine", "magic"), "interpreter"));
    CHECK(has(said_to("rtc", "yesterday"), "2026-01-31T12:00:00"));
    CHECK(has(said_to("no-reboot", "maybe"), "on nor off"));
    CHECK(has(said_to("disk", ",snapshot=on"), "name the file"));
    CHECK(has(said_to("disk", "a.img,snapshot=maybe"), "snapshot=on"));
    CHECK(has(said_to("cdrom", "a.iso,snapshot=on"), "nothing but the file"));
    CHECK(has(said_to("save", "@1.5"), "name the file"));
    CHECK(has(said_to("boot", "cdrm"), "Did you mean 'cdrom'?"));
    CHECK(has(said_to("boot", "floppy"), "disk, cdrom, network"));
    CHECK(has(said_to("boot", "disk,cdrom,disk"), "'disk' stands there twice"));
    CHECK(has(said_to("boot", "disk,"), "there is no ''"));
    CHECK(has(said_to("serial", "modem"), "tcp:PORT"));
    CHECK(has(said_to("serial", "tcp:0"), "tcp:4444"));
    CHECK(has(said_to("serial", "tcp:65536"), "tcp:4444"));
    CHECK(has(said_to("serial", "file:"), "file:PATH"));
}

TEST_CASE("Options: serial ports", "[options]") {
    using frontends::SerialChoice;
    const auto choice = [](const std::string& text) {
        return frontends::parse_serial(text).value();
    };
    CHECK(choice("stdio") == SerialChoice{});
    CHECK(choice("none").kind == SerialChoice::Kind::None);
    CHECK(choice("file:a:b").path == "a:b");
    CHECK(choice("unix:/run/x").path == "/run/x");
    CHECK(choice("tcp:4444").tcp_port == 4444);
    CHECK(choice("tcp:4444").address == "127.0.0.1");
    CHECK(choice("tcp:0.0.0.0:99").address == "0.0.0.0");
}

TEST_CASE("Options: parts at commas", "[options]") {
    using Parts = std::vector<std::string>;
    CHECK(frontends::parts_of("") == Parts{""});
    CHECK(frontends::parts_of("a,b") == Parts{"a", "b"});
    CHECK(frontends::parts_of("a,,b") == Parts{"a,b"});
    CHECK(frontends::parts_of(",") == Parts{"", ""});
    CHECK(frontends::parts_of(",,,a") == Parts{",", "a"});
}

TEST_CASE("Options: the nearest word", "[options]") {
    constexpr std::array<std::string_view, 4> words = {"memory", "cpus", "cpu", "kernel"};
    CHECK(frontends::nearest_word("memroy", words) == "memory");
    CHECK(frontends::nearest_word("mem", words) == "memory");
    CHECK(frontends::nearest_word("cpsu", words) == "cpus");
    CHECK(frontends::nearest_word("kernl", words) == "kernel");
    CHECK(frontends::nearest_word("", words) == "cpu");
}
