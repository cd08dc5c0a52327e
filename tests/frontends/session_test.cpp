// SPDX-License-Identifier: BSD-2-Clause
//
// The session: who is called when, and what they can do.
#include "frontends/session/session.hpp"

#include <unistd.h>
#include <catch2/catch.hpp>

#include <array>
#include <functional>

#include "fabric/host/wall_clock.hpp"
#include "frontends/session/run_limits.hpp"
#include "tests/machine/guest.hpp"

using fabric::VmTime;
using frontends::Attendant;
using frontends::Session;
using frontends::Stop;
using frontends::Wakers;
using machine::RunOutcome;
using test::Guest;

namespace {

/// Does what the test says.
struct Scripted final : Attendant {
    std::function<void(Session&)> at_attend = [](Session&) {};
    std::function<bool(Session&, RunOutcome)> at_outcome = [](auto&, auto) { return false; };
    std::function<void(Wakers&)> at_await = [](Wakers&) {};
    Stop stop;
    bool may_wake = false;
    std::optional<int> ended;

    void attend(Session& session) override { at_attend(session); }
    Stop next_stop() const override { return stop; }
    void await(Wakers& wakers) const override { at_await(wakers); }
    bool take(Session& session, RunOutcome outcome) override {
        return at_outcome(session, outcome);
    }
    bool may_wake_guest() const override { return may_wake; }
    void end(Session&, int status) override { ended = status; }
};

struct Bench {
    explicit Bench(std::initializer_list<u8> code) : guest(test::config_of(test::rom_of(code))) {
        session.add(scripted);
    }
    Guest guest;
    Session session{*guest.machine};
    Scripted scripted;
};

constexpr std::initializer_list<u8> endless_loop = {0xeb, 0xfe};
constexpr std::initializer_list<u8> halt = {0xf4};
constexpr std::initializer_list<u8> exit_with_5 = {0xb0, 0x05, 0xe6, 0xf4};
constexpr std::initializer_list<u8> triple_fault = {0x0f, 0x01, 0x1e, 0x00, 0x10, 0xcc};

}  // namespace

TEST_CASE("Session: the guest's exit is the status, and all are told", "[session]") {
    Bench bench(exit_with_5);
    CHECK(bench.session.run() == 11);
    CHECK(bench.scripted.ended == 11);
}

TEST_CASE("Session: a triple fault ends it unless somebody takes it", "[session]") {
    Bench bench(triple_fault);
    std::vector<RunOutcome> seen;
    SECTION("nobody") {
        bench.scripted.at_outcome = [&](auto&, RunOutcome outcome) {
            seen.push_back(outcome);
            return false;
        };
        CHECK(bench.session.run() == frontends::run_status::shutdown);
    }
    SECTION("somebody") {
        bench.scripted.at_outcome = [&](Session& session, RunOutcome outcome) {
            seen.push_back(outcome);
            session.leave(77);
            return true;
        };
        CHECK(bench.session.run() == 77);
    }
    CHECK(seen == std::vector{RunOutcome::Shutdown});
}

TEST_CASE("Session: stops are exact, in instructions and in time", "[session]") {
    Bench bench(endless_loop);
    std::vector<u64> at;
    bench.scripted.stop.retired = 1'000;
    bench.scripted.at_attend = [&](Session& session) {
        const auto now = session.machine().now();
        at.push_back(now.retired);
        if (now.retired >= 1'000) bench.scripted.stop = {.time = VmTime{123'456}};
        if (now.time.ns >= 123'456) session.leave(0);
    };
    CHECK(bench.session.run() == 0);
    CHECK(at == std::vector<u64>{0, 1'000, 123'456});  // 10⁹ instructions are a second.
}

