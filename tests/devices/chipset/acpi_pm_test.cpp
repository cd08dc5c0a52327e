// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/acpi_pm.hpp"

#include <catch2/catch.hpp>

#include <vector>

#include "devices/chipset/acpi_pm_registers.hpp"
#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

using namespace devices;
using namespace devices::acpi_pm;

namespace {

struct Bench {
    fabric::EventQueue events;
    test::RecordingIrqSink sci, smi;
    bool apmc_en = true;
    std::vector<SleepType> sleeps;
    AcpiPm pm{{},
              {events,
               {sci, 9},
               {smi, 0},
               [this] { return apmc_en; },
               [this](SleepType type) { sleeps.push_back(type); }}};

    Bench() { pm.reset(fabric::ResetKind::PowerOn); }

    u16 get(u64 offset) { return static_cast<u16>(pm.read(offset, 2)); }
    void put(u64 offset, u16 value) { pm.write(offset, 2, value); }
    void pass_to_tick(u64 tick) { events.run_until(AcpiPm::timer_clock.time_of_tick(tick)); }
};

}  // namespace

TEST_CASE("PM timer: 24 bits, and a status bit when the highest changes", "[devices][acpi_pm]") {
    Bench bench;
    bench.pass_to_tick(0x7f'ffff);
    CHECK(bench.pm.read(pmtmr, 4) == 0x7f'ffff);
    CHECK(bench.pm.read(pmtmr + 1, 1) == 0xff);
    CHECK(bench.get(pmsts) == 0);
    CHECK_FALSE(bench.events.next_deadline().has_value());
    bench.pass_to_tick(0x80'0000);
    CHECK(bench.get(pmsts) == pm1::TimerOverflow);
    bench.put(pmsts, pm1::TimerOverflow);
    CHECK(bench.get(pmsts) == 0);

    bench.put(pmcntrl, control::SciEnable);
    bench.put(pmen, pm1::TimerOverflow);
    bench.events.run_until({AcpiPm::timer_clock.time_of_tick(0x100'0000).ns - 1});
    CHECK_FALSE(bench.sci.level);
    bench.pass_to_tick(0x100'0000);
    CHECK(bench.sci.level);
    CHECK(bench.pm.read(pmtmr, 4) == 0);
    bench.put(pmsts, 0xffff);
    CHECK_FALSE(bench.sci.level);
    bench.pass_to_tick(0x180'0000);
    CHECK(bench.sci.level);
}

TEST_CASE("PM1: the power button asks, and held decides", "[devices][acpi_pm]") {
    Bench bench;
    bench.put(pmcntrl, control::SciEnable);
    bench.put(pmen, pm1::PowerButton);
    bench.pm.press_power_button();
    CHECK(bench.sci.level);
    CHECK(bench.get(pmsts) == pm1::PowerButton);
    bench.put(pmsts, pm1::PowerButton);
    CHECK_FALSE(bench.sci.level);
    bench.events.run_until({10'000'000'000});
    CHECK(bench.sleeps.empty());

    bench.pm.set_power_button(true);
    bench.events.run_until({13'999'999'999});
    CHECK(bench.sleeps.empty());
    bench.events.run_until({14'000'000'000});
    CHECK(bench.sleeps == std::vector{SleepType::SoftOff});
    CHECK((bench.get(pmsts) & pm1::PowerButtonOverride) != 0);
}

TEST_CASE("PM1: sleeping is a matter for the board", "[devices][acpi_pm]") {
    Bench bench;
    bench.put(pmcntrl, 1 << control::SuspendTypeShift | control::SciEnable);
    CHECK(bench.sleeps.empty());
    // By bytes, too.
    bench.pm.write(pmcntrl + 1, 1, (1 << control::SuspendTypeShift | control::SuspendEnable) >> 8);
    CHECK(bench.sleeps == std::vector{SleepType::SuspendToRam});
    CHECK(bench.get(pmcntrl) == (1 << control::SuspendTypeShift | control::SciEnable));
    bench.pm.wake_up();
    CHECK(bench.get(pmsts) == pm1::Resume);
    bench.put(pmcntrl, control::SuspendEnable);
    CHECK(bench.sleeps.back() == SleepType::SoftOff);
    bench.put(pmcntrl, 5 << control::SuspendTypeShift | control::SuspendEnable);
    CHECK(bench.sleeps.size() == 2);
}

TEST_CASE("GPE0: events interrupt when enabled, in either order", "[devices][acpi_pm]") {
    Bench bench;
    bench.put(pmcntrl, control::SciEnable);
    bench.pm.raise_gpe(9);
    CHECK_FALSE(bench.sci.level);
    bench.pm.write(gpen + 1, 1, 2);
    CHECK(bench.sci.level);
    bench.pm.write(gpsts + 1, 1, 1);
    CHECK(bench.sci.level);
    bench.pm.write(gpsts, 4, 0x0200'0200);
    CHECK_FALSE(bench.sci.level);
    CHECK(bench.get(gpen) == 0x0200);
}

TEST_CASE("SMI: APM commands and the global lock", "[devices][acpi_pm]") {
    Bench bench;
    bench.pm.apm_command(0xf1);  // Switches to ACPI, SMI or not.
    CHECK(bench.get(pmcntrl) == control::SciEnable);
    CHECK(bench.smi.times_driven == 0);
    bench.pm.write(glbctl, 4, global::SmiEnable);
    bench.pm.apm_command(0x55);
    CHECK(bench.smi.times_driven == 2);
    CHECK_FALSE(bench.smi.level);
    CHECK(bench.get(glbsts) == global::ApmStatus);
    bench.apmc_en = false;
    bench.pm.apm_command(0xf0);
    CHECK(bench.smi.times_driven == 2);
    CHECK(bench.get(pmcntrl) == 0);

    bench.put(glben, global::BiosEnable);
    bench.put(pmcntrl, control::GlobalRelease);
    CHECK(bench.smi.times_driven == 4);
    CHECK((bench.get(glbsts) & global::BiosStatus) != 0);
    bench.put(pmen, pm1::Global);
    bench.put(pmcntrl, control::SciEnable);
    bench.pm.write(glbctl, 4, global::SmiEnable | global::BiosRelease);
    CHECK(bench.sci.level);
    CHECK(bench.pm.read(glbctl, 4) == global::SmiEnable);
}

TEST_CASE("ACPI PM: state survives a snapshot", "[devices][acpi_pm][snapshot]") {
    Bench bench;
    bench.pass_to_tick(0x123'4567);
    bench.put(pmcntrl, control::SciEnable);
    bench.put(pmen, pm1::TimerOverflow | pm1::PowerButton);
    bench.pm.set_power_button(true);
    bench.put(gporeg, 0x1234);
    Bench restored;
    restored.sci.times_driven = 0;
    test::check_state_survives(bench.pm, restored.pm);
    CHECK(restored.sci.times_driven == 0);
}

TEST_CASE("ACPI PM: conforms to the rules of every device", "[devices][acpi_pm][hostile]") {
    Bench bench;
    test::check_survives_any_access(bench.pm, register_block, 4);
}

TEST_CASE("ACPI PM: bears any state", "[devices][acpi_pm][hostile][snapshot]") {
    Bench bench;
    bench.pass_to_tick(0x123'4567);
    bench.put(pmcntrl, control::SciEnable);
    bench.put(pmen, pm1::TimerOverflow);
    Bench fresh;
    test::check_survives_damaged_state(bench.pm, fresh.pm, [&] {
        for (u64 offset = 0; offset < register_block; offset += 2) {
            const u16 value = fresh.get(offset);
            fresh.put(offset, value);
        }
        fresh.pm.press_power_button();
        fresh.events.run_until(fresh.events.now() + fabric::VmDuration{100'000'000});
    });
}
