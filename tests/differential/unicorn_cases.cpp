// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/unicorn_cases.hpp"

#include <algorithm>
#include <cstring>

#include "cpu/arch/control_registers.hpp"
#include "cpu/decode/decoder.hpp"
#include "tests/differential/descriptors.hpp"

namespace test::differential {

using cpu::Gpr;
using cpu::OperandKind;
using cpu::SegReg;
using cpu::Semantic;

namespace {
class Move {
public:
    Move(FlatMode mode, const SystemState& start, Case& test)
        : mode_(mode),
          start_(start),
          test_(test),
          form_(cpu::forms()[test.form]),
          random_(test.seed * 0x9e37'79b9'7f4a'7c15 + test.index) {}

    void run() {
        choose_selectors();
        choose_flags();
        // Unicorn does not keep them; as zeroes they are the same in what FXSAVE and its kin store.
        XsaveImage& extended = test_.before.extended;
        extended.fop = 0;
        extended.fip = extended.fdp = 0;
        extended.ymm_high = {};
        // Its SSE knows no FZ, which it gives to the x87 instead, and its MINPS and MAXPS no DAZ.
        extended.mxcsr &= ~0x8040u;
        // What x87 arithmetic finds is then seen; an error that is pending it only reports.
        if (form_.semantic == Semantic::x87) {
            const bool pending = (extended.fsw & 0x80) != 0 && random_.one_in(8);
            if (!pending) extended.fsw &= 0x7f00;
        }
        if (test_.decoded.length != 0) prepare();
        if (mode_ == FlatMode::Real) move_down();
    }

private:
    u64& reg(Gpr which) { return test_.before.reg(which); }

    void choose_selectors() {
        auto& selectors = test_.before.selectors;
        if (mode_ == FlatMode::Real) {
            selectors.fill(flat::real_data);
            test_.before.selector(SegReg::Cs) = flat::real_code;
            return;
        }
        const bool wide = mode_ == FlatMode::Long;
        selectors.fill(wide ? 0 : flat::data);
        test_.before.selector(SegReg::Ss) = flat::data;
        test_.before.selector(SegReg::Cs) = wide ? flat::code_64 : flat::code_32;
    }

    void choose_flags() {
        using namespace cpu::rflags;
        test_.before.rflags ^= random_.next() & IF;
        test_.before.rflags ^= random_.next() & IOPL;
        // A return from a nested task needs tasks.
        if (form_.semantic == Semantic::iret) test_.before.rflags &= ~NT;
    }

    void move_down() {
        test_.code_address -= flat::real_shift;
        for (MemoryPatch& patch : test_.patches) patch.linear -= flat::real_shift;
    }

    /// The selector that means here what this one means to users.
    u16 selector(u16 of_users) {
        if (mode_ == FlatMode::Real) {
            return of_users == selectors::LdtCode16 ? flat::real_code : of_users;
        }
        if (random_.one_in(12)) return of_users;
        const u16 rpl = random_.one_in(12) ? of_users & 3 : 0;
        switch (of_users | 3) {
            case selectors::Code32: return flat::code_32 | rpl;
            case selectors::Code64: return flat::code_64 | rpl;
            case selectors::Data | 3: return flat::data | rpl;
            case selectors::LdtCode16: return flat::code_16_based | rpl;
            case selectors::LdtCode32: return flat::code_32_based | rpl;
            case ldt_selector(9): return flat::conforming_based | rpl;
            default: return of_users;
        }
    }

    void change_selector(u8* at) {
        u16 value = 0;
        std::memcpy(&value, at, sizeof(value));
        value = selector(value);
        std::memcpy(at, &value, sizeof(value));
    }
    void change_selector_in_patch(usize at) {
        if (test_.patches.empty()) return;
        std::vector<u8>& bytes = test_.patches.back().bytes;
        if (at + 2 <= bytes.size()) change_selector(bytes.data() + at);
    }

    /// The operand of an instruction with a 16-bit source.
    void set_source(u16 value) {
        if (test_.decoded.is_memory()) {
            if (test_.patches.empty()) return;
            std::vector<u8>& bytes = test_.patches.back().bytes;
            if (bytes.size() >= 2) std::memcpy(bytes.data(), &value, 2);
        } else {
            u64& whole = test_.before.gpr[test_.decoded.rm];
            whole = (whole & ~u64{0xffff}) | value;
        }
    }

    void prepare() {
        const u32 size = test_.decoded.operand_size;
        switch (form_.semantic) {
            case Semantic::jmp_far:
            case Semantic::call_far:
                if (form_.operands[0].kind == OperandKind::FarPointer)
                    change_selector(&test_.code[test_.code_size - 2u]);
                else
                    change_selector_in_patch(size);
                break;
            case Semantic::ret_far:
                change_selector_in_patch(size);
                change_selector_in_patch(usize{size} * 3);
                break;
            case Semantic::iret:
                change_selector_in_patch(size);
                change_selector_in_patch(usize{size} * 4);
                break;
            case Semantic::pop_segment:
            case Semantic::load_far_pointer: change_selector_in_patch(0); break;
            case Semantic::mov_to_segment:
            case Semantic::lar:
            case Semantic::lsl:
            case Semantic::verr:
            case Semantic::verw: change_source(); break;
            case Semantic::lldt:
            case Semantic::ltr: prepare_system_segment(); break;
            case Semantic::mov_to_cr: prepare_control_register(); break;
            case Semantic::mov_to_dr: prepare_debug_register(); break;
            case Semantic::lmsw: set_source(static_cast<u16>(random_.next())); break;
            case Semantic::in:
            case Semantic::out:
            case Semantic::ins:
            case Semantic::outs:
                // A port whose last byte is beyond the last port is nobody's business.
                if ((reg(Gpr::Rdx) & 0xffff) > 0xfffc) reg(Gpr::Rdx) -= 4;
                break;
            case Semantic::rdmsr:
            case Semantic::wrmsr: prepare_msr(); break;
            default: break;
        }
    }

    void change_source() {
        if (test_.decoded.is_memory())
            change_selector_in_patch(0);
        else
            set_source(selector(static_cast<u16>(test_.before.gpr[test_.decoded.rm])));
    }

    void prepare_system_segment() {
        constexpr std::array<u16, 7> choices = {0,    flat::ldt, flat::tss, flat::data,
                                                0x53, flat::ldt, 0x78};
        set_source(random_.pick(choices));
    }

    /// Bits that do not lead out of the machine.
    void prepare_control_register() {
        using namespace cpu;
        u64& value = test_.before.gpr[test_.decoded.rm];
        switch (test_.decoded.reg) {
            case 0:
                value = start_.cr0 ^ (random_.next() &
                                      (cr0::MP | cr0::EM | cr0::TS | cr0::NE | cr0::WP | cr0::AM));
                break;
            case 3: value = random_.next() & 0xff'ffff'f000; break;
            case 4:
                value = start_.cr4 ^ (random_.next() & (cr4::TSD | cr4::DE | cr4::PCE | cr4::PGE |
                                                        cr4::MCE | cr4::OSFXSR | cr4::OSXMMEXCPT));
                break;
            default: break;
        }
        if (mode_ != FlatMode::Long) value = static_cast<u32>(value);
    }

    void prepare_debug_register() {
        u64& value = test_.before.gpr[test_.decoded.rm];
        value = static_cast<u32>(value);
        if (test_.decoded.reg == 4 || test_.decoded.reg == 6)
            value = 0xffff'0ff0 | (value & 0xe00f);
        if (test_.decoded.reg == 5 || test_.decoded.reg == 7) value &= 0x300;
    }

    void prepare_msr() {
        constexpr std::array<u32, 2> bases = {0xc000'0100, 0xc000'0101};
        reg(Gpr::Rcx) = random_.pick(bases);
        if (random_.percent(80)) reg(Gpr::Rdx) = random_.next() & 0x7fff;
    }

    FlatMode mode_;
    const SystemState& start_;
    Case& test_;
    const cpu::Form& form_;
    Random random_;
};
}  // namespace

void move_to(FlatMode mode, const SystemState& start, const cpu::FeatureSet& features, Case& test) {
    Move(mode, start, test).run();
    const std::span<const u8> bytes(test.code.data(), test.code_size);
    if (cpu::decode(bytes, test.mode, features, test.decoded) != cpu::DecodeStatus::Ok) {
        test.decoded.length = 0;
    }
}

}  // namespace test::differential
