// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/session/post_mortem.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "cpu/decode/decoder.hpp"
#include "cpu/decode/disassembly.hpp"

namespace frontends {

namespace {

constexpr usize shown_instructions = 16;

void print_registers(const cpu::CpuState& state) {
    constexpr std::array names = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
                                  "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
    for (usize i = 0; i < names.size(); ++i) {
        fmt::print(stderr, "{:>4} {:016x}{}", names[i], state.gpr[i], i % 4 == 3 ? "\n" : "  ");
    }
    fmt::print(stderr, " rip {:016x}  rflags {:08x}  cpl {}\n", state.rip, state.rflags(),
               state.cpl);
    constexpr std::array segments = {"es", "cs", "ss", "ds", "fs", "gs"};
    for (usize i = 0; i < segments.size(); ++i) {
        const cpu::Segment& segment = state.segments[i];
        fmt::print(stderr, "{:>4} {:04x} base {:016x} limit {:08x} attributes {:04x}\n",
                   segments[i], segment.selector, segment.base, segment.limit, segment.attributes);
    }
    fmt::print(stderr, " cr0 {:08x}  cr2 {:016x}  cr3 {:016x}  cr4 {:08x}  efer {:04x}\n",
               state.cr0, state.cr2, state.cr3, state.cr4, state.msr.efer);
    fmt::print(stderr, " gdt {:016x}+{:04x}  idt {:016x}+{:04x}\n", state.gdtr.base,
               state.gdtr.limit, state.idtr.base, state.idtr.limit);
}

/// One line for each instruction of a stretch of code.
void disassemble_into(std::vector<std::string>& lines, const fabric::GuestMemory& memory,
                      const cpu::Interpreter::Stretch& stretch) {
    std::vector<u8> bytes(stretch.length);
    if (!memory.read(fabric::Gpa{stretch.physical}, bytes)) return;
    for (usize done = 0; done < bytes.size();) {
        cpu::Instruction instruction;
        const std::span<const u8> rest = std::span<const u8>(bytes).subspan(done);
        if (cpu::decode(rest, stretch.mode, cpu::FeatureSet::all(), instruction) !=
            cpu::DecodeStatus::Ok) {
            return;
        }
        const u64 at = stretch.physical + done;
        lines.push_back(fmt::format("  {:012x}  {}", at, cpu::disassemble(rest, stretch.mode, at)));
        done += instruction.length;
    }
}

}  // namespace

void print_post_mortem(machine::Board& board, std::string_view why) {
    const cpu::Vcpu& vcpu = board.vcpu();
    fmt::print(stderr, "satori: {} at rip {:x}, after {} instructions\n", why, vcpu.state.rip,
               vcpu.state.retired);
    print_registers(vcpu.state);
    std::vector<std::string> lines;
    for (const auto& stretch : board.engine().recent_code(vcpu)) {
        disassemble_into(lines, board.memory(), stretch);
    }
    fmt::print(stderr, "last instructions, by physical address:\n");
    const usize first = lines.size() - std::min(lines.size(), shown_instructions);
    for (usize i = first; i < lines.size(); ++i) fmt::print(stderr, "{}\n", lines[i]);
}

}  // namespace frontends
