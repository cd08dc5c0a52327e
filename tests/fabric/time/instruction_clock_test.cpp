// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/time/instruction_clock.hpp"

#include <catch2/catch.hpp>

#include <random>

#include "fabric/time/frequency.hpp"

using namespace fabric;

TEST_CASE("Frequency: a counter is exact after a century", "[fabric][time]") {
    const Frequency pit(1'193'182);
    constexpr u64 century = 3'155'760'000;  // Seconds.
    CHECK(pit.ticks_at({century * ns_per_second}) == century * 1'193'182);
    CHECK(pit.ticks_at({century * ns_per_second - 1}) == century * 1'193'182 - 1);
}

TEST_CASE("Frequency: a fraction of hertz is exact", "[fabric][time]") {
    const Frequency pit(105'000'000, 88);
    CHECK(pit.hz() == 1'193'181);
    CHECK(pit.ticks_at(VmTime{88 * ns_per_second - 1}) == 104'999'999);
    CHECK(pit.ticks_at(VmTime{88 * ns_per_second}) == 105'000'000);
    CHECK(pit.time_of_tick(105'000'000) == VmTime{88 * ns_per_second});
    CHECK(pit.ticks_at(pit.time_of_tick(123'456'789)) == 123'456'789);
    CHECK(pit.ticks_at(VmTime{pit.time_of_tick(123'456'789).ns - 1}) == 123'456'788);
}

TEST_CASE("Frequency: a tick's time is the first at which it has come", "[fabric][time]") {
    const u64 hz = GENERATE(u64{1}, u64{32'768}, u64{1'193'182}, u64{14'318'180}, u64{999'999'999},
                            u64{1'000'000'000}, u64{3'000'000'001});
    CAPTURE(hz);
    const Frequency clock(hz);
    std::mt19937_64 random(hz);
    for (int i = 0; i < 1000; ++i) {
        const u64 tick = 1 + random() % (hz * 7);
        const VmTime when = clock.time_of_tick(tick);
        CHECK(clock.ticks_at(when) >= tick);
        CHECK(clock.ticks_at({when.ns - 1}) < tick);
    }
    CHECK(Frequency(1).time_of_tick(~u64{0}) == VmTime{~u64{0}});  // Saturated, not wrapped.
}

TEST_CASE("Instruction clock: the budget reaches the deadline and no further", "[fabric][time]") {
    const u64 rate = GENERATE(u64{1}, u64{700'000'003}, u64{1'000'000'000}, u64{4'200'000'000});
    CAPTURE(rate);
    InstructionClock clock;
    clock.set_rate(rate, 0);
    std::mt19937_64 random(rate);
    u64 retired = 0;
    for (int i = 0; i < 1000; ++i) {
        const VmTime deadline = clock.time_at(retired) + VmDuration{1 + random() % 1'000'000'000};
        const u64 budget = clock.instructions_until(deadline, retired);
        REQUIRE(budget > 0);
        CHECK(clock.time_at(retired + budget) >= deadline);
        CHECK(clock.time_at(retired + budget - 1) < deadline);
        retired += budget;
        CHECK(clock.instructions_until(deadline, retired) == 0);
    }
}

TEST_CASE("Instruction clock: rates and idle time do not move it back", "[fabric][time]") {
    InstructionClock clock;
    CHECK(clock.time_at(5) == VmTime{5});
    clock.skip_to({1000}, 5);
    CHECK(clock.time_at(5) == VmTime{1000});
    clock.skip_to({10}, 5);
    CHECK(clock.time_at(6) == VmTime{1001});
    clock.set_rate(500'000'000, 7);
    CHECK(clock.time_at(7) == VmTime{1002});
    CHECK(clock.time_at(8) == VmTime{1004});
    CHECK(clock.instructions_until({1005}, 7) == 2);
    CHECK(clock.instructions_until({~u64{0}}, 7) > u64{1} << 60);
}

TEST_CASE("Instruction clock: a snapshot with an absurd rate is refused",
          "[fabric][time][snapshot][hostile]") {
    InstructionClock clock;
    clock.set_rate(123, 10);
    StateWriter out;
    clock.save(out);
    InstructionClock other;
    StateReader in(out.bytes());
    REQUIRE(other.restore(in).has_value());
    CHECK(other.state() == clock.state());

    StateWriter absurd;
    absurd.write(InstructionClock::State{.instructions_per_second = 0});
    StateReader bad(absurd.bytes());
    CHECK_FALSE(other.restore(bad).has_value());
    CHECK(other.state() == clock.state());
}
