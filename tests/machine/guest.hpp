// SPDX-License-Identifier: BSD-2-Clause
//
// A tiny machine with a guest in it, its outputs collected, and what is typed to it and when.
#pragma once

#include <initializer_list>
#include <string>
#include <vector>

#include "machine/board/tiny_board.hpp"
#include "machine/run/machine.hpp"

namespace test {

struct Collected final : fabric::ByteSink {
    std::string text;
    void accept(u8 byte) override { text.push_back(static_cast<char>(byte)); }
};

/// Typed when so many instructions have retired.
struct Typed {
    u64 when = 0;
    std::string text;
};
using Typing = std::vector<Typed>;

/// The guest of workload.asm.
const std::vector<u8>& workload_rom();

/// One page with this code at its start, where the processor goes at once; in real mode.
std::vector<u8> rom_of(std::initializer_list<u8> code);

machine::TinyConfig config_of(std::vector<u8> rom);

struct Guest {
    static constexpr u64 forever = 1'000'000'000;

    /// Live.
    explicit Guest(const machine::TinyConfig& config = config_of(workload_rom()));
    /// Replaying.
    Guest(const machine::TinyConfig& config, fabric::InputJournal::Recording recording);

    /// Until so many instructions have retired, being typed to at their instants.
    machine::RunOutcome run(const Typing& typing = {}, u64 until = forever);

    u64 hash() const { return machine->state_hash(); }
    cpu::CpuState& state() { return machine->board().vcpu().state; }
    void type(const std::string& text);
    fabric::SnapshotFile checkpoint() const;

    Collected serial;
    Collected debug;
    std::unique_ptr<machine::Machine> machine;

private:
    machine::MakeBoard maker(const machine::TinyConfig& config);
};

/// A run to its end, without stops but those for typing.
struct Ending {
    std::string serial;
    std::string debug;
    u64 hash = 0;
    u64 retired = 0;
    bool operator==(const Ending&) const = default;
};
Ending ending_of(const Guest& guest);

/// Some words at odd moments, the last with the full stop that ends the workload.
const Typing& odd_moments();

}  // namespace test
