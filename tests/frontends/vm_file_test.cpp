// SPDX-License-Identifier: BSD-2-Clause
//
// The TOML file of a VM.
#include <catch2/catch.hpp>

#include "frontends/cli/vm_file.hpp"

using frontends::GivenOption;
using frontends::Option;
using frontends::RunOptions;

namespace {

fabric::Result<RunOptions> options_in(std::string_view text, const std::string& folder = "") {
    return frontends::options_of(TRY(frontends::parse_vm_file(text, "vm.toml", folder)), {});
}

std::string refusal_of(std::string_view text) {
    const auto outcome = options_in(text);
    REQUIRE_FALSE(outcome);
    return outcome.error().message;
}

bool has(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("VM file: options of every kind", "[options][toml]") {
    auto read = options_in(R"(
cdrom = "install.iso"

[machine]
memory = "1G"
cpus = 4
no-reboot = true
rtc = 1970-01-01T00:00:02

[boot]
append = "console=ttyS0, quiet"

[console]
serial = ["stdio", "none", "tcp:4444"]

[[disk]]
file = "a,b.img"
snapshot = true

[[disk]]
file = "c.img"
if = "ide"
)");
    REQUIRE(read);
    const RunOptions& options = read.value();
    CHECK(options.memory == u64{1} << 30);
    CHECK(options.cpus == 4);
    CHECK(options.no_reboot);
    CHECK(options.rtc_ns == i64{2'000'000'000});
    CHECK(options.append == "console=ttyS0, quiet");
    CHECK(options.cdroms == std::vector<std::string>{"install.iso"});
    REQUIRE(options.serial.size() == 3);
    CHECK(options.serial[2].tcp_port == 4444);
    REQUIRE(options.disks.size() == 2);
    CHECK(options.disks[0] == machine::PcDisk{.path = "a,b.img", .snapshot = true});
    CHECK(options.disks[1] == machine::PcDisk{.path = "c.img"});
}

TEST_CASE("VM file: an empty one is a machine with nothing said", "[options][toml]") {
    auto read = options_in("");
    REQUIRE(read);
    CHECK(read.value().disks.empty());
    CHECK(read.value().cpus == 1);
}

TEST_CASE("VM file: every option can stand in it", "[options][toml]") {
    for (const Option& option : frontends::run_option_table()) {
        CAPTURE(option.name);
        std::string text;
        if (!option.group->table.empty()) text = "[" + std::string(option.group->table) + "]\n";
        text += std::string(option.name) + " = " + (option.is_switch() ? "true" : "'none'");
        auto given = frontends::parse_vm_file(text, "vm.toml", "");
        REQUIRE(given);
        REQUIRE(given.value().size() == 1);
        CHECK(given.value()[0].option == &option);
        CHECK(given.value()[0].values[0].text == (option.is_switch() ? "on" : "none"));
    }
}

TEST_CASE("VM file: relative paths begin at its folder", "[options][toml]") {
    auto read = options_in(R"(
disk = ["a.img,snapshot=on", "/abs/b.img"]
[boot]
kernel = "linux/vmlinuz"
vgabios = "none"
append = "relative"
[console]
debug-console = "log.txt"
serial = ["file:com1.txt", "unix:/run/com2", "stdio"]
[run]
save = "end.checkpoint@2"
)",
                           "vms/my,vm/");
    REQUIRE(read);
    const RunOptions& options = read.value();
    REQUIRE(options.disks.size() == 2);
    CHECK(options.disks[0] == machine::PcDisk{.path = "vms/my,vm/a.img", .snapshot = true});
    CHECK(options.disks[1].path == "/abs/b.img");
    CHECK(options.kernel == "vms/my,vm/linux/vmlinuz");
    CHECK(options.vgabios == "none");
    CHECK(options.append == "relative");
    CHECK(options.debug_console == "vms/my,vm/log.txt");
    CHECK(options.serial[0].path == "vms/my,vm/com1.txt");
    CHECK(options.serial[1].path == "/run/com2");
    CHECK(options.saves[0].path == "vms/my,vm/end.checkpoint");
}

TEST_CASE("VM file: the command line wins, option by option", "[options][toml]") {
    auto file = frontends::parse_vm_file(
        "disk = ['a.img', 'b.img']\ncdrom = 'c.iso'\n[machine]\nmemory = '1G'\ncpus = 2\n",
        "vm.toml", "");
    REQUIRE(file);
    std::vector<GivenOption> typed;
    for (const Option& option : frontends::run_option_table()) {
        if (option.name == "disk") typed.push_back({&option, {{"other.img", "--disk"}}});
        if (option.name == "memory") typed.push_back({&option, {{"64M", "--memory"}}});
    }
    auto options = frontends::options_of(file.value(), typed);
    REQUIRE(options);
    CHECK(options.value().memory == u64{64} << 20);
    CHECK(options.value().cpus == 2);
    REQUIRE(options.value().disks.size() == 1);
    CHECK(options.value().disks[0].path == "other.img");
    CHECK(options.value().cdroms.size() == 1);
}

TEST_CASE("VM file: what is wrong is named with its line and the nearest word", "[options][toml]") {
    const auto [text, line, words] =
        GENERATE(table<std::string, std::string, std::vector<std::string>>({
            {"[machine]\nmemroy = '1G'", "vm.toml:2:", {"'memroy'", "[machine]", "'memory'"}},
            {"\n[machin]\ncpus = 1", "vm.toml:2:", {"'machin'", "'machine'"}},
            {"dsik = 'a.img'", "vm.toml:1:", {"'dsik'", "'disk'"}},
            {"memory = '1G'", "vm.toml:1:", {"'memory'", "[machine]"}},
            {"[machine]\ndisk = 'a.img'", "vm.toml:2:", {"'disk'", "file's top"}},
            {"[[disk]]\nfile = 'a.img'\nsnapsot = true", "vm.toml:3:", {"'snapsot'", "'snapshot'"}},
            {"[[disk]]\nsnapshot = true", "vm.toml:1:", {"disk", "'file'"}},
            {"[machine]\ncpus = true", "vm.toml:2:", {"cpus", "true or false", "N"}},
            {"[machine]\ncpus = [1, 2]", "vm.toml:2:", {"cpus", "list"}},
            {"[machine]\nno-reboot = 1", "vm.toml:2:", {"no-reboot", "true or false"}},
            {"[machine]\n\nmemory = '12Q'", "vm.toml:3:", {"memory", "'12Q'", "64M"}},
            {"disk = [\n'a.img',\n'b.img,snapshot=x']", "vm.toml:3:", {"disk", "snapshot=on"}},
            {"disk = [['a.img']]", "vm.toml:1:", {"disk", "list"}},
            {"machine = 3", "vm.toml:1:", {"[machine]"}},
            {"[machine]\nmemory = ", "vm.toml:2:", {}},
            {"[machine]\ncpus = 1\ncpus = 2", "vm.toml:3:", {"cpus"}},
        }));
    const std::string message = refusal_of(text);
    CAPTURE(text, message);
    CHECK(message.starts_with(line));
    CHECK_FALSE(has(message, "\n"));
    for (const std::string& word : words) CHECK(has(message, word));
}

TEST_CASE("VM file: anything at all is read or refused", "[options][toml][hostile]") {
    constexpr std::string_view good =
        "[[disk]]\nfile='a'\n[machine]\nmemory='1G'\ncpus=[1,{a=2}]\n";
    for (usize end = 0; end < good.size(); ++end) {
        for (const char c : {'\0', '\xff', '[', '{', '\'', '=', '\n', '9'}) {
            std::string text(good);
            text[end] = c;
            const auto outcome = options_in(text);
            if (!outcome) CHECK(outcome.error().message.starts_with("vm.toml:"));
        }
    }
}
