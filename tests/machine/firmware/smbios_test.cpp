// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/smbios.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>
#include <map>
#include <numeric>
#include <span>
#include <sstream>

#include "tests/support/temporary_folder.hpp"

using namespace machine;

namespace {

constexpr u64 gib = u64{1} << 30;

u8 sum_of(std::span<const u8> bytes) {
    return static_cast<u8>(std::accumulate(bytes.begin(), bytes.end(), 0u));
}

/// How many structures there are of each type; the walk must end exactly at the table's end.
std::map<u8, u32> count_by_type(std::span<const u8> table) {
    std::map<u8, u32> counts;
    usize at = 0;
    while (at < table.size()) {
        REQUIRE(at + 4 <= table.size());
        ++counts[table[at]];
        at += table[at + 1];
        while (at + 1 < table.size() && (table[at] | table[at + 1]) != 0) ++at;
        at += 2;
    }
    CHECK(at == table.size());
    return counts;
}

SmbiosConfig large_config() {
    SmbiosConfig config;
    config.cpu_count = 64;
    config.ram = {{0, 3 * gib}, {4 * gib, 5000 * gib}};
    for (u8 i = 0; i < 16; ++i) config.uuid[i] = static_cast<u8>(i * 0x11);
    return config;
}

}  // namespace

TEST_CASE("SMBIOS: the anchor describes the table", "[machine][smbios]") {
    const SmbiosConfig config = GENERATE(SmbiosConfig{}, large_config());
    const SmbiosFiles files = make_smbios_files(config);
    REQUIRE(files.anchor.size() == 0x1f);
    CHECK(sum_of(files.anchor) == 0);
    CHECK(sum_of(std::span(files.anchor).subspan(0x10)) == 0);
    CHECK((files.anchor[0x16] | files.anchor[0x17] << 8) ==
          static_cast<int>(files.tables.size() & 0xffff));
    u32 structures = 0;
    for (const auto& [type, count] : count_by_type(files.tables)) structures += count;
    CHECK(static_cast<u32>(files.anchor[0x1c] | files.anchor[0x1d] << 8) == structures);
}

TEST_CASE("SMBIOS: a structure for each processor, module and range", "[machine][smbios]") {
    auto counts = count_by_type(make_smbios_files(large_config()).tables);
    for (const u8 once : {u8{0}, u8{1}, u8{2}, u8{3}, u8{16}, u8{32}, u8{127}}) {
        CAPTURE(int{once});
        CHECK(counts[once] == 1);
    }
    CHECK(counts[4] == 64);
    CHECK(counts[17] == 313);
    CHECK(counts[19] == 2);
}

TEST_CASE("SMBIOS: dmidecode finds nothing out of specification", "[machine][smbios]") {
    if (std::system("dmidecode --version > /dev/null 2>&1") != 0) {
        WARN("dmidecode is not installed (Debian's package dmidecode): nothing was shown");
        return;
    }
    const SmbiosConfig config = GENERATE(SmbiosConfig{}, large_config());
    SmbiosFiles files = make_smbios_files(config);
    // A dump as dmidecode writes one: the anchor, then the table at 20h.
    files.anchor[0x18] = 0x20;
    files.anchor[0x15] = static_cast<u8>(files.anchor[0x15] - 0x20);
    files.anchor.resize(0x20);
    files.anchor.insert(files.anchor.end(), files.tables.begin(), files.tables.end());
    const test::TemporaryFolder folder;
    std::ofstream(folder.file("dump"), std::ios::binary)
        .write(reinterpret_cast<const char*>(files.anchor.data()),
               static_cast<i64>(files.anchor.size()));
    const std::string command =
        "dmidecode --from-dump '" + folder.file("dump") + "' > '" + folder.file("out") + "' 2>&1";
    REQUIRE(std::system(command.c_str()) == 0);
    std::ifstream file(folder.file("out"));
    std::ostringstream said;
    said << file.rdbuf();
    CAPTURE(said.str());
    for (const char* complaint :
         {"OUT OF SPEC", "BAD INDEX", "Wrong", "wrong", "TRUNCATED", "Invalid", "invalid"}) {
        CAPTURE(complaint);
        CHECK(said.str().find(complaint) == std::string::npos);
    }
    CHECK(said.str().find("SMBIOS 2.8 present.") != std::string::npos);
    CHECK(said.str().find("Product Name: Virtual Machine") != std::string::npos);
    if (config.cpu_count == 64) {
        CHECK(said.str().find("00112233-4455-6677-8899-aabbccddeeff") != std::string::npos);
        CHECK(said.str().find("Maximum Capacity: 5003 GB") != std::string::npos);
    }
}
