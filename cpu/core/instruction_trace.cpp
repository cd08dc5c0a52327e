// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/instruction_trace.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <string>

#include "cpu/arch/paging.hpp"
#include "cpu/core/breakpoints.hpp"
#include "cpu/core/cpu_trace.hpp"
#include "cpu/decode/disassembly.hpp"
#include "fabric/trace/trace.hpp"

namespace cpu {

using fabric::Trace;
using fabric::TraceCategory;

namespace {

constexpr std::array<std::string_view, 16> general_names = {
    "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
    "r8",  "r9",  "r10", "r11", "r12", "r13", "r14", "r15"};
constexpr std::array<std::string_view, 6> segment_names = {"es", "cs", "ss", "ds", "fs", "gs"};

/// "0010:ffffffff81000000", as wide as the mode's addresses.
std::string place_of(const Vcpu& vcpu) {
    const u16 cs = vcpu.state.segment(SegReg::Cs).selector;
    switch (vcpu.code_mode()) {
        case CodeMode::Bits16: return fmt::format("{:04x}:{:04x}", cs, vcpu.state.rip);
        case CodeMode::Bits32: return fmt::format("{:04x}:{:08x}", cs, vcpu.state.rip);
        case CodeMode::Bits64: break;
    }
    return fmt::format("{:04x}:{:016x}", cs, vcpu.state.rip);
}

/// Texts that were made before: loops ask for the same few again and again.
class TextCache {
public:
    const std::string& text_of(u64 rip, CodeMode mode, std::span<const u8> bytes) {
        Known& known = known_[(rip ^ (rip >> 12)) % known_.size()];
        const bool same = !known.text.empty() && known.rip == rip && known.mode == mode &&
                          std::ranges::equal(bytes, known.bytes);
        if (!same) {
            known = {.rip = rip, .mode = mode, .bytes = {bytes.begin(), bytes.end()}};
            known.text = disassemble(bytes, mode, rip);
        }
        return known.text;
    }

private:
    struct Known {
        u64 rip = 0;
        CodeMode mode = CodeMode::Bits64;
        std::vector<u8> bytes;
        std::string text;
    };
    std::vector<Known> known_{4096};
};

}  // namespace

bool is_traced(const Vcpu& vcpu) {
    const Trace* const trace = vcpu.ports.trace;
    if (!trace || !trace->shows_instructions()) return false;
    const u64 linear = linear_rip(vcpu);
    return trace->filter().touches(linear & ~page_mask, linear | page_mask) && trace->is_open();
}

TracedInstruction::TracedInstruction(const Vcpu& vcpu, std::span<const u8> bytes, Progress progress)
    : vcpu_(vcpu), linear_(linear_rip(vcpu)) {
    Trace& trace = *vcpu.ports.trace;
    if (trace.listens_to(TraceCategory::Registers)) before_ = registers_of(vcpu.state);
    if (progress == Progress::GoesOn || bytes.empty() ||
        !trace.listens_to(TraceCategory::Instructions) || !trace.filter().covers(linear_)) {
        return;
    }
    thread_local TextCache texts;
    std::string hex;
    for (const u8 byte : bytes) fmt::format_to(std::back_inserter(hex), "{:02x} ", byte);
    trace.instruction(trace_subject,
                      fmt::format("{:<21} {} {:<24} {}", place_of(vcpu), vcpu.state.cpl, hex,
                                  texts.text_of(vcpu.state.rip, vcpu.code_mode(), bytes)),
                      linear_);
}

void TracedInstruction::ended() const {
    Trace& trace = *vcpu_.ports.trace;
    if (!trace.listens_to(TraceCategory::Registers)) return;
    const std::string changed = difference(before_, registers_of(vcpu_.state));
    if (!changed.empty()) trace.registers(trace_subject, changed, linear_);
}

TracedInstruction::Registers TracedInstruction::registers_of(const CpuState& state) {
    Registers now{.flags = state.rflags(),
                  .cr0 = state.cr0,
                  .cr2 = state.cr2,
                  .cr3 = state.cr3,
                  .cr4 = state.cr4,
                  .efer = state.msr.efer};
    std::copy_n(state.gpr.begin(), now.general.size(), now.general.begin());
    std::ranges::transform(state.segments, now.selectors.begin(), &Segment::selector);
    return now;
}

std::string TracedInstruction::difference(const Registers& before, const Registers& after) {
    std::string text;
    const auto note = [&](std::string_view name, u64 was, u64 is) {
        if (was == is) return;
        fmt::format_to(std::back_inserter(text), "{}{} {:#x}", text.empty() ? "" : ", ", name, is);
    };
    for (usize i = 0; i < general_names.size(); ++i) {
        note(general_names[i], before.general[i], after.general[i]);
    }
    note("rflags", before.flags, after.flags);
    for (usize i = 0; i < segment_names.size(); ++i) {
        note(segment_names[i], before.selectors[i], after.selectors[i]);
    }
    note("cr0", before.cr0, after.cr0);
    note("cr2", before.cr2, after.cr2);
    note("cr3", before.cr3, after.cr3);
    note("cr4", before.cr4, after.cr4);
    note("efer", before.efer, after.efer);
    return text;
}

}  // namespace cpu
