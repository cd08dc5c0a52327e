// SPDX-License-Identifier: BSD-2-Clause
#include "devices/network/ethernet.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <string_view>

using namespace devices::ethernet;

TEST_CASE("Ethernet: the check sequence", "[devices][ethernet]") {
    constexpr std::string_view text = "123456789";
    const std::span bytes(reinterpret_cast<const u8*>(text.data()), text.size());
    CHECK(frame_check_sequence(bytes) == 0xcbf4'3926);
    CHECK(frame_check_sequence({}) == 0);
}

TEST_CASE("Ethernet: one's complement sums", "[devices][ethernet]") {
    // The example of RFC 1071.
    constexpr std::array<u8, 8> example = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    CHECK(ones_sum(example) == 0xddf2);
    CHECK(ones_sum(std::span(example).first(3)) == 0xf201);
    CHECK(ones_sum({}) == 0);
    CHECK(ones_sum({}, 0xffff'ffff) == 0xffff);
}
