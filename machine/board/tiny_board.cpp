// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/tiny_board.hpp"

#include <algorithm>

#include "cpu/core/models/cpu_model.hpp"
#include "fabric/state/state_hash.hpp"

namespace machine {

using fabric::Error;
using fabric::Gpa;
using fabric::Result;

namespace {

constexpr u64 alias_bytes = 128 << 10;
constexpr u64 alias_end = 1 << 20;
constexpr u64 rom_end = u64{1} << 32;

Result<> check(const TinyConfig& config) {
    const u64 rom = config.rom.size();
    if (rom == 0 || rom % 4096 != 0 || rom > TinyBoard::largest_rom) {
        return Error{"the ROM has " + std::to_string(rom) +
                     " bytes: it must be whole pages of 4096 bytes, at most 16 MiB, and end with "
                     "the 16 bytes at which the processor starts"};
    }
    const u64 ram = config.ram_bytes;
    if (ram < TinyBoard::smallest_ram || ram > TinyBoard::largest_ram || ram % 4096 != 0) {
        return Error{"memory of " + std::to_string(ram >> 10) +
                     " KiB: this machine takes 1 MiB to 3 GiB, in whole pages"};
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<Board>> TinyBoard::create(const TinyConfig& config, TinyHost host,
                                                 fabric::InputJournal& journal,
                                                 cpu::DeviceClock& clock) {
    TRY(check(config));
    const cpu::CpuModel* model = TRY(choose_model(config.cpu));
    auto memory = TRY(fabric::GuestMemory::create(config.ram_bytes));
    fabric::StateHash firmware;
    firmware.add(config.rom);
    std::unique_ptr<TinyBoard> board(new TinyBoard({.board = "tiny", .firmware = firmware.value()},
                                                   {.memory = std::move(memory),
                                                    .model = *model,
                                                    .journal = journal,
                                                    .clock = clock,
                                                    .hyperv = config.hyperv},
                                                   host));
    TRY(board->map(config));
    board->reset(fabric::ResetKind::PowerOn, 0);
    return std::unique_ptr<Board>(std::move(board));
}

MakeBoard TinyBoard::maker(TinyConfig config, TinyHost host) {
    return [config = std::move(config), host](auto& journal, auto& clock) {
        return create(config, host, journal, clock);
    };
}

TinyBoard::TinyBoard(BoardIdentity identity, Parts parts, TinyHost host)
    : Board(std::move(identity), std::move(parts)),
      com1_text_("com1", host.serial, trace()),
      debug_text_("debug-console", host.debug_console, trace()),
      apm_({smi()}),
      com1_({.name = "com1"}, {events(), {}, com1_text_}),
      debug_console_(debug_text_) {
    for (fabric::Device* device :
         std::initializer_list<fabric::Device*>{&com1_, &debug_console_, &debug_exit_, &apm_}) {
        add_device(*device);
    }
    add_serial_input(parts.journal, [this](auto bytes) { com1_.receive(bytes); });
}

std::optional<BoardRequest> TinyBoard::request() const {
    if (!debug_exit_.value()) return std::nullopt;
    return BoardRequest{BoardRequest::Kind::Exit, *debug_exit_.value()};
}

Result<> TinyBoard::map(const TinyConfig& config) {
    const u64 rom_size = config.rom.size();
    const u64 aliased = std::min(rom_size, alias_bytes);
    const u64 alias_start = alias_end - aliased;
    TRY(memory().map_ram(Gpa{0}, alias_start, 0));
    if (config.ram_bytes > alias_end) {
        TRY(memory().map_ram(Gpa{alias_end}, config.ram_bytes - alias_end, alias_end));
    }
    const std::span<const u8> rom(config.rom);
    TRY(memory().map_rom(Gpa{alias_start}, rom.last(aliased), "rom-alias"));
    TRY(memory().map_rom(Gpa{rom_end - rom_size}, rom, "rom"));
    TRY(ports().map({.name = "com1", .first = 0x3f8, .length = 8, .handler = &com1_}));
    TRY(ports().map({.name = "apm", .first = 0xb2, .length = 2, .handler = &apm_}));
    TRY(ports().map(
        {.name = "debug-console", .first = 0xe9, .length = 1, .handler = &debug_console_}));
    TRY(ports().map({.name = "debug-exit",
                     .first = 0xf4,
                     .length = 4,
                     .widest_access = 4,
                     .handler = &debug_exit_}));
    return ports().map({.name = "debug-exit-501",
                        .first = 0x501,
                        .length = 4,
                        .widest_access = 4,
                        .handler = &debug_exit_});
}

}  // namespace machine
