// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/time/event_queue.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <memory>
#include <random>

using namespace fabric;

TEST_CASE("Event queue: equal deadlines fire in order of creation", "[fabric][time]") {
    EventQueue queue;
    std::string fired;
    Timer a(queue, "a", [&] { fired += 'a'; });
    Timer b(queue, "b", [&] { fired += 'b'; });
    Timer c(queue, "c", [&] { fired += 'c'; });
    c.schedule({10});
    b.schedule({10});
    a.schedule({10});
    CHECK(queue.next_deadline() == VmTime{10});
    queue.run_until({9});
    CHECK(fired.empty());
    queue.run_until({10});
    CHECK(fired == "abc");
    CHECK(queue.next_deadline() == std::nullopt);
}

TEST_CASE("Event queue: a timer sees its own deadline as the time", "[fabric][time]") {
    EventQueue queue;
    std::vector<u64> times;
    Timer periodic(queue, "p", [&] {
        times.push_back(queue.now().ns);
        periodic.schedule({30});
    });
    periodic.schedule({30});
    queue.run_until({100});
    CHECK(times == std::vector<u64>{30, 60, 90});
    CHECK(queue.now() == VmTime{100});
    CHECK(periodic.deadline() == VmTime{120});
    periodic.cancel();
    CHECK_FALSE(periodic.pending());
}

TEST_CASE("Event queue: the end of time does not wrap", "[fabric][time][hostile]") {
    EventQueue queue;
    int fired = 0;
    Timer timer(queue, "t", [&] { ++fired; });
    queue.run_until({1000});
    timer.schedule({~u64{0}});
    CHECK(timer.deadline() == VmTime{~u64{0}});
    queue.run_until({~u64{0} - 1});
    CHECK(fired == 0);
    timer.schedule_at({5});  // In the past.
    queue.run_until(queue.now());
    CHECK(fired == 1);
    CHECK(queue.now() == VmTime{~u64{0} - 1});
}

TEST_CASE("Event queue: a heap of many behaves as a sorted list", "[fabric][time]") {
    EventQueue queue;
    std::mt19937 random(1);
    std::vector<std::pair<u64, usize>> fired, expected;
    std::vector<std::unique_ptr<Timer>> timers;
    for (usize i = 0; i < 200; ++i) {
        timers.push_back(std::make_unique<Timer>(queue, std::to_string(i), [&queue, &fired, i] {
            fired.emplace_back(queue.now().ns, i);
        }));
    }
    for (int round = 0; round < 2000; ++round) {
        Timer& timer = *timers[random() % timers.size()];
        random() % 3 == 0 ? timer.cancel() : timer.schedule({random() % 100});
    }
    for (usize i = 0; i < timers.size(); ++i) {
        if (const auto deadline = timers[i]->deadline()) expected.emplace_back(deadline->ns, i);
    }
    std::sort(expected.begin(), expected.end());
    queue.run_until({1000});
    CHECK(fired == expected);
}

TEST_CASE("Event queue: deadlines survive a snapshot by name", "[fabric][time][snapshot]") {
    EventQueue queue;
    Timer a(queue, "a", [] {});
    Timer b(queue, "b", [] {});
    queue.run_until({7});
    b.schedule({100});
    StateWriter out;
    queue.save(out);

    EventQueue other;
    Timer other_b(other, "b", [] {});
    Timer other_a(other, "a", [] {});
    other_a.schedule({1});
    SECTION("whole") {
        StateReader in(out.bytes());
        REQUIRE(other.restore(in).has_value());
        CHECK(other.now() == VmTime{7});
        CHECK_FALSE(other_a.pending());
        CHECK(other_b.deadline() == VmTime{107});
    }
    SECTION("of another machine: refused, and nothing changes") {
        EventQueue small;
        Timer only(small, "only", [] {});
        only.schedule({3});
        StateReader in(out.bytes());
        const auto outcome = small.restore(in);
        REQUIRE_FALSE(outcome.has_value());
        CHECK(outcome.error().message == "this machine has no timer 'b'");
        CHECK(only.deadline() == VmTime{3});
        CHECK(small.now() == VmTime{0});
    }
}
