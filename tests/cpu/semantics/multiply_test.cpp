// SPDX-License-Identifier: BSD-2-Clause
//
// Multiplication and division against the host's, flags by PUSHF, and where a quotient stops
// fitting, against arithmetic in a wider type.
#include <catch2/catch.hpp>

#include "cpu/arch/cpu_state.hpp"
#include "cpu/semantics/multiply.hpp"
#include "tests/cpu/semantics/host_reference.hpp"

namespace test {

namespace {

namespace alu = cpu::alu;
using cpu::status_flags::from_rflags;

u16 status_of(u64 flags) { return from_rflags(flags); }

TEST_CASE("MUL and IMUL: product and all flags are the host's", "[cpu][semantics]") {
    const u64 values[] = {0,
                          1,
                          2,
                          0x7f,
                          0x80,
                          0xff,
                          0x7fff'ffff,
                          0x8000'0000,
                          0xffff'ffff,
                          0x7fff'ffff'ffff'ffff,
                          0x8000'0000'0000'0000,
                          ~u64{0}};
    for (const u64 left : values) {
        for (const u64 right : values) {
            for (u64 number = 0; number < 64; ++number) {
                const u64 before = status_combination(number);
                CAPTURE(left, right, before);
                u64 flags = before;
                u64 low = left;
                u64 high = 0;
                ON_HOST("mulq %[right]", flags, ([low] "+a"(low), [high] "+&d"(high)),
                        ([right] "r"(right)));
                u16 status = status_of(before);
                const auto product = alu::mul(left, right, status);
                REQUIRE(product.low == low);
                REQUIRE(product.high == high);
                REQUIRE(status == status_of(flags));

                flags = before;
                u16 ax = static_cast<u8>(left);
                const u8 narrow = static_cast<u8>(right);
                ON_HOST("imulb %[right]", flags, ([ax] "+a"(ax)), ([right] "r"(narrow)));
                status = status_of(before);
                const auto small = alu::imul(static_cast<u8>(left), narrow, status);
                REQUIRE((small.high << 8 | small.low) == ax);
                REQUIRE(status == status_of(flags));
            }
        }
    }
}

TEST_CASE("DIV and IDIV of bytes: every dividend and divisor", "[cpu][semantics]") {
    u64 wrong = 0;
    for (u32 dividend = 0; dividend < 0x1'0000; ++dividend) {
        for (u32 by = 0; by < 0x100; ++by) {
            const u8 divisor = static_cast<u8>(by);
            alu::Halves<u8> halves{static_cast<u8>(dividend), static_cast<u8>(dividend >> 8)};
            u16 status = 0x200;
            bool fits = by != 0 && dividend / by <= 0xff;
            bool right = alu::div(halves, divisor, status) == fits;
            if (fits) right = right && halves.low == dividend / by && halves.high == dividend % by;
            wrong += right ? 0 : 1;

            const i32 signed_dividend = static_cast<i16>(dividend);
            const i32 signed_by = static_cast<i8>(divisor);
            halves = {static_cast<u8>(dividend), static_cast<u8>(dividend >> 8)};
            const i32 quotient = by == 0 ? 0 : signed_dividend / signed_by;
            fits = by != 0 && quotient >= -128 && quotient <= 127;
            right = alu::idiv(halves, divisor, status) == fits;
            if (fits) {
                right = right && halves.low == static_cast<u8>(quotient) &&
                        halves.high == static_cast<u8>(signed_dividend % signed_by);
            }
            wrong += right ? 0 : 1;
        }
    }
    CHECK(wrong == 0);
}

TEST_CASE("IDIV of 64 bits: the last quotient that fits, and the first that does not",
          "[cpu][semantics]") {
    const u64 divisors[] = {
        1, 2, 3, 0x7fff'ffff'ffff'ffff, ~u64{0}, 0x8000'0000'0000'0000, static_cast<u64>(-3)};
    for (const u64 divisor : divisors) {
        for (const bool negative_quotient : {false, true}) {
            // The dividend of largest magnitude: bound * |divisor| - 1, with the sign that gives
            // the quotient's.
            __extension__ using Wide = unsigned __int128;
            const bool negative_divisor = (divisor >> 63) != 0;
            const u64 by = negative_divisor ? u64{0} - divisor : divisor;
            const u64 bound = (u64{1} << 63) + (negative_quotient ? 1 : 0);
            const bool negative_dividend = negative_divisor != negative_quotient;
            for (const bool fits : {true, false}) {
                Wide dividend = Wide{by} * bound - (fits ? 1u : 0u);
                if (negative_dividend) dividend = Wide{0} - dividend;
                alu::Halves<u64> halves{static_cast<u64>(dividend),
                                        static_cast<u64>(dividend >> 64)};
                u16 status = 0x200;
                CAPTURE(divisor, negative_quotient, fits);
                CHECK(alu::idiv(halves, divisor, status) == fits);
                const u64 quotient = negative_quotient ? u64{0} - (bound - 1) : bound - 1;
                if (fits) CHECK(halves.low == quotient);
            }
        }
    }
}

TEST_CASE("DIV: flags are what the host leaves", "[cpu][semantics]") {
    for (u64 number = 0; number < 64; ++number) {
        const u64 before = status_combination(number);
        u64 flags = before;
        u64 low = 1000;
        u64 high = 3;
        const u64 divisor = 77;
        ON_HOST("divq %[divisor]", flags, ([low] "+a"(low), [high] "+&d"(high)),
                ([divisor] "r"(divisor)));
        alu::Halves<u64> halves{1000, 3};
        u16 status = status_of(before);
        REQUIRE(alu::div(halves, divisor, status));
        CHECK(halves.low == low);
        CHECK(halves.high == high);
        CHECK(status == status_of(flags));
    }
}

}  // namespace

}  // namespace test
