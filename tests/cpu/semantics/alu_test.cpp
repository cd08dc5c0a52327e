// SPDX-License-Identifier: BSD-2-Clause
//
// The pure operations against the same instructions of the host, run another way. All flags are
// compared, those too that the manual leaves undefined.
#include <catch2/catch.hpp>

#include <array>
#include <limits>

#include "cpu/arch/cpu_state.hpp"
#include "cpu/semantics/bits.hpp"
#include "cpu/semantics/condition.hpp"
#include "cpu/semantics/integer.hpp"
#include "cpu/semantics/multiply.hpp"
#include "cpu/semantics/shift.hpp"
#include "tests/cpu/semantics/host_reference.hpp"

namespace test {

namespace {

namespace alu = cpu::alu;
using cpu::status_flags::from_rflags;

template <class T>
std::array<T, 14> corner_values() {
    constexpr T top = static_cast<T>(T{1} << (8 * sizeof(T) - 1));
    const u64 pattern = 0x0123'4567'89ab'cdef;
    return {T{0},
            T{1},
            T{2},
            T{7},
            T{9},
            T{0x0f},
            T{0x10},
            T{0x7f},
            static_cast<T>(top - 1),
            top,
            static_cast<T>(top + 1),
            static_cast<T>(pattern),
            static_cast<T>(~T{1}),
            std::numeric_limits<T>::max()};
}

constexpr u64 status_mask = cpu::rflags::Status;

/// What a case came out as; flags as RFLAGS.
struct Result {
    u64 value;
    u64 flags;
    bool operator==(const Result&) const = default;
};

/// Runs `host` and `ours` over all pairs of corner values and all flags. Both take operands and
/// flags, `ours` as CpuState::status.
template <class T, class Right, class Values, class Host, class Ours>
void compare(const char* name, const Values& rights, Host host, Ours ours) {
    for (const T left : corner_values<T>()) {
        for (const Right right : rights) {
            for (u64 number = 0; number < 64; ++number) {
                const u64 before = status_combination(number);
                u64 flags = before;
                const Result expected{host(left, right, flags), flags & status_mask};
                u16 status = from_rflags(before);
                const u64 value = ours(left, right, status);
                const Result found{value, cpu::status_flags::to_rflags(status)};
                if (found == expected && from_rflags(found.flags) == status) continue;
                CAPTURE(name, sizeof(T), u64{left}, u64{right}, before, status);
                CHECK(found.value == expected.value);
                CHECK(found.flags == expected.flags);
                CHECK(from_rflags(found.flags) == status);  // Nothing besides the flags.
                return;
            }
        }
    }
    SUCCEED();
}

#define COMPARE_BINARY(T, name, mnemonic)                                      \
    compare<T, T>(                                                             \
        mnemonic, corner_values<T>(),                                          \
        [](T left, T right, u64& flags) -> u64 {                               \
            ON_HOST(mnemonic " %[right], %[left]", flags, ([left] "+r"(left)), \
                    ([right] "r"(right)));                                     \
            return left;                                                       \
        },                                                                     \
        [](T left, T right, u16& status) -> u64 { return alu::name(left, right, status); })

#define COMPARE_UNARY(T, name, mnemonic)                                           \
    compare<T, T>(                                                                 \
        mnemonic, std::array<T, 1>{},                                              \
        [](T operand, T, u64& flags) -> u64 {                                      \
            ON_HOST(mnemonic " %[operand]", flags, ([operand] "+r"(operand)), ()); \
            return operand;                                                        \
        },                                                                         \
        [](T operand, T, u16& status) -> u64 { return alu::name(operand, status); })

/// Source to destination, the destination not read.
#define COMPARE_COUNT(T, name, mnemonic)                                              \
    compare<T, T>(                                                                    \
        mnemonic, std::array<T, 1>{},                                                 \
        [](T source, T, u64& flags) -> u64 {                                          \
            T result{};                                                               \
            ON_HOST(mnemonic " %[source], %[result]", flags, ([result] "+r"(result)), \
                    ([source] "r"(source)));                                          \
            return result;                                                            \
        },                                                                            \
        [](T source, T, u16& status) -> u64 { return alu::name(source, status); })

#define COMPARE_SHIFT(T, name)                                                   \
    compare<T, u8>(                                                              \
        #name, counts,                                                           \
        [](T operand, u8 count, u64& flags) -> u64 {                             \
            ON_HOST(#name " %%cl, %[operand]", flags, ([operand] "+r"(operand)), \
                    ([count] "c"(count)));                                       \
            return operand;                                                      \
        },                                                                       \
        [](T operand, u8 count, u16& status) -> u64 { return alu::name(operand, count, status); })

#define COMPARE_DOUBLE_SHIFT(T, name)                                                            \
    for (const T filling : corner_values<T>()) {                                                 \
        compare<T, u8>(                                                                          \
            #name, counts,                                                                       \
            [filling](T operand, u8 count, u64& flags) -> u64 {                                  \
                ON_HOST(#name " %%cl, %[filling], %[operand]", flags, ([operand] "+r"(operand)), \
                        ([count] "c"(count), [filling] "r"(filling)));                           \
                return operand;                                                                  \
            },                                                                                   \
            [filling](T operand, u8 count, u16& status) -> u64 {                                 \
                return alu::name(operand, filling, count, status);                               \
            });                                                                                  \
    }

std::array<u8, 256> every_count() {
    std::array<u8, 256> all{};
    for (usize which = 0; which < all.size(); ++which) all[which] = static_cast<u8>(which);
    return all;
}
const std::array<u8, 256> counts = every_count();

template <class T>
void compare_arithmetic() {
    COMPARE_BINARY(T, add, "add");
    COMPARE_BINARY(T, adc, "adc");
    COMPARE_BINARY(T, sub, "sub");
    COMPARE_BINARY(T, sbb, "sbb");
    COMPARE_BINARY(T, and_, "and");
    COMPARE_BINARY(T, or_, "or");
    COMPARE_BINARY(T, xor_, "xor");
    COMPARE_UNARY(T, neg, "neg");
    COMPARE_UNARY(T, inc, "inc");
    COMPARE_UNARY(T, dec, "dec");
}

template <class T>
void compare_shifts() {
    COMPARE_SHIFT(T, shl);
    COMPARE_SHIFT(T, shr);
    COMPARE_SHIFT(T, sar);
    COMPARE_SHIFT(T, rol);
    COMPARE_SHIFT(T, ror);
    COMPARE_SHIFT(T, rcl);
    COMPARE_SHIFT(T, rcr);
}

template <class T>
void compare_words() {
    COMPARE_BINARY(T, imul_truncating, "imul");
    COMPARE_BINARY(T, bt, "bt");
    COMPARE_BINARY(T, bts, "bts");
    COMPARE_BINARY(T, btr, "btr");
    COMPARE_BINARY(T, btc, "btc");
    if (__builtin_cpu_supports("popcnt")) COMPARE_COUNT(T, popcnt, "popcnt");
    if (__builtin_cpu_supports("bmi")) {
        COMPARE_COUNT(T, tzcnt, "tzcnt");
        COMPARE_COUNT(T, lzcnt, "lzcnt");
    }
}

template <class T>
void compare_bmi() {
    COMPARE_COUNT(T, blsi, "blsi");
    COMPARE_COUNT(T, blsmsk, "blsmsk");
    COMPARE_COUNT(T, blsr, "blsr");
    COMPARE_BINARY(T, adcx, "adcx");
    COMPARE_BINARY(T, adox, "adox");
#define COMPARE_THREE(name, operands)                               \
    compare<T, T>(                                                  \
        #name, corner_values<T>(),                                  \
        [](T first, T second, u64& flags) -> u64 {                  \
            T result{};                                             \
            ON_HOST(#name operands, flags, ([result] "+r"(result)), \
                    ([first] "r"(first), [second] "r"(second)));    \
            return result;                                          \
        },                                                          \
        [](T first, T second, u16& status) -> u64 { return alu::name(first, second, status); })
    COMPARE_THREE(andn, " %[second], %[first], %[result]");
    COMPARE_THREE(bextr, " %[second], %[first], %[result]");
    COMPARE_THREE(bzhi, " %[second], %[first], %[result]");
#undef COMPARE_THREE
}

/// A source of zero is where bit scans are interesting.
#define COMPARE_SCAN(T, name, modifier)                                          \
    compare<T, u64>(                                                             \
        #name, std::array<u64, 2>{0x1234'5678'9abc'def0, ~u64{0}},               \
        [](T source, u64 destination, u64& flags) -> u64 {                       \
            ON_HOST(#name " %[source], %" modifier "[destination]", flags,       \
                    ([destination] "+&r"(destination)), ([source] "r"(source))); \
            return destination;                                                  \
        },                                                                       \
        [](T source, u64 destination, u16& status) -> u64 {                      \
            return alu::name(destination, source, status);                       \
        })

}  // namespace

TEST_CASE("Integer operations: results and all flags are the host's", "[cpu][semantics]") {
    compare_arithmetic<u8>();
    compare_arithmetic<u16>();
    compare_arithmetic<u32>();
    compare_arithmetic<u64>();
}

TEST_CASE("Shifts and rotates: every count, results and all flags are the host's",
          "[cpu][semantics]") {
    compare_shifts<u8>();
    compare_shifts<u16>();
    compare_shifts<u32>();
    compare_shifts<u64>();
    COMPARE_DOUBLE_SHIFT(u16, shld)
    COMPARE_DOUBLE_SHIFT(u16, shrd)
    COMPARE_DOUBLE_SHIFT(u32, shld)
    COMPARE_DOUBLE_SHIFT(u32, shrd)
    COMPARE_DOUBLE_SHIFT(u64, shld)
    COMPARE_DOUBLE_SHIFT(u64, shrd)
}

TEST_CASE("Bit operations: results and all flags are the host's", "[cpu][semantics]") {
    compare_words<u16>();
    compare_words<u32>();
    compare_words<u64>();
    COMPARE_SCAN(u16, bsf, "w");
    COMPARE_SCAN(u16, bsr, "w");
    COMPARE_SCAN(u32, bsf, "k");
    COMPARE_SCAN(u32, bsr, "k");
    COMPARE_SCAN(u64, bsf, "q");
    COMPARE_SCAN(u64, bsr, "q");
    if (!__builtin_cpu_supports("bmi") || !__builtin_cpu_supports("bmi2")) return;
    compare_bmi<u32>();
    compare_bmi<u64>();
}

TEST_CASE("CMP and TEST: the flags of SUB and AND", "[cpu][semantics]") {
    for (const u32 left : corner_values<u32>()) {
        for (const u32 right : corner_values<u32>()) {
            u16 expected = 0x200;
            u16 found = 0x200;
            (void)alu::sub(left, right, expected);
            alu::cmp(left, right, found);
            CHECK(found == expected);
            (void)alu::and_(left, right, expected);
            alu::test(left, right, found);
            CHECK(found == expected);
        }
    }
}

TEST_CASE("Conditions: met when SETcc says so", "[cpu][semantics]") {
#define HOST_SETS(cc, code)                                        \
    for (u64 number = 0; number < 64; ++number) {                  \
        u64 flags = status_combination(number);                    \
        const u16 status = from_rflags(flags);                     \
        u8 set = 0;                                                \
        ON_HOST("set" cc " %[set]", flags, ([set] "+r"(set)), ()); \
        CAPTURE(cc, number);                                       \
        CHECK(alu::condition(status, code) == (set != 0));         \
    }
    HOST_SETS("o", 0x0)
    HOST_SETS("no", 0x1)
    HOST_SETS("b", 0x2)
    HOST_SETS("ae", 0x3)
    HOST_SETS("e", 0x4)
    HOST_SETS("ne", 0x5)
    HOST_SETS("be", 0x6)
    HOST_SETS("a", 0x7)
    HOST_SETS("s", 0x8)
    HOST_SETS("ns", 0x9)
    HOST_SETS("p", 0xa)
    HOST_SETS("np", 0xb)
    HOST_SETS("l", 0xc)
    HOST_SETS("ge", 0xd)
    HOST_SETS("le", 0xe)
    HOST_SETS("g", 0xf)
#undef HOST_SETS
}

TEST_CASE("BSWAP, CRC32, PDEP, PEXT, SARX and MULX: known values", "[cpu][semantics]") {
    CHECK(alu::bswap(u32{0x1234'5678}) == 0x7856'3412);
    CHECK(alu::bswap(u64{0x0123'4567'89ab'cdef}) == 0xefcd'ab89'6745'2301);
    // The check value of CRC-32C over "123456789", all ones before and inverted after.
    u32 crc = ~u32{0};
    for (u8 digit = '1'; digit <= '9'; ++digit) crc = alu::crc32(crc, digit);
    CHECK(~crc == 0xe306'9283);
    u32 by_words = alu::crc32(~u32{0}, u64{0x3837'3635'3433'3231});
    CHECK(~alu::crc32(by_words, u8{'9'}) == 0xe306'9283);
    if (__builtin_cpu_supports("bmi2")) {
        CHECK(alu::pdep(u32{0b101}, u32{0xf000'0000}) == 0x5000'0000);
        CHECK(alu::pext(u64{0xabcd}, u64{0xff00}) == 0xab);
    }
    CHECK(alu::sarx(u32{0x8000'0000}, u32{33}) == 0xc000'0000);
    CHECK(alu::rorx(u64{1}, 65) == u64{1} << 63);
    const auto product = alu::mulx(~u64{0}, ~u64{0});
    CHECK(product.low == 1);
    CHECK(product.high == ~u64{0} - 1);
}

}  // namespace test
