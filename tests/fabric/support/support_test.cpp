// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "fabric/support/bit_range.hpp"
#include "fabric/support/fifo.hpp"
#include "fabric/support/nearest_word.hpp"
#include "fabric/support/result.hpp"

using namespace fabric;

namespace {

Result<int> half(int n) {
    if (n % 2 != 0) return Error{"odd"};
    return n / 2;
}

Result<int> quarter(int n) {
    const int first = TRY(half(n));
    return TRY(half(first));
}

}  // namespace

TEST_CASE("Result: TRY passes values on and errors up", "[fabric][support]") {
    CHECK(quarter(12).value() == 3);
    CHECK_FALSE(quarter(6).has_value());
    CHECK(quarter(7).error().within("quarter").message == "quarter: odd");
    CHECK(Result<>().has_value());
}

TEST_CASE("FIFO: equality is by contents", "[fabric][support]") {
    Fifo<u8, 3> a, b;
    a.push(9);
    a.push(1);
    CHECK(a.pop() == 9);
    b.push(1);
    CHECK(a == b);
    b.push(2);
    b.push(3);
    CHECK(b.full());
    CHECK(b[2] == 3);
    CHECK_FALSE(a == b);
}

TEST_CASE("Bit range: places and reads fields", "[fabric][support]") {
    CHECK(BitRange<31, 12>::mask == 0xffff'f000);
    CHECK(BitRange<63, 0>::mask == ~u64{0});
    CHECK(BitRange<7, 4>::of(0xabc) == 0xb);
    CHECK(BitRange<7, 4>::replaced(0xabc, 0x12) == 0xa2c);
    CHECK(sign_extended(0x80, 8) == -128);
    CHECK(sign_extended(0x7f, 8) == 127);
    CHECK(rounded_down(0x1fff, 0x1000) == 0x1000);
}

TEST_CASE("Nearest word: suggests what was meant, or lists what there is", "[fabric][support]") {
    const std::vector<std::string> known = {"com1", "hpet", "msr"};
    CHECK(edit_distance("kitten", "sitting") == 3);
    CHECK(did_you_mean("con1", known) == ". Did you mean 'com1'?");
    CHECK(did_you_mean("interrupts", known) == ". There are: com1, hpet, msr");
}
