// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "fabric/host/wall_clock.hpp"
#include "frontends/session/pacer.hpp"
#include "frontends/session/session.hpp"
#include "frontends/session/speed.hpp"
#include "tests/machine/pc_guest.hpp"

using fabric::VmDuration;
using fabric::VmTime;
using frontends::PaceLine;

namespace {

constexpr u64 ms = 1'000'000;

/// Leaves at a virtual time.
class LeaveAt final : public frontends::Attendant {
public:
    explicit LeaveAt(VmTime time) : time_(time) {}
    void attend(frontends::Session& session) override {
        if (session.machine().now().time >= time_) session.leave(0);
    }
    frontends::Stop next_stop() const override { return {.time = time_}; }

private:
    VmTime time_;
};

}  // namespace

TEST_CASE("Pace: virtual time goes with the host's", "[frontends][pace]") {
    PaceLine line;
    line.start(1000 * ms, VmTime{5 * ms});
    CHECK(line.allowed_at(1000 * ms) == VmTime{5 * ms});
    CHECK(line.allowed_at(1007 * ms) == VmTime{12 * ms});
    CHECK(line.allowed_at(900 * ms) == VmTime{5 * ms});
    CHECK(line.host_time_of(VmTime{12 * ms}) == 1007 * ms);
}

TEST_CASE("Pace: a host that is slow is made up for to a fifth of a second", "[frontends][pace]") {
    PaceLine line;
    line.start(1000 * ms, VmTime{0});
    line.note_progress(1150 * ms, VmTime{0});
    CHECK(line.allowed_at(1150 * ms) == VmTime{150 * ms});
    line.note_progress(2000 * ms, VmTime{100 * ms});
    CHECK(line.allowed_at(2000 * ms) == VmTime{300 * ms});
    CHECK(line.allowed_at(2010 * ms) == VmTime{310 * ms});
}

TEST_CASE("Pace: a machine that was set to another time is not waited for", "[frontends][pace]") {
    PaceLine line;
    line.start(1000 * ms, VmTime{0});
    line.note_progress(1010 * ms, VmTime{900'000 * ms});
    CHECK(line.allowed_at(1010 * ms) == VmTime{900'000 * ms});
    line.note_progress(1020 * ms, VmTime{3 * ms});
    CHECK(line.allowed_at(1020 * ms) <= VmTime{203 * ms});
}

TEST_CASE("Pace: an idle guest's time does not outrun the host's, and the run is the same",
          "[frontends][pace]") {
    if (!test::have_seabios()) return;
    machine::PcConfig config = test::pc_config();
    config.disks = {{.path = SCREENS_DISK, .snapshot = true}};
    test::PcGuest unpaced(config);
    test::PcGuest paced(config);
    // It waits for a key.
    for (test::PcGuest* guest : {&unpaced, &paced}) {
        REQUIRE(guest->machine->run_until(~u64{0}, VmTime{2000 * ms}) ==
                machine::RunOutcome::LimitReached);
    }
    const VmTime from = paced.machine->now().time;
    const VmTime to = from + VmDuration{150 * ms};
    REQUIRE(unpaced.machine->now() == paced.machine->now());
    REQUIRE(unpaced.machine->run_until(~u64{0}, to) == machine::RunOutcome::LimitReached);

    frontends::Session session(*paced.machine);
    frontends::Pacer pacer;
    LeaveAt end(to);
    session.add(pacer);
    session.add(end);
    const u64 started = fabric::host_steady_clock_ns();
    CHECK(session.run() == 0);
    CHECK(fabric::host_steady_clock_ns() - started >= 149 * ms);
    CHECK(paced.machine->now() == unpaced.machine->now());
    CHECK(paced.hash() == unpaced.hash());
}

TEST_CASE("Speed: of the last second", "[frontends][pace]") {
    frontends::Speedometer meter;
    CHECK_FALSE(meter.look(0, {}));
    CHECK_FALSE(meter.look(500 * ms, {VmTime{100 * ms}, 1'000'000}));
    CHECK(meter.look(2000 * ms, {VmTime{500 * ms}, 300'000'000}));
    CHECK(meter.speed().mips == Approx(150));
    CHECK(meter.speed().real_time_percent == Approx(25));
    // Set back by a checkpoint.
    CHECK_FALSE(meter.look(4000 * ms, {VmTime{1 * ms}, 5}));
    CHECK(meter.speed().mips == Approx(150));
}
