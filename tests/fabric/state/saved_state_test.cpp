// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/state/saved_state.hpp"

#include <catch2/catch.hpp>

using namespace fabric;

namespace {

enum class Mode : u8 { Off, On };

struct Inner {
    u16 a = 1;
    i32 b = -2;
    bool operator==(const Inner&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "a", state.a);
        visit(2, "b", state.b);
    }
};

struct Sample {
    u64 word = 0;
    bool flag = false;
    Mode mode = Mode::Off;
    std::array<Inner, 2> pair{};
    std::vector<u8> bytes;
    std::vector<Inner> many;
    std::string text;
    Fifo<u16, 4> fifo;
    std::optional<u32> maybe;
    bool operator==(const Sample&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "word", state.word);
        visit(2, "flag", state.flag);
        visit(3, "mode", state.mode);
        visit(4, "pair", state.pair);
        visit(5, "bytes", state.bytes);
        visit(6, "many", state.many);
        visit(7, "text", state.text);
        visit(8, "fifo", state.fifo);
        visit(9, "maybe", state.maybe);
    }
};

/// What an older build knew of Sample.
struct OldSample {
    u64 word = 0;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "word", state.word);
    }
};

struct Forgetful {
    u8 kept = 0;
    u8 forgotten = 0;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "kept", state.kept);
    }
};

struct Repeating {
    u8 a = 0;
    u8 b = 0;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "a", state.a);
        visit(1, "b", state.b);
    }
};

static_assert(lists_every_member_once<Sample>());
static_assert(!lists_every_member_once<Forgetful>());
static_assert(!lists_every_member_once<Repeating>());

Sample full() {
    Sample sample{.word = 0x0123'4567'89ab'cdef,
                  .flag = true,
                  .mode = Mode::On,
                  .pair = {Inner{7, -8}, Inner{9, 10}},
                  .bytes = {1, 2, 3},
                  .many = {Inner{}, Inner{5, 6}},
                  .text = "text",
                  .maybe = 77};
    sample.fifo.push(500);
    return sample;
}

std::vector<u8> saved(const auto& state) {
    StateWriter out;
    out.write(state);
    return {out.bytes().begin(), out.bytes().end()};
}

}  // namespace

TEST_CASE("Saved state: every kind of member comes back", "[fabric][state][snapshot]") {
    const auto bytes = saved(full());
    Sample read;
    StateReader in(bytes);
    REQUIRE(in.read(read).has_value());
    CHECK(read == full());
    CHECK(state_hash(read) == state_hash(full()));
    CHECK(state_hash(read) != state_hash(Sample{}));
}

TEST_CASE("Saved state: older files are read, newer ones refused", "[fabric][state][snapshot]") {
    Sample sample = full();
    const auto old_bytes = saved(OldSample{5});
    StateReader old(old_bytes);
    REQUIRE(old.read(sample).has_value());
    CHECK(sample == Sample{.word = 5});

    OldSample target{9};
    const auto new_bytes = saved(full());
    StateReader newer(new_bytes);
    const auto outcome = newer.read(target);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().message == "field number 2 is not known to this build");
    CHECK(target.word == 9);
}

TEST_CASE("Saved state: damaged bytes are refused or read, and never half",
          "[fabric][state][snapshot][hostile]") {
    const auto bytes = saved(full());
    for (usize i = 0; i < bytes.size(); ++i) {
        for (const int flip : {0x01, 0x80, 0xff}) {
            auto damaged = bytes;
            damaged[i] = static_cast<u8>(damaged[i] ^ flip);
            Sample read{.word = 42};
            StateReader in(damaged);
            if (!in.read(read)) CHECK(read == Sample{.word = 42});
        }
        Sample read{.word = 42};
        StateReader in(std::span<const u8>(bytes).first(i));
        if (!in.read(read)) CHECK(read == Sample{.word = 42});
    }
}

TEST_CASE("Saved state: the error names the field", "[fabric][state][hostile]") {
    const std::vector<u8> bytes = {1, 0, 2, 0, 0, 0, 5, 5};  // Field 1, two bytes long.
    Sample read;
    StateReader in(bytes);
    const auto outcome = in.read(read);
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().message == "field 'word' is cut short");
    const std::vector<u8> twice = {2, 0, 1, 0, 0, 0, 1, 2, 0, 1, 0, 0, 0, 1};
    StateReader again(twice);
    CHECK_FALSE(again.read(read).has_value());
    const std::vector<u8> neither = {2, 0, 1, 0, 0, 0, 2};
    StateReader third(neither);
    CHECK_FALSE(third.read(read).has_value());
}

TEST_CASE("State hash: length, order and every bit count", "[fabric][state]") {
    std::vector<u8> bytes(200);
    std::vector<u64> hashes;
    for (usize length = 0; length <= bytes.size(); ++length) {
        hashes.push_back(hash_of(std::span(bytes).first(length)));
    }
    for (usize bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] = static_cast<u8>(1 << (bit % 8));
        hashes.push_back(hash_of(bytes));
        bytes[bit / 8] = 0;
    }
    std::sort(hashes.begin(), hashes.end());
    CHECK(std::adjacent_find(hashes.begin(), hashes.end()) == hashes.end());
}
