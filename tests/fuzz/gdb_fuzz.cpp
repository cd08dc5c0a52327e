// SPDX-License-Identifier: BSD-2-Clause
//
// Whatever comes over the wire from a debugger: packets that are whole, torn or wrong, to a guest
// that runs a little whenever it is let go.
#include <algorithm>

#include "frontends/gdb/stub.hpp"
#include "machine/board/tiny_board.hpp"

namespace {

struct NoSink final : fabric::ByteSink {
    void accept(u8) override {}
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    static NoSink sink;
    // inc eax ; mov [0x1000],eax ; jmp back, and a jump to it at reset.
    static const std::vector<u8> rom = [] {
        std::vector<u8> bytes(4096, u8{0xf4});
        const std::initializer_list<u8> code = {0x66, 0x40, 0x66, 0xa3, 0x00, 0x10, 0xeb, 0xf8};
        std::copy(code.begin(), code.end(), bytes.begin());
        const std::initializer_list<u8> jump = {0xe9, 0x0d, 0xf0};
        std::copy(jump.begin(), jump.end(), bytes.begin() + 0xff0);
        return bytes;
    }();
    auto machine = machine::Machine::create(
        std::make_unique<fabric::InputJournal>(),
        machine::TinyBoard::maker({.rom = rom, .ram_bytes = 4 << 20, .cpu = {}}, {sink, sink}));
    VERIFY(machine.has_value());
    machine::Debugger debugger(*machine.value());
    using frontends::gdb::Stub;
    Stub stub(debugger, frontends::gdb::Architecture::X86_64,
              [](const std::string& command, u32) { return command; });
    stub.begin();
    constexpr usize piece = 64;
    for (usize done = 0; done < size && stub.end() == Stub::End::None; done += piece) {
        stub.take({data + done, std::min(piece, size - done)});
        (void)stub.take_output();
        if (!stub.wants_to_run()) continue;
        machine::Machine& run = *machine.value();
        const auto outcome = run.run_until(run.retired() + 100);
        if (outcome != machine::RunOutcome::Debugger) continue;
        if (const auto stop = debugger.look_at_stop()) stub.stopped(*stop);
    }
    return 0;
}
