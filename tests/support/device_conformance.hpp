// SPDX-License-Identifier: BSD-2-Clause
//
// What every device must do, whatever it is.
#pragma once

#include <catch2/catch.hpp>

#include <algorithm>
#include <vector>

#include "fabric/bus/device.hpp"

namespace test {

inline std::vector<u8> saved(const fabric::Device& device) {
    fabric::StateWriter out;
    device.save(out);
    return {out.bytes().begin(), out.bytes().end()};
}

/// `device`, moved off its power-on state by the test, is saved; `fresh` takes the state over. Then
/// bytes are damaged and cut: a restore that fails must leave the device as it was.
template <class D>
void check_state_survives(const D& device, D& fresh) {
    const std::vector<u8> bytes = saved(device);
    REQUIRE(bytes != saved(fresh));  // Otherwise this shows nothing.

    fabric::StateReader in(bytes);
    const fabric::Result<> outcome = fresh.restore(in);
    REQUIRE(outcome.has_value());
    CHECK(fresh.state() == device.state());
    CHECK(saved(fresh) == bytes);

    for (usize length = 1; length < bytes.size(); ++length) {
        const std::vector<u8> before = saved(fresh);
        fabric::StateReader cut(std::span<const u8>(bytes).first(length));
        if (!fresh.restore(cut)) CHECK(saved(fresh) == before);
        fabric::StateReader whole(bytes);
        REQUIRE(fresh.restore(whole).has_value());
    }
}

/// Checkpoints come from anywhere: whatever values stand in the fields of a record that is
/// otherwise whole, it is refused, or `use` does no harm to `fresh`.
template <class D, class Use>
void check_survives_damaged_state(const D& device, D& fresh, Use use) {
    const std::vector<u8> bytes = saved(device);
    u64 random = 1;
    const auto next = [&random](u64 below) {
        random = random * 6364136223846793005 + 1442695040888963407;
        return (random >> 33) % below;
    };
    u32 accepted = 0;
    for (int round = 0; round < 2000; ++round) {
        std::vector<u8> damaged = bytes;
        for (u64 flips = 1 + next(8); flips != 0; --flips) {
            damaged[next(damaged.size())] = static_cast<u8>(next(3) == 0 ? 0xff : next(256));
        }
        fabric::StateReader in(damaged);
        if (!fresh.restore(in)) continue;
        ++accepted;
        use();
    }
    CHECK(accepted != 0);
}

/// Every register, every width it declares, every value of a byte: nothing may break, and a
/// power-on reset must bring back the state of the first day.
template <class D>
void check_survives_any_access(D& device, u64 length, u32 widest_access) {
    device.reset(fabric::ResetKind::PowerOn);
    const std::vector<u8> power_on = saved(device);
    for (u32 size = 1; size <= widest_access; size *= 2) {
        for (u64 offset = 0; offset + size <= length; offset += size) {
            for (u64 value = 0; value < 256; ++value) {
                device.write(offset, size, value * 0x0101'0101'0101'0101);
                static_cast<void>(device.read(offset, size));
            }
        }
    }
    device.reset(fabric::ResetKind::PowerOn);
    CHECK(saved(device) == power_on);
}

}  // namespace test
