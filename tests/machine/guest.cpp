// SPDX-License-Identifier: BSD-2-Clause
#include "tests/machine/guest.hpp"

#include <algorithm>
#include <array>

namespace test {

using machine::Machine;
using machine::RunOutcome;

const std::vector<u8>& workload_rom() {
    static const std::vector<u8> rom = fabric::read_whole_file(WORKLOAD_ROM, 1 << 20).value();
    return rom;
}

std::vector<u8> rom_of(std::initializer_list<u8> code) {
    std::vector<u8> rom(4096, u8{0xf4});
    std::copy(code.begin(), code.end(), rom.begin());
    constexpr u16 back = 0x10000 - 0xff3;
    const std::array<u8, 3> jump = {0xe9, back & 0xff, back >> 8};
    std::copy(jump.begin(), jump.end(), rom.begin() + 0xff0);
    return rom;
}

machine::TinyConfig config_of(std::vector<u8> rom) {
    return {.rom = std::move(rom), .ram_bytes = u64{4} << 20, .cpu = {}};
}

Guest::Guest(const machine::TinyConfig& config) {
    machine = Machine::create(std::make_unique<fabric::InputJournal>(), maker(config)).value();
    static constexpr std::array<u8, 4> seed = {5, 6, 7, 8};
    machine->journal().post(machine->board().entropy_input(), seed);
    // Now, and not after what may be restored.
    (void)machine->run_until(0);
}

Guest::Guest(const machine::TinyConfig& config, fabric::InputJournal::Recording recording) {
    auto journal = std::make_unique<fabric::InputJournal>(std::move(recording));
    machine = Machine::create(std::move(journal), maker(config)).value();
}

machine::MakeBoard Guest::maker(const machine::TinyConfig& config) {
    return machine::TinyBoard::maker(config, {serial, debug});
}

RunOutcome Guest::run(const Typing& typing, u64 until) {
    for (const Typed& typed : typing) {
        if (typed.when < machine->retired() || typed.when >= until) continue;
        const RunOutcome outcome = machine->run_until(typed.when);
        if (outcome != RunOutcome::LimitReached) return outcome;
        type(typed.text);
    }
    return machine->run_until(until);
}

void Guest::type(const std::string& text) {
    const std::vector<u8> bytes(text.begin(), text.end());
    machine->journal().post(machine->board().serial_input(), bytes);
}

fabric::SnapshotFile Guest::checkpoint() const {
    fabric::SnapshotWriter out = fabric::SnapshotWriter::in_memory("checkpoint");
    machine->save(out).value();
    return fabric::SnapshotFile::parse(out.finish_in_memory().value(), "checkpoint").value();
}

Ending ending_of(const Guest& guest) {
    return {guest.serial.text, guest.debug.text, guest.hash(), guest.machine->retired()};
}

const Typing& odd_moments() {
    static const Typing typing = {
        {0, "a"}, {1, "b"}, {13'337, "cd"}, {400'001, "efghij"}, {900'007, "k"}, {1'234'567, "l."}};
    return typing;
}

}  // namespace test
