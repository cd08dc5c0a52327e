// SPDX-License-Identifier: BSD-2-Clause
#include "tests/machine/pc_guest.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <filesystem>

#include "fabric/host/file.hpp"

namespace test {

using machine::Machine;
using machine::RunOutcome;

namespace {

const std::string seabios = "/usr/share/seabios/bios-256k.bin";
const std::string vgabios = "/usr/share/seabios/vgabios-stdvga.bin";

}  // namespace

bool have_seabios() {
    if (std::filesystem::exists(seabios) && std::filesystem::exists(vgabios)) return true;
    WARN("not tested: " << seabios << " is missing; apt-get install seabios");
    return false;
}

machine::PcConfig pc_config() {
    machine::PcConfig config{.ram_bytes = u64{16} << 20};
    config.firmware = fabric::read_whole_file(seabios, 1 << 20).value();
    config.video_bios = fabric::read_whole_file(vgabios, 1 << 20).value();
    return config;
}

PcGuest::PcGuest(const machine::PcConfig& config) {
    const machine::PcHost host{.serial = serial,
                               .firmware_log = log,
                               .notice = [this](const auto& text) { notices.push_back(text); }};
    machine =
        Machine::create(std::make_unique<fabric::InputJournal>(), machine::Pc::maker(config, host))
            .value();
    static constexpr std::array<u8, 8> clock = {0, 0, 0x40, 0x6f, 0x1b, 0x5d, 0x8d, 0x18};
    machine->journal().post(board().entropy_input(), std::array<u8, 2>{1, 2});
    machine->journal().post(board().wall_clock_input(), clock);
    (void)machine->run_until(0);
}

void PcGuest::press(machine::PcButton button) {
    machine->journal().post(board().button_input(), std::array{static_cast<u8>(button)});
}

bool PcGuest::run_until_logged(const std::string& text, u64 limit) {
    constexpr u64 step = 1'000'000;
    while (times_logged(text) == 0 && machine->retired() < limit) {
        if (machine->run_until(machine->retired() + step) != RunOutcome::LimitReached) break;
    }
    return times_logged(text) != 0;
}

usize PcGuest::times_logged(const std::string& text) const {
    usize times = 0;
    for (usize at = log.text.find(text); at != std::string::npos; ++times) {
        at = log.text.find(text, at + text.size());
    }
    return times;
}

fabric::SnapshotFile PcGuest::checkpoint() const {
    fabric::SnapshotWriter out = fabric::SnapshotWriter::in_memory("checkpoint");
    machine->save(out).value();
    return fabric::SnapshotFile::parse(out.finish_in_memory().value(), "checkpoint").value();
}

}  // namespace test
