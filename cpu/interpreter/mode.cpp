// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/interpreter/mode.hpp"

namespace cpu::interpreter {

namespace {

bool flat(const Segment& segment) {
    return segment.base == 0 && segment.limit == 0xffff'ffff && segment.usable();
}

bool flat_data(const Vcpu& vcpu, SegReg which) {
    const Segment& segment = vcpu.state.segment(which);
    constexpr u16 expand_down = Segment::ExpandDown;
    return flat(segment) && segment.has(Segment::Writable) && !segment.has(Segment::Code) &&
           !segment.has(expand_down);
}

}  // namespace

u32 mode_of(const Vcpu& vcpu) {
    const CpuState& state = vcpu.state;
    const CodeMode code = vcpu.code_mode();
    const bool long_code = code == CodeMode::Bits64;
    u32 word = static_cast<u32>(code);
    if (state.cpl == 3) {
        word |= mode::User;
        constexpr u64 checking = rflags::AC;
        if ((state.cr0 & cr0::AM) && (state.other_flags & checking)) word |= mode::AlignmentCheck;
    }
    if (long_code || flat(state.segment(SegReg::Cs))) word |= mode::FlatCode;
    if (long_code || (flat_data(vcpu, SegReg::Ds) && flat_data(vcpu, SegReg::Es))) {
        word |= mode::FlatData;
    }
    if (long_code || (code == CodeMode::Bits32 && flat_data(vcpu, SegReg::Ss) &&
                      state.segment(SegReg::Ss).has(Segment::Big))) {
        word |= mode::FlatStack;
    }
    const bool legacy = !vcpu.protected_mode() || vcpu.virtual_8086();
    if (legacy) word |= mode::Legacy8086;
    const bool available = (state.cr0 & (cr0::EM | cr0::TS)) == 0;
    if (available) word |= mode::X87;
    if (available && (state.cr4 & cr4::OSFXSR)) word |= mode::Sse;
    // VEX prefixes are not recognised in real and virtual-8086 mode (SDM 2A 2.3.1).
    constexpr u64 avx_state = xcr0::SSE | xcr0::AVX;
    if (!legacy && (state.cr0 & cr0::TS) == 0 && (state.cr4 & cr4::OSXSAVE) &&
        (state.xcr0 & avx_state) == avx_state) {
        word |= mode::Avx;
    }
    return word;
}

}  // namespace cpu::interpreter
