// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/packet_capture.hpp"

#include <catch2/catch.hpp>

#include "fabric/host/file.hpp"
#include "tests/support/temporary_folder.hpp"

using fabric::PacketCapture;
using fabric::PacketDirection;
using fabric::VmTime;

namespace {

u32 dword(std::span<const u8> bytes, usize at) {
    return u32{bytes[at]} | u32{bytes[at + 1]} << 8 | u32{bytes[at + 2]} << 16 |
           u32{bytes[at + 3]} << 24;
}

struct Block {
    u32 type;
    std::vector<u8> body;
};

std::vector<Block> blocks_of(const std::string& path) {
    const std::vector<u8> file = fabric::read_whole_file(path, 4 << 20).value();
    std::vector<Block> blocks;
    for (usize at = 0; at < file.size();) {
        const u32 length = dword(file, at + 4);
        REQUIRE(length % 4 == 0);
        REQUIRE(length >= 12);
        REQUIRE(at + length <= file.size());
        CHECK(dword(file, at + length - 4) == length);
        const auto begin = file.begin() + static_cast<std::ptrdiff_t>(at);
        blocks.push_back({dword(file, at), {begin + 8, begin + length - 4}});
        at += length;
    }
    return blocks;
}

}  // namespace

TEST_CASE("Packet capture: what pcapng asks for", "[fabric][capture]") {
    const test::TemporaryFolder folder;
    const std::string path = folder.file("net.pcapng");
    const std::vector<u8> odd = {1, 2, 3, 4, 5};
    const std::vector<u8> even(1514, 0x77);
    {
        const auto capture = PacketCapture::create(path, "net0").value();
        capture->record(PacketDirection::FromGuest, VmTime{0x1'2345'6789}, odd);
        capture->record(PacketDirection::ToGuest, VmTime{0x2'0000'0000}, even);
        CHECK(capture->flush());
        CHECK(blocks_of(path).size() == 4);
        for (int i = 0; i < 1000; ++i) capture->record(PacketDirection::ToGuest, VmTime{}, even);
    }
    const std::vector<Block> blocks = blocks_of(path);
    REQUIRE(blocks.size() == 1004);
    CHECK(blocks[0].type == 0x0a0d'0d0a);
    CHECK(dword(blocks[0].body, 0) == 0x1a2b'3c4d);
    CHECK(dword(blocks[0].body, 4) == 1);
    CHECK(blocks[1].type == 1);
    CHECK(dword(blocks[1].body, 0) == 1);
    CHECK(dword(blocks[1].body, 8) == (4u << 16 | 2));   // The name's option
    CHECK(dword(blocks[1].body, 16) == (1u << 16 | 9));  // and the resolution's.
    CHECK(blocks[1].body[20] == 9);
    CHECK(blocks[2].type == 6);
    CHECK(dword(blocks[2].body, 4) == 1);
    CHECK(dword(blocks[2].body, 8) == 0x2345'6789);
    CHECK(dword(blocks[2].body, 12) == 5);
    CHECK(dword(blocks[2].body, 16) == 5);
    CHECK(std::vector<u8>(blocks[2].body.begin() + 20, blocks[2].body.begin() + 28) ==
          std::vector<u8>{1, 2, 3, 4, 5, 0, 0, 0});
    CHECK(dword(blocks[2].body, 32) == 2);  // Outbound.
    CHECK(dword(blocks[3].body, 20 + 1516 + 4) == 1);
}

TEST_CASE("Packet capture: a file that cannot be written", "[fabric][capture]") {
    const test::TemporaryFolder folder;
    const auto nowhere = PacketCapture::create(folder.file("no/such/folder"), "net0");
    REQUIRE_FALSE(nowhere);
    CHECK_THAT(nowhere.error().message, Catch::Contains("no/such/folder"));
    const auto full = PacketCapture::create("/dev/full", "net0");
    REQUIRE_FALSE(full);
    CHECK_THAT(full.error().message, Catch::Contains("the capture ends here"));
}
