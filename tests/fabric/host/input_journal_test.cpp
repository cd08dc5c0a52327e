// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/input_journal.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <thread>

#include "fabric/time/event_queue.hpp"
#include "fabric/time/instruction_clock.hpp"

using namespace fabric;

namespace {

/// Less than a machine: a clock, a sum that every instruction changes, and a way in.
struct Sums {
    explicit Sums(InputJournal& input) : journal(input) {
        journal.add_port("keys", [this](std::span<const u8> bytes) {
            for (const u8 byte : bytes) sum = sum * 31 + byte;
        });
        clock.set_rate(3'000'000'000, 0);  // Three instructions in each nanosecond.
    }

    VmInstant now() const { return {clock.time_at(retired), retired}; }

    void run_until(u64 end) {
        while (retired < end) {
            const auto due = journal.next_due();
            const u64 stop = due ? std::clamp(due->retired, retired, end) : end;
            for (; retired < stop; ++retired) sum = sum * 6364136223846793005u + 1;
            journal.deliver_due(now());
        }
    }

    InputJournal& journal;
    InstructionClock clock;
    u64 retired = 0;
    u64 sum = 0;
};

const std::vector<u8> h = {'h'};
const std::vector<u8> i = {'i'};

}  // namespace

TEST_CASE("Input journal: a replay hands over at the same instruction", "[fabric][replay]") {
    InputJournal live;
    Sums recorded(live);
    recorded.run_until(1001);  // Not the first instruction of its nanosecond.
    live.post(0, h);
    CHECK(live.has_posts());
    live.deliver_due(recorded.now());
    CHECK_FALSE(live.has_posts());
    recorded.run_until(5003);
    live.post(0, i);
    live.post(0, h);
    recorded.run_until(9000);

    InputJournal replay(live.recording("box", recorded.now()));
    Sums replayed(replay);
    REQUIRE(replay.check_fits("box").has_value());
    replay.post(0, i);  // The host has no say in a replay.
    replayed.run_until(9000);

    CHECK(replayed.sum == recorded.sum);
    CHECK(std::ranges::equal(replay.log(), live.log()));
    CHECK_FALSE(replay.diverged());
    CHECK(replay.next_due() == std::nullopt);
}

TEST_CASE("Input journal: a replay that missed an instant says so", "[fabric][replay]") {
    InputJournal live;
    Sums recorded(live);
    recorded.run_until(100);
    live.post(0, h);
    live.deliver_due(recorded.now());

    InputJournal replay(live.recording("box", recorded.now()));
    Sums replayed(replay);
    replayed.retired = 101;
    replay.deliver_due(replayed.now());
    CHECK(replay.diverged());
}

TEST_CASE("Input journal: another machine's recording is refused", "[fabric][replay][hostile]") {
    InputJournal::Recording recording{.machine = "box", .ports = {"keys"}};
    SECTION("another machine") { recording.machine = "crate"; }
    SECTION("another name") { recording.ports = {"mouse"}; }
    SECTION("more ports") { recording.ports = {"keys", "mouse"}; }
    SECTION("fewer ports") { recording.ports = {}; }
    SECTION("input for a port that is not there") { recording.entries = {{{}, 1, h}}; }
    InputJournal replay(recording);
    const Sums machine(replay);
    CHECK_FALSE(replay.check_fits("box").has_value());
}

TEST_CASE("Input journal: host threads may post at any time", "[fabric][replay]") {
    InputJournal live;
    usize received = 0;
    live.add_port("p", [&](std::span<const u8> bytes) { received += bytes.size(); });
    constexpr usize posts = 10'000;
    std::thread host([&] {
        for (usize n = 0; n < posts; ++n) live.post(0, h);
    });
    u64 n = 0;
    while (received < posts) {
        live.wait_for_post(1'000'000);
        live.deliver_due({{n}, n});
        ++n;
    }
    host.join();
    CHECK(live.log().size() == posts);
}
