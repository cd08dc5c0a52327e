// SPDX-License-Identifier: BSD-2-Clause
//
// The tables as a guest finds them: laid out by a firmware of the test's, which runs the loader's
// script, then taken apart and put together again by iasl.
#include "machine/board/acpi_tables.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <map>
#include <numeric>
#include <span>
#include <sstream>
#include <string>

#include "tests/support/temporary_folder.hpp"

using namespace machine;

namespace {

using Table = std::vector<u8>;

u64 number_at(std::span<const u8> bytes, usize at, usize size) {
    REQUIRE(at + size <= bytes.size());
    u64 value = 0;
    for (usize i = size; i-- > 0;) value = value << 8 | bytes[at + i];
    return value;
}

std::string text_at(std::span<const u8> bytes, usize at, usize size) {
    REQUIRE(at + size <= bytes.size());
    const std::string text(bytes.begin() + static_cast<i64>(at),
                           bytes.begin() + static_cast<i64>(at + size));
    return text.c_str();
}

u8 sum_of(std::span<const u8> bytes) {
    return static_cast<u8>(std::accumulate(bytes.begin(), bytes.end(), 0u));
}

/// What SeaBIOS and OVMF do with etc/table-loader.
class Firmware {
public:
    explicit Firmware(AcpiFiles files) {
        contents_["etc/acpi/tables"] = std::move(files.tables);
        contents_["etc/acpi/rsdp"] = std::move(files.rsdp);
        REQUIRE(files.loader.size() % 128 == 0);
        for (usize at = 0; at < files.loader.size(); at += 128) {
            run(std::span<const u8>(files.loader).subspan(at, 128));
        }
    }

    const Table& rsdp() { return contents_["etc/acpi/rsdp"]; }

    /// The table at an address, whole.
    Table at(u64 address) {
        const Table& all = contents_["etc/acpi/tables"];
        REQUIRE(address >= tables_at);
        const usize start = address - tables_at;
        const usize length = number_at(all, start + 4, 4);
        REQUIRE(start + length <= all.size());
        return {all.begin() + static_cast<i64>(start),
                all.begin() + static_cast<i64>(start + length)};
    }

    /// All tables that the XSDT reaches, by signature.
    std::map<std::string, Table> tables() {
        std::map<std::string, Table> found;
        const Table xsdt = at(number_at(rsdp(), 24, 8));
        const Table rsdt = at(number_at(rsdp(), 16, 4));
        REQUIRE((xsdt.size() - 36) / 8 == (rsdt.size() - 36) / 4);
        for (usize i = 0; 36 + 8 * i < xsdt.size(); ++i) {
            const u64 address = number_at(xsdt, 36 + 8 * i, 8);
            CHECK(number_at(rsdt, 36 + 4 * i, 4) == address);
            found[text_at(at(address), 0, 4)] = at(address);
        }
        found["XSDT"] = xsdt;
        found["RSDT"] = rsdt;
        const Table& fadt = found["FACP"];
        CHECK(number_at(fadt, 40, 4) == number_at(fadt, 140, 8));
        found["DSDT"] = at(number_at(fadt, 40, 4));
        found["FACS"] = at(number_at(fadt, 36, 4));
        CHECK(number_at(fadt, 36, 4) % 64 == 0);
        return found;
    }

private:
    static constexpr u64 tables_at = 0x3fff'0000;
    static constexpr u64 rsdp_at = 0xf'5a00;

    void run(std::span<const u8> command) {
        const std::string file = text_at(command, 4, 56);
        REQUIRE(contents_.count(file) == 1);
        Table& target = contents_[file];
        switch (number_at(command, 0, 4)) {
            case 1:
                REQUIRE(tables_at % number_at(command, 60, 4) == 0);
                allocated_[file] = file == "etc/acpi/rsdp" ? rsdp_at : tables_at;
                CHECK(number_at(command, 64, 1) == (file == "etc/acpi/rsdp" ? 2 : 1));
                break;
            case 2: {
                const usize at = number_at(command, 116, 4);
                const usize size = number_at(command, 120, 1);
                const u64 value =
                    number_at(target, at, size) + allocated_.at(text_at(command, 60, 56));
                for (usize i = 0; i < size; ++i) target[at + i] = static_cast<u8>(value >> 8 * i);
                break;
            }
            case 3: {
                const usize at = number_at(command, 60, 4);
                const std::span<const u8> summed(target.data() + number_at(command, 64, 4),
                                                 number_at(command, 68, 4));
                target[at] = static_cast<u8>(target[at] - sum_of(summed));
                break;
            }
            default: FAIL("an unknown command of the table loader");
        }
    }

