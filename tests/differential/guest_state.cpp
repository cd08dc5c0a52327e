// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/guest_state.hpp"

#include <algorithm>

namespace test::differential {

namespace {
void put_extended(const XsaveImage& image, cpu::CpuState& into) {
    cpu::X87State& x87 = into.x87;
    x87.control = image.fcw;
    x87.status = image.fsw;
    x87.tags = image.ftw;
    x87.opcode = image.fop;
    x87.instruction_pointer = image.fip;
    x87.data_pointer = image.fdp;
    for (usize i = 0; i < 8; ++i) {
        x87.st[i] = {image.st[i].low, static_cast<u16>(image.st[i].high)};
    }
    into.mxcsr = image.mxcsr;
    for (usize i = 0; i < 16; ++i) {
        into.vector[i].lanes = {image.xmm[i].low, image.xmm[i].high, image.ymm_high[i].low,
                                image.ymm_high[i].high};
    }
}

XsaveImage take_extended(const cpu::CpuState& from) {
    XsaveImage image;
    image.fcw = from.x87.control;
    image.fsw = from.x87.status;
    image.ftw = from.x87.tags;
    image.fop = from.x87.opcode;
    image.fip = from.x87.instruction_pointer;
    image.fdp = from.x87.data_pointer;
    for (usize i = 0; i < 8; ++i) {
        image.st[i] = {from.x87.st[i].significand, from.x87.st[i].sign_exponent};
    }
    image.mxcsr = from.mxcsr;
    for (usize i = 0; i < 16; ++i) {
        const auto& lanes = from.vector[i].lanes;
        image.xmm[i] = {lanes[0], lanes[1]};
        image.ymm_high[i] = {lanes[2], lanes[3]};
    }
    return image;
}
}  // namespace

void put_registers(const Registers& from, cpu::CpuState& into) {
    std::copy_n(from.gpr.begin(), 16, into.gpr.begin());
    into.rip = from.rip;
    into.set_rflags(from.rflags);
    put_extended(from.extended, into);
}

Registers take_registers(const cpu::CpuState& from) {
    Registers into;
    std::copy_n(from.gpr.begin(), 16, into.gpr.begin());
    into.rip = from.rip;
    into.rflags = from.rflags() & ~(cpu::rflags::RF | cpu::rflags::IF);
    for (u8 i = 0; i < 6; ++i) into.selectors[i] = from.segments[i].selector;
    into.fs_base = from.segment(cpu::SegReg::Fs).base;
    into.gs_base = from.segment(cpu::SegReg::Gs).base;
    into.extended = take_extended(from);
    return into;
}

}  // namespace test::differential
