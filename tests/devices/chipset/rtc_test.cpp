// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/rtc.hpp"

#include <catch2/catch.hpp>

#include "devices/chipset/rtc_registers.hpp"
#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices;
using namespace devices::rtc;

namespace {

constexpr u64 second = 1'000'000'000;

struct Bench {
    fabric::EventQueue events;
    test::RecordingIrqSink irq;
    test::RecordingIrqSink nmi_masked;
    Rtc rtc{{}, {events, fabric::IrqLine{irq, 8}, fabric::IrqLine{nmi_masked, 0}}};

    Bench() { rtc.reset(fabric::ResetKind::PowerOn); }

    u8 get(u8 index) {
        rtc.write(0, 1, index);
        return static_cast<u8>(rtc.read(1, 1));
    }
    void put(u8 index, u8 value) {
        rtc.write(0, 1, index);
        rtc.write(1, 1, value);
    }
    void put_time(u8 hour, u8 minute, u8 sec) {
        put(Hours, hour);
        put(Minutes, minute);
        put(Seconds, sec);
    }
    void put_date(u8 century, u8 year, u8 month, u8 day, u8 weekday) {
        put(Century, century);
        put(Year, year);
        put(Month, month);
        put(DayOfMonth, day);
        put(DayOfWeek, weekday);
    }
    u32 time() { return u32{get(Hours)} << 16 | u32{get(Minutes)} << 8 | get(Seconds); }
    u32 date() {
        return u32{get(Century)} << 24 | u32{get(Year)} << 16 | u32{get(Month)} << 8 |
               get(DayOfMonth);
    }
    void pass(u64 ns) { events.run_until(events.now() + fabric::VmDuration{ns}); }
};

// 2026-11-21 15:27:02.75 UTC, a Saturday.
constexpr i64 some_time = 1'795'274'822'750'000'000;

}  // namespace

