// SPDX-License-Identifier: BSD-2-Clause
#include <cstring>

#include "tests/differential/descriptors.hpp"
#include "tests/differential/generator.hpp"
#include "tests/differential/steering.hpp"

namespace test::differential {

using cpu::CodeMode;
using cpu::Gpr;
using cpu::SegReg;

namespace {
constexpr std::array<u16, 8> stack_selectors = {
    selectors::Data,       selectors::Data16,    selectors::Data32Short, selectors::Data16Down,
    selectors::Data32Down, selectors::DataAtTop, selectors::Data32Flat,  ldt_selector(13)};
constexpr std::array<u16, 14> data_selectors = {selectors::Data,
                                                selectors::Data16,
                                                selectors::Data32Short,
                                                selectors::Data16Down,
                                                selectors::Data32Down,
                                                selectors::DataAtTop,
                                                selectors::Data32Flat,
                                                ldt_selector(13),
                                                selectors::LdtCode32,
                                                selectors::DataReadOnly,
                                                0,
                                                selectors::Data,
                                                selectors::Data16,
                                                selectors::Data};

void choose_selectors_16(Random& random, Registers& before) {
    before.selector(SegReg::Cs) = selectors::LdtCode16;
    before.selector(SegReg::Ss) =
        random.percent(65) ? selectors::Data16 : random.pick(stack_selectors);
    for (const SegReg which : {SegReg::Ds, SegReg::Es, SegReg::Fs, SegReg::Gs}) {
        before.selector(which) =
            random.percent(60) ? selectors::Data16 : random.pick(data_selectors);
    }
}

void choose_selectors_32(Random& random, Registers& before) {
    const u64 choice = random.below(10);
    before.selector(SegReg::Cs) = choice < 7   ? selectors::Code32
                                  : choice < 9 ? selectors::LdtCode32
                                               : ldt_selector(12);
    before.selector(SegReg::Ss) =
        random.percent(65) ? selectors::Data : random.pick(stack_selectors);
    for (const SegReg which : {SegReg::Ds, SegReg::Es, SegReg::Fs, SegReg::Gs}) {
        before.selector(which) = random.percent(55) ? selectors::Data : random.pick(data_selectors);
    }
}

void choose_selectors_64(Random& random, Registers& before) {
    before.selectors = {0, selectors::Code64, selectors::Data, 0, 0, 0};
    constexpr std::array<u64, 4> bases = {0, data_base, arena + 0x123, 0x7000'0000};
    before.fs_base = random.pick(bases);
    before.gs_base = random.pick(bases);
}

u64 random_flags(Random& random) {
    using namespace cpu::rflags;
    u64 flags = Fixed1 | IF | (random.next() & (Status | ID));
    if (random.percent(20)) flags |= DF;
    if (random.one_in(40)) flags |= AC;
    if (random.one_in(30)) flags |= NT;
    return flags;
}
}  // namespace

XsaveImage random_extended_state(Random& random, ValueKind kind) {
    XsaveImage image;
    image.fcw = static_cast<u16>(0x40 | (random.next() & 0xf00));
    image.fcw |= static_cast<u16>(random.percent(70) ? 0x3f : random.next() & 0x3f);
    // Bits 13:11 TOP, the condition codes, and perhaps errors of the past.
    image.fsw = static_cast<u16>(random.next() & 0x7f00);
    if (random.percent(40)) image.fsw |= static_cast<u16>(random.next() & 0x7f);
    if (!random.one_in(10)) image.fsw &= static_cast<u16>(0xff40 | (image.fcw & 0x3f));
    if ((image.fsw & ~image.fcw & 0x3f) != 0) image.fsw |= 0x8080;
    const u64 tags = random.below(10);
    image.ftw = static_cast<u8>(tags < 6 ? 0xff : tags < 7 ? 0 : random.next());
    image.fop = static_cast<u16>(random.next() & 0x7ff);
    image.fip = random.next() & 0xffff'ffff;
    image.fdp = random.next() & 0xffff'ffff;
    for (auto& value : image.st) {
        value = background_extended(random);
        value.high &= 0xffff;
    }
    image.mxcsr = 0x1f80;
    if (random.percent(25)) image.mxcsr = static_cast<u32>(random.next() & 0x1f80);
    if (random.percent(50)) image.mxcsr |= static_cast<u32>(random.next() & 0x6000);
    if (random.percent(30)) image.mxcsr |= static_cast<u32>(random.next() & 0x8040);
    if (random.percent(40)) image.mxcsr |= static_cast<u32>(random.next() & 0x3f);
    for (usize i = 0; i < 16; ++i) {
        std::array<u8, 32> bytes{};
        fill_background(random, kind, bytes);
        std::memcpy(&image.xmm[i], bytes.data(), 16);
        std::memcpy(&image.ymm_high[i], bytes.data() + 16, 16);
    }
    return image;
}

void choose_state(Random& random, ValueKind kind, Case& into) {
    Registers& before = into.before;
    switch (into.mode) {
        case CodeMode::Bits16: choose_selectors_16(random, before); break;
        case CodeMode::Bits32: choose_selectors_32(random, before); break;
        case CodeMode::Bits64: choose_selectors_64(random, before); break;
    }
    for (u64& value : before.gpr) {
        value = harmless(interesting_integer(random));
        if (into.mode != CodeMode::Bits64) value = static_cast<u32>(value);
    }
    before.rflags = random_flags(random);
    before.extended = random_extended_state(random, kind);
}

}  // namespace test::differential