    std::map<std::string, Table> contents_;
    std::map<std::string, u64> allocated_;
};

void write_file(const std::string& path, const Table& bytes) {
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<i64>(bytes.size()));
}

std::string read_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream all;
    all << file.rdbuf();
    return all.str();
}

/// What iasl says, and whether it was content.
std::pair<bool, std::string> iasl(const std::string& folder, const std::string& arguments) {
    const std::string command = "cd '" + folder + "' && iasl " + arguments + " > iasl.out 2>&1";
    const int status = std::system(command.c_str());
    return {status == 0, read_file(folder + "/iasl.out")};
}

AcpiConfig largest_config() {
    return {.cpu_count = 64,
            .high_pci_memory = AcpiConfig::Window{0x1'4000'0000, 0x1'ffff'ffff},
            .serial_ports = 4,
            .suspend_to_ram = true};
}

}  // namespace

TEST_CASE("ACPI: every table sums up to zero and is reached from the RSDP", "[machine][acpi]") {
    Firmware firmware(make_acpi_files(largest_config()));
    const Table& rsdp = firmware.rsdp();
    CHECK(text_at(rsdp, 0, 8) == "RSD PTR ");
    CHECK(sum_of(std::span(rsdp).first(20)) == 0);
    CHECK(sum_of(rsdp) == 0);
    const auto tables = firmware.tables();
    for (const auto& [signature, table] : tables) {
        CAPTURE(signature);
        if (signature != "FACS") CHECK(sum_of(table) == 0);
    }
    for (const char* expected : {"FACP", "SSDT", "APIC", "HPET", "WAET", "DSDT", "FACS"}) {
        CAPTURE(expected);
        CHECK(tables.count(expected) == 1);
    }
}

TEST_CASE("ACPI: the MADT has every processor once", "[machine][acpi]") {
    const u32 count = GENERATE(1u, 2u, 64u);
    Firmware firmware(make_acpi_files({.cpu_count = count}));
    const Table madt = firmware.tables()["APIC"];
    u32 processors = 0;
    u32 overrides = 0;
    for (usize at = 44; at < madt.size(); at += madt[at + 1]) {
        REQUIRE(madt[at + 1] >= 2);
        if (madt[at] == 0) CHECK(madt[at + 3] == processors++);
        if (madt[at] == 2) ++overrides;
    }
    CHECK(processors == count);
    CHECK(overrides == 5);
}

TEST_CASE("ACPI: iasl takes the tables apart and makes the same of its text", "[machine][acpi]") {
    if (std::system("iasl -v > /dev/null 2>&1") != 0) {
        WARN("iasl is not installed (Debian's package acpica-tools): nothing was shown");
        return;
    }
    const AcpiConfig config = GENERATE(AcpiConfig{}, largest_config());
    Firmware firmware(make_acpi_files(config));
    test::TemporaryFolder folder;
    const std::string where = folder.file("");
    for (const auto& [signature, table] : firmware.tables()) {
        CAPTURE(signature);
        write_file(where + "/" + signature + ".aml", table);
        const auto [taken_apart, says] = iasl(where, "-d " + signature + ".aml");
        CAPTURE(says);
        REQUIRE(taken_apart);
        CHECK(says.find("rror") == std::string::npos);
        CHECK(says.find("arning") == std::string::npos);
        if (signature == "FACS") continue;

        const auto [compiled, remarks] =
            iasl(where, "-we -oa -p again_" + signature + " " + signature + ".dsl");
        CAPTURE(remarks);
        CHECK(compiled);
        if (signature != "DSDT" && signature != "SSDT") continue;
        CHECK(remarks.find("0 Errors, 0 Warnings") != std::string::npos);
        const std::string again = read_file(where + "/again_" + signature + ".aml");
        REQUIRE(again.size() == table.size());
        const usize header = 36;  // Where the compiler puts its own name.
        CHECK(std::equal(again.begin() + header, again.end(), table.begin() + header,
                         [](char a, u8 b) { return static_cast<u8>(a) == b; }));
    }
}

TEST_CASE("ACPI: whoever adds devices finds them under the PCI root", "[machine][acpi]") {
    using namespace aml;
    AcpiConfig config;
    config.pci_root_devices = device("VMBS", name("_HID", string("VMBus")));
    const std::vector<u8> with = make_dsdt(config).bytes;
    const std::vector<u8> without = make_dsdt({}).bytes;
    const std::vector<u8> added = config.pci_root_devices.bytes;
    CHECK(with.size() == without.size() + added.size());
    CHECK(std::search(with.begin(), with.end(), added.begin(), added.end()) != with.end());
}
