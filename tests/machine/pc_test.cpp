// SPDX-License-Identifier: BSD-2-Clause
//
// The PC as Debian's SeaBIOS finds it.
#include <catch2/catch.hpp>

#include "devices/chipset/hpet_registers.hpp"
#include "tests/machine/pc_guest.hpp"

using machine::RunOutcome;
using test::PcGuest;

namespace {

constexpr u64 between_hashes = 1'000'000;
const std::string at_end = "No bootable device";

/// From where it is until the firmware has given up, and resets the machine for another try;
/// hashes at every 10^7 and at the end.
std::vector<u64> hashes_to_end(PcGuest& guest) {
    std::vector<u64> hashes;
    RunOutcome outcome = RunOutcome::LimitReached;
    while (outcome == RunOutcome::LimitReached) {
        REQUIRE(guest.machine->retired() < 2'000'000'000);
        const u64 stop = (guest.machine->retired() / between_hashes + 1) * between_hashes;
        outcome = guest.machine->run_until(stop);
        hashes.push_back(guest.hash());
    }
    CHECK(outcome == RunOutcome::Reset);
    CHECK(guest.times_logged(at_end) == 1);
    return hashes;
}

}  // namespace

TEST_CASE("PC: SeaBIOS starts, and two starts are one", "[machine][pc][determinism]") {
    if (!test::have_seabios()) return;
    PcGuest first;
    const std::vector<u64> hashes = hashes_to_end(first);
    CHECK(first.times_logged("Found 1 cpu(s)") == 1);
    CHECK(first.serial.text.empty());
    REQUIRE(hashes.size() > 1);

    PcGuest second;
    const u64 middle = first.machine->retired() / 2 + 7;
    std::vector<u64> again;
    while (second.machine->retired() + between_hashes < middle) {
        REQUIRE(second.machine->run_until(second.machine->retired() + between_hashes) ==
                RunOutcome::LimitReached);
        again.push_back(second.hash());
    }
    REQUIRE(second.machine->run_until(middle) == RunOutcome::LimitReached);

    PcGuest third;
    third.machine->restore(second.checkpoint()).value();
    third.log.text = second.log.text;
    CHECK(third.hash() == second.hash());
    const std::vector<u64> rest = hashes_to_end(third);
    again.insert(again.end(), rest.begin(), rest.end());
    CHECK(again == hashes);
    CHECK(third.log.text == first.log.text);
}

TEST_CASE("PC: the buttons, and a reset by port CF9", "[machine][pc]") {
    if (!test::have_seabios()) return;
    PcGuest guest;
    guest.machine->restart_on_reset(true);
    REQUIRE(guest.run_until_logged("Found 1 cpu(s)"));
    constexpr u64 pm1_status = 0x600;
    constexpr u64 power_button = 1 << 8;
    CHECK((guest.board().ports().read(pm1_status, 2) & power_button) == 0);
    guest.press(machine::PcButton::Power);
    REQUIRE(guest.machine->run_until(guest.machine->retired() + 100'000) ==
            RunOutcome::LimitReached);
    CHECK((guest.board().ports().read(pm1_status, 2) & power_button) != 0);
    CHECK(guest.times_logged("Found 1 cpu(s)") == 1);
    guest.log.text.clear();
    guest.press(machine::PcButton::Reset);
    CHECK(guest.run_until_logged("Found 1 cpu(s)"));
    guest.log.text.clear();
    guest.board().ports().write(0xcf9, 1, 2);
    guest.board().ports().write(0xcf9, 1, 6);
    CHECK(guest.run_until_logged("Found 1 cpu(s)"));
}

TEST_CASE("PC: a button that is not there does nothing", "[machine][pc][hostile]") {
    if (!test::have_seabios()) return;
    PcGuest guest;
    guest.press(machine::PcButton{77});
    CHECK(guest.machine->run_until(100'000) == RunOutcome::LimitReached);
}

TEST_CASE("PC: four processors", "[machine][pc]") {
    if (!test::have_seabios()) return;
    machine::PcConfig config = test::pc_config();
    config.processors = 4;
    PcGuest guest(config);
    CHECK(guest.run_until_logged("Found 4 cpu(s)"));
}

TEST_CASE("PC: a reset by port CF9 ends a run that is not to start again", "[machine][pc]") {
    if (!test::have_seabios()) return;
    PcGuest guest;
    REQUIRE(guest.machine->run_until(1000) == RunOutcome::LimitReached);
    guest.board().ports().write(0xcf9, 1, 6);
    CHECK(guest.run_to_end() == RunOutcome::Reset);
}

TEST_CASE("PC: the HPET's messages reach the processor they name", "[machine][pc][interrupts]") {
    namespace hpet = devices::hpet;
    if (!test::have_seabios()) return;
    machine::PcConfig config = test::pc_config();
    config.processors = 2;
    PcGuest guest(config);
    machine::Pc& pc = guest.board();
    for (usize i = 0; i < 2; ++i) pc.vcpu(i).ports.apic_page->write(0xf0, 4, 0x1ff);
    const auto requests = [&](usize i) -> cpu::InterruptSource& {
        return *pc.vcpu(i).ports.interrupts;
    };
    const auto put = [&](u64 offset, u64 value) {
        pc.mmio().write(0xfed0'0000 + offset, 8, value);
    };
    constexpr u64 timer = hpet::first_timer + hpet::timer_stride;
    REQUIRE((pc.mmio().read(0xfed0'0000 + timer, 8) & hpet::timer::FsbCapable) != 0);
    put(timer, hpet::timer::InterruptEnable | hpet::timer::FsbEnable);
    put(timer + hpet::timer_fsb_route, 0xfee0'1000'0000'0041);
    put(timer + hpet::timer_comparator, 100);
    put(hpet::general_configuration, hpet::configuration::Enable);
    CHECK_FALSE(requests(1).pending());
    pc.events().run_until(pc.events().now() + fabric::VmDuration{1'000'000});
    CHECK_FALSE(requests(0).pending());
    REQUIRE(requests(1).pending());
    CHECK(requests(1).acknowledge() == 0x41);
}