TEST_CASE("RTC: the wall clock is kept in virtual time", "[devices][rtc]") {
    Bench bench;
    bench.pass(12'345'678);
    bench.rtc.set_clock(some_time);
    CHECK(bench.date() == 0x2026'1121);
    CHECK(bench.time() == 0x15'27'02);
    CHECK(bench.get(DayOfWeek) == 7);
    CHECK_FALSE(bench.events.next_deadline().has_value());  // Nobody waits: no events.

    bench.pass(second / 4 - 40'000);
    CHECK(bench.time() == 0x15'27'02);
    bench.pass(80'000);
    CHECK(bench.time() == 0x15'27'03);
    bench.pass(10 * 86'400 * second);
    CHECK(bench.date() == 0x2026'1201);
    CHECK(bench.get(DayOfWeek) == 3);
    CHECK(bench.time() == 0x15'27'03);
    bench.pass(500 * 365 * u64{86'400} * second);  // No loop over seconds.
    CHECK(bench.get(Century) == 0x25);
}

TEST_CASE("RTC: before 1970", "[devices][rtc]") {
    Bench bench;
    bench.rtc.set_clock(-1);
    CHECK(bench.date() == 0x1969'1231);
    CHECK(bench.time() == 0x23'59'59);
    CHECK(bench.get(DayOfWeek) == 4);
}

TEST_CASE("RTC: the calendar turns over", "[devices][rtc]") {
    Bench bench;
    struct Case {
        u8 century, year, month, day;
        u32 next;
    };
    const Case the = GENERATE(
        Case{0x20, 0x24, 0x02, 0x28, 0x2024'0229}, Case{0x20, 0x25, 0x02, 0x28, 0x2025'0301},
        Case{0x20, 0x00, 0x02, 0x28, 0x2000'0229}, Case{0x21, 0x00, 0x02, 0x28, 0x2100'0301},
        Case{0x19, 0x99, 0x12, 0x31, 0x2000'0101}, Case{0x20, 0x26, 0x04, 0x30, 0x2026'0501});
    CAPTURE(the.next);
    bench.put_date(the.century, the.year, the.month, the.day, 7);
    bench.put_time(0x23, 0x59, 0x59);
    bench.pass(second);
    CHECK(bench.date() == the.next);
    CHECK(bench.time() == 0);
    CHECK(bench.get(DayOfWeek) == 1);
}

TEST_CASE("RTC: twelve hours and binary", "[devices][rtc]") {
    Bench bench;
    SECTION("BCD, 12 hours") {
        bench.put(B, 0);
        bench.put_time(0x11, 0x59, 0x59);
        bench.pass(second);
        CHECK(bench.get(Hours) == 0x92);  // Noon.
        bench.pass(3600 * second);
        CHECK(bench.get(Hours) == 0x81);
        bench.pass(11 * 3600 * second);
        CHECK(bench.get(Hours) == 0x12);  // Midnight.
    }
    SECTION("binary") {
        bench.put(B, b::Binary | b::Hours24);
        bench.put_time(23, 59, 58);
        bench.pass(second);
        CHECK(bench.get(Seconds) == 59);
        CHECK(bench.get(Hours) == 23);
    }
}

TEST_CASE("RTC: SET holds the time, the divider's reset its phase", "[devices][rtc]") {
    Bench bench;
    bench.put(B, b::Set | b::Hours24);
    bench.put_time(0x10, 0x20, 0x30);
    bench.pass(10 * second);
    CHECK(bench.time() == 0x10'20'30);
    bench.put(A, 0x70 | 6);
    bench.pass(second / 3);
    bench.put(A, 0x20 | 6);
    bench.put(B, b::Hours24);
    bench.pass(second / 2 - 100'000);
    CHECK(bench.time() == 0x10'20'30);
    bench.pass(200'000);
    CHECK(bench.time() == 0x10'20'31);
}

TEST_CASE("RTC: an update is announced 244 us before it begins", "[devices][rtc]") {
    Bench bench;
    constexpr u64 announced = second - 2'228'000;
    bench.pass(announced - 50'000);
    CHECK((bench.get(A) & a::UpdateInProgress) == 0);
    bench.pass(100'000);
    CHECK((bench.get(A) & a::UpdateInProgress) != 0);
    bench.pass(second - announced - 50'000);
    CHECK((bench.get(A) & a::UpdateInProgress) == 0);
    CHECK(bench.get(C) == (c::Update | c::Periodic));
}

TEST_CASE("RTC: the update interrupt comes each second", "[devices][rtc]") {
    Bench bench;
    bench.put(B, b::Hours24 | b::UpdateEnable);
    bench.pass(second - 1);
    CHECK_FALSE(bench.irq.level);
    bench.pass(1);
    CHECK(bench.irq.level);
    CHECK(bench.get(C) == (c::IrqFlag | c::Update | c::Periodic));
    CHECK_FALSE(bench.irq.level);
    CHECK(bench.get(C) == 0);
    bench.pass(second);
    CHECK(bench.irq.level);
    bench.put(B, b::Hours24 | b::Set | b::UpdateEnable);
    CHECK(bench.get(B) == (b::Hours24 | b::Set));
    CHECK_FALSE(bench.irq.level);
}

TEST_CASE("RTC: periodic rates", "[devices][rtc]") {
    const auto [rate, hz] = GENERATE(
        table<u8, u64>({{1, 256}, {2, 128}, {3, 8192}, {6, 1024}, {13, 8}, {14, 4}, {15, 2}}));
    CAPTURE(rate);
    Bench bench;
    bench.put(A, static_cast<u8>(0x20 | rate));
    bench.put(B, b::Hours24 | b::PeriodicEnable);
    u64 interrupts = 0;
    for (u64 i = 0; i < 2 * hz; ++i) {
        bench.events.run_until({fabric::scaled_up(i + 1, second, hz) - 1});
        CHECK_FALSE(bench.irq.level);
        bench.pass(1);
        interrupts += bench.irq.level;
        CHECK((bench.get(C) & (c::IrqFlag | c::Periodic)) == (c::IrqFlag | c::Periodic));
    }
    CHECK(interrupts == 2 * hz);
}

TEST_CASE("RTC: alarms, by the second or with fields that do not care", "[devices][rtc]") {
    Bench bench;
    bench.put_time(0x06, 0x59, 0x58);
    SECTION("at a time") {
        bench.put(HoursAlarm, 0x07);
        bench.put(MinutesAlarm, 0x00);
        bench.put(SecondsAlarm, 0x10);
        bench.put(B, b::Hours24 | b::AlarmEnable);
        bench.pass(12 * second - 1);
        CHECK_FALSE(bench.irq.level);
        bench.pass(1);
        CHECK(bench.irq.level);
        CHECK((bench.get(C) & c::Alarm) != 0);
        bench.pass(86'400 * second - 1);
        CHECK_FALSE(bench.irq.level);
        bench.pass(1);
        CHECK(bench.irq.level);
    }
    SECTION("each minute") {
        bench.put(HoursAlarm, 0xff);
        bench.put(MinutesAlarm, 0xc0);
        bench.put(SecondsAlarm, 0x00);
        bench.put(B, b::Hours24 | b::AlarmEnable);
        for (int i = 0; i < 5; ++i) {
            bench.pass(i == 0 ? 2 * second : 60 * second);
            CHECK((bench.get(C) & c::Alarm) != 0);
        }
    }
    SECTION("the flag comes without an interrupt too") {
        bench.put(HoursAlarm, 0x06);
        bench.put(MinutesAlarm, 0x59);
        bench.put(SecondsAlarm, 0x59);
        bench.pass(3 * second);
        CHECK((bench.get(C) & c::Alarm) != 0);
        CHECK_FALSE(bench.irq.level);
    }
    SECTION("never") {
        bench.put(SecondsAlarm, 0x7f);
        bench.put(B, b::Hours24 | b::AlarmEnable);
        CHECK_FALSE(bench.events.next_deadline().has_value());
    }
}

TEST_CASE("RTC: CMOS RAM has two banks, and the index masks NMI", "[devices][rtc]") {
    Bench bench;
    bench.rtc.set_ram(0x34, 0x12);
    CHECK(bench.get(0x34) == 0x12);
    bench.put(0x50, 0xaa);
    bench.rtc.write(2, 1, 0x50);
    bench.rtc.write(3, 1, 0x55);
    CHECK(bench.get(0x50) == 0xaa);
    CHECK(bench.rtc.read(3, 1) == 0x55);
    CHECK_FALSE(bench.nmi_masked.level);
    bench.rtc.write(0, 1, 0x80 | D);
    CHECK(bench.nmi_masked.level);
    CHECK(bench.rtc.read(1, 1) == ValidRamAndTime);
    bench.put(A, 0xff);
    CHECK((bench.get(A) & 0x80) == 0);
}

TEST_CASE("RTC: the reset pin leaves the time and RAM", "[devices][rtc]") {
    Bench bench;
    bench.rtc.set_clock(some_time);
    bench.put(0x40, 7);
    bench.put(B, 0x7e);
    bench.pass(2 * second);
    bench.rtc.reset(fabric::ResetKind::Platform);
    CHECK_FALSE(bench.irq.level);
    CHECK(bench.get(B) == (b::Hours24 | b::Binary));
    CHECK(bench.get(0x40) == 7);
    CHECK(bench.get(C) == 0);
    bench.put(B, b::Hours24);
}

TEST_CASE("RTC: state survives a snapshot", "[devices][rtc][snapshot]") {
    Bench bench;
    bench.rtc.set_clock(some_time);
    bench.put(B, b::Hours24 | b::PeriodicEnable | b::AlarmEnable);
    bench.put(0x72, 1);
    bench.pass(3 * second);
    Bench restored;
    restored.irq.times_driven = 0;
    test::check_state_survives(bench.rtc, restored.rtc);
    CHECK(restored.irq.times_driven == 0);
}

TEST_CASE("RTC: conforms to the rules of every device", "[devices][rtc][hostile]") {
    Bench bench;
    test::check_survives_any_access(bench.rtc, Rtc::port_count, 1);
    u64 random = 1;
    for (int i = 0; i < 50'000; ++i) {
        random = random * 6364136223846793005 + 1442695040888963407;
        const u64 what = random >> 33;
        bench.put(static_cast<u8>(what % 16 == 14 ? u8{Century} : what % 14),
                  static_cast<u8>(what >> 8));
        if (what % 7 == 0) bench.pass((what >> 4) << (what % 23));
        static_cast<void>(bench.get(static_cast<u8>(what >> 16 & 0xf)));
    }
}

TEST_CASE("RTC: bears any state", "[devices][rtc][hostile][snapshot]") {
    Bench bench;
    bench.rtc.set_clock(some_time);
    bench.put(B, 0x70);
    bench.pass(3 * second);
    Bench fresh;
    test::check_survives_damaged_state(bench.rtc, fresh.rtc, [&] {
        static_cast<void>(fresh.get(C));
        fresh.put(A, 0x26);
        fresh.put(B, 0x30);
        fresh.pass(1'500'000'000);
        static_cast<void>(fresh.time());
        static_cast<void>(fresh.rtc.read(3, 1));
    });
}

TEST_CASE("RTC: goes on alike when restored", "[devices][rtc][snapshot]") {
    Bench bench;
    bench.rtc.set_clock(some_time);
    bench.put(A, 0x2d);
    bench.put(SecondsAlarm, 0x09);
    bench.put(MinutesAlarm, 0xff);
    bench.put(HoursAlarm, 0xff);
    bench.put(B, b::Hours24 | b::PeriodicEnable | b::AlarmEnable);
    Bench restored;
    for (int i = 0; i < 200; ++i) {
        bench.pass(37'000'001);
        fabric::StateWriter state, queue;
        bench.rtc.save(state);
        bench.events.save(queue);
        fabric::StateReader state_in(state.bytes()), queue_in(queue.bytes());
        REQUIRE(restored.rtc.restore(state_in).has_value());
        REQUIRE(restored.events.restore(queue_in).has_value());
        restored.irq.level = bench.irq.level;
        bench.pass(90'000'000);
        restored.pass(90'000'000);
        REQUIRE(restored.irq.level == bench.irq.level);
        REQUIRE(restored.get(C) == bench.get(C));
        REQUIRE(restored.rtc.state() == bench.rtc.state());
    }
}