TEST_CASE("Session: a paused machine stands still until it is resumed", "[session]") {
    Bench bench(endless_loop);
    std::array<int, 2> pipe_ends;
    REQUIRE(pipe(pipe_ends.data()) == 0);
    int calls = 0;
    u64 paused_at = 0;
    bench.scripted.at_await = [&](Wakers& wakers) {
        CHECK(bench.session.paused());
        wakers.descriptors.push_back({.fd = pipe_ends[0], .events = POLLIN, .revents = 0});
        CHECK(write(pipe_ends[1], "x", 1) == 1);
    };
    bench.scripted.at_attend = [&](Session& session) {
        ++calls;
        const u64 retired = session.machine().retired();
        if (calls == 2) {
            session.pause();
            paused_at = retired;
        }
        if (calls == 3) {
            CHECK(retired == paused_at);
            session.resume();
        }
        if (calls == 4) {
            CHECK(retired > paused_at);
            session.leave(0);
        }
    };
    CHECK(bench.session.run() == 0);
    CHECK(calls == 4);
    close(pipe_ends[0]);
    close(pipe_ends[1]);
}

TEST_CASE("Session: a held machine waits for the host's clock", "[session]") {
    Bench bench(endless_loop);
    constexpr u64 held_ns = 30'000'000;
    u64 held_since = 0;
    u64 held_at = 0;
    bench.scripted.at_attend = [&](Session& session) {
        const u64 now = fabric::host_steady_clock_ns();
        if (held_since == 0) {
            held_since = now;
            held_at = session.machine().retired();
        }
        if (now - held_since < held_ns) {
            CHECK(session.machine().retired() == held_at);
            session.hold_until(held_since + held_ns);
        } else if (session.machine().retired() > held_at) {
            session.leave(0);
        }
    };
    CHECK(bench.session.run() == 0);
}

TEST_CASE("Session: a guest that halted for good ends it if nobody can wake it", "[session]") {
    Bench bench(halt);
    SECTION("nobody") { CHECK(bench.session.run() == frontends::run_status::idle); }
    SECTION("somebody, until they cannot") {
        bench.scripted.may_wake = true;
        int calls = 0;
        bench.scripted.at_attend = [&](Session&) {
            if (++calls == 3) bench.scripted.may_wake = false;
        };
        bench.scripted.at_await = [](Wakers& wakers) { wakers.host_ns = 0; };
        CHECK(bench.session.run() == frontends::run_status::idle);
        CHECK(calls == 3);
    }
}

TEST_CASE("Session: limits and the end of a recording", "[session]") {
    Bench bench(endless_loop);
    frontends::InstructionLimit limit(54'321);
    frontends::ReplayEnd end({VmTime{40'000}, 40'000});
    SECTION("a limit") {
        bench.session.add(limit);
        CHECK(bench.session.run() == frontends::run_status::stopped);
        CHECK(bench.guest.machine->retired() == 54'321);
    }
    SECTION("whichever comes first") {
        bench.session.add(limit);
        bench.session.add(end);
        CHECK(bench.session.run() == frontends::run_status::stopped);
        CHECK(bench.guest.machine->retired() == 40'000);
    }
}

TEST_CASE("Session: a recording ends at its time though the guest is halted", "[session]") {
    Bench bench(halt);
    frontends::ReplayEnd end({VmTime{5'000'000}, 1});
    bench.session.add(end);
    CHECK(bench.session.run() == frontends::run_status::stopped);
    CHECK(bench.guest.machine->now().time == VmTime{5'000'000});
}

TEST_CASE("Session: attendants change nothing that the guest sees", "[session][determinism]") {
    Guest whole;
    Session plain(*whole.machine);
    REQUIRE(plain.run() == 0);

    Guest looked_at;
    Session session(*looked_at.machine);
    Scripted curious;
    curious.stop.time = VmTime{1'000};
    curious.at_attend = [&](Session& of) {
        curious.stop.time = of.machine().now().time + fabric::VmDuration{7'777};
        if (of.machine().retired() > 3'000'000) curious.stop = {};
    };
    session.add(curious);
    REQUIRE(session.run() == 0);
    CHECK(test::ending_of(looked_at) == test::ending_of(whole));
}
