// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/steering.hpp"

#include <algorithm>
#include <cstring>

#include "cpu/decode/decoder.hpp"
#include "tests/differential/code_image.hpp"
#include "tests/differential/descriptors.hpp"
#include "tests/differential/generator.hpp"

namespace test::differential {

using cpu::CodeMode;
using cpu::Gpr;
using cpu::Instruction;
using cpu::OperandKind;
using cpu::SegReg;
using cpu::Semantic;

u64 segment_base(const Case& test, SegReg segment) {
    if (test.mode != CodeMode::Bits64) return descriptor_base(test.before.selector(segment));
    if (segment == SegReg::Fs) return test.before.fs_base;
    return segment == SegReg::Gs ? test.before.gs_base : 0;
}

namespace {
u64 mask_of(u32 bytes) { return bytes >= 8 ? ~u64{0} : (u64{1} << (8 * bytes)) - 1; }

class Steering {
public:
    Steering(Random& random, const EncodingPlaces& places, Case& test)
        : random_(random),
          places_(places),
          test_(test),
          instruction_(test.decoded),
          form_(cpu::form_of(test.decoded)),
          before_(test.before) {}

    void run() {
        aim_stack();
        if (has_memory()) aim_memory();
        prepare_meaning();
    }

private:
    u64& reg(Gpr which) { return before_.reg(which); }

    /// Part of a register, the rest as it is.
    void set_low(u64& whole, u64 value, u32 bytes) {
        const u64 mask = mask_of(bytes);
        whole = (whole & ~mask) | (value & mask);
    }

    void patch(u64 linear, const void* bytes, usize size) {
        const auto* first = static_cast<const u8*>(bytes);
        test_.patches.push_back({linear, {first, first + size}});
    }
    void patch_value(u64 linear, u64 value, usize size) { patch(linear, &value, size); }

    /// A linear address that `size` bytes will be accessed at.
    u64 target(u64 size) {
        size = std::clamp<u64>(size, 1, 512);
        const u64 choice = random_.below(100);
        const u64 alignment = u64{1} << random_.below(7);
        const u64 inside = arena + random_.below(arena_writable_size - size);
        if (choice < 35) return inside & ~(alignment - 1);
        if (choice < 58) return inside;
        if (choice < 68) return arena + page - random_.below(size + 1);
        if (choice < 74) return arena_read_only + random_.below(page - size);
        if (choice < 79) return arena_read_only - random_.below(size + 1);
        if (choice < 83) return arena_end - random_.below(size + 1);
        if (choice < 86) return arena - random_.below(size + 1);
        if (choice < 88) return arena_end + random_.below(page - size);
        if (choice < 96 || test_.mode != CodeMode::Bits64) return inside & ~u64{63};
        constexpr std::array<u64, 7> odd = {0x0000'1234'5678'9000,
                                            0x0000'8000'0000'0000,
                                            0xffff'7fff'ffff'ffff,
                                            0x8000'0000'0000'0000,
                                            0xffff'8880'0000'1000,
                                            0x4000'0000'0000'0000,
                                            0x10};
        return random_.pick(odd) + random_.below(4);
    }

    bool has_memory() const {
        for (const cpu::Operand& operand : form_.operands) {
            switch (operand.kind) {
                case OperandKind::ModRmGpr:
                case OperandKind::ModRmVector:
                case OperandKind::ModRmMmx:
                case OperandKind::Memory:
                    if (instruction_.is_memory()) return true;
                    break;
                case OperandKind::Offset: return true;
                default: break;
            }
        }
        return false;
    }

    u32 memory_size() const {
        for (const cpu::Operand& operand : form_.operands) {
            if (operand.kind == OperandKind::ModRmGpr || operand.kind == OperandKind::ModRmVector ||
                operand.kind == OperandKind::ModRmMmx || operand.kind == OperandKind::Memory ||
                operand.kind == OperandKind::Offset) {
                return cpu::operand_bytes(instruction_, operand);
            }
        }
        return 0;
    }

    void rewrite(usize place, u64 value, usize size) {
        const usize at = test_.last_instruction + place;
        if (at + size <= test_.code.size()) std::memcpy(&test_.code[at], &value, size);
    }

    /// Gives base, index or displacement the value that makes the effective address `linear`.
    /// Returns where it came to lie, which may be a few bytes away.
    u64 aim(u64 linear) {
        const u64 mask = mask_of(instruction_.address_size);
        const u64 base_of_segment = segment_base(test_, instruction_.segment);
        const u64 offset = linear - base_of_segment;
        if (form_.operands[0].kind == OperandKind::Offset ||
            form_.operands[1].kind == OperandKind::Offset) {
            rewrite(places_.immediate, offset, instruction_.address_size);
            return base_of_segment + (offset & mask);
        }
        const auto displacement = static_cast<u64>(i64{instruction_.displacement});
        const bool vector_index = form_.has(cpu::attribute::Vsib);
        const bool indexed = instruction_.index != cpu::no_register && !vector_index;
        if (instruction_.base != cpu::no_register) {
            const u64 index = !indexed || instruction_.index == instruction_.base
                                  ? 0
                                  : before_.gpr[instruction_.index] << instruction_.scale;
            u64 value = offset - displacement - index;
            if (indexed && instruction_.index == instruction_.base) {
                value = (value & mask) / (1 + (u64{1} << instruction_.scale));
            }
            set_address(before_.gpr[instruction_.base], value);
        } else if (indexed) {
            const u64 value = ((offset - displacement) & mask) >> instruction_.scale;
            set_address(before_.gpr[instruction_.index], value);
        } else if (places_.displacement_size >= 2) {
            const u64 rip = test_.code_address + test_.code_size - segment_base(test_, SegReg::Cs);
            const u64 value = instruction_.rip_relative ? offset - rip : offset;
            rewrite(places_.displacement, value, places_.displacement_size);
            return linear;
        }
        return linear_of_operand();
    }

    /// With rubbish above the address size, where that is not looked at.
    void set_address(u64& whole, u64 value) {
        const u64 mask = mask_of(instruction_.address_size);
        if (instruction_.address_size == 8 || random_.percent(60)) {
            whole = value & mask;
        } else {
            whole = (value & mask) | (random_.next() & ~mask);
        }
        if (test_.mode != CodeMode::Bits64) whole = static_cast<u32>(whole);
    }

    u64 linear_of_operand() const {
        u64 offset = static_cast<u64>(i64{instruction_.displacement});
        if (instruction_.base != cpu::no_register) offset += before_.gpr[instruction_.base];
        if (instruction_.index != cpu::no_register && !form_.has(cpu::attribute::Vsib)) {
            offset += before_.gpr[instruction_.index] << instruction_.scale;
        }
        return segment_base(test_, instruction_.segment) +
               (offset & mask_of(instruction_.address_size));
    }

    void aim_stack() {
        if (test_.last_instruction != 0) {
            stack_ = reg(Gpr::Rsp) + segment_base(test_, SegReg::Ss);
            return;
        }
        if (random_.one_in(12)) return;
        stack_ = target(random_.percent(80) ? 8 : 64);
        reg(Gpr::Rsp) = stack_ - segment_base(test_, SegReg::Ss);
    }

    void aim_memory() {
        u32 size = memory_size();
        if (size == 0) size = 512;
        u64 linear = target(size);
        if (form_.has(cpu::attribute::Aligned) && random_.percent(70)) linear &= ~u64{size - 1};
        if (size == 512 && random_.percent(80)) linear = (linear & ~u64{63}) - (linear & 0x800);
        memory_ = aim(linear);
        if (random_.percent(25)) return;
        std::array<u8, 64> bytes{};
        const auto kinds = static_cast<u64>(ValueKind::Count);
        fill_background(random_, preferred_kind(static_cast<ValueKind>(random_.below(kinds))),
                        bytes);
        patch(memory_, bytes.data(), bytes.size());
    }

    ValueKind preferred_kind(ValueKind otherwise) {
        const bool floating = form_.has(cpu::attribute::SimdFp) || form_.has(cpu::attribute::X87);
        if (!floating || random_.percent(20)) return otherwise;
        if (form_.has(cpu::attribute::X87) && memory_size() == 10) return ValueKind::Extended;
        return random_.percent(50) ? ValueKind::Singles : ValueKind::Doubles;
    }

    u16 selector() {
        constexpr std::array<u16, 8> odd = {0, 3, 0x10, 0x18, 0x30, 0x40, 0x60, 0x3b};
        if (random_.percent(20)) return static_cast<u16>(random_.pick(odd) | random_.below(4));
        constexpr std::array<u16, 3> user = {selectors::Code32, selectors::Data, selectors::Code64};
        if (random_.percent(30)) return static_cast<u16>(random_.pick(user) ^ random_.one_in(5));
        const u16 entry = ldt_selector(static_cast<u16>(random_.below(15)));
        return random_.percent(80) ? entry : static_cast<u16>(entry ^ random_.below(4));
    }

    /// Where a jump may go so that the harness sees it arrive: an offset within `cs`.
    u64 landing(u16 cs) {
        const u64 base =
            test_.mode == CodeMode::Bits64 && cs == selectors::Code64 ? 0 : descriptor_base(cs);
        u64 linear = code_pair + random_.below(2 * page);
        if (random_.percent(20)) linear = code_last + random_.below(page);
        if (random_.one_in(10)) linear = arena + random_.below(arena_size);
        if (random_.one_in(15)) linear = 0x2003'0000 + random_.below(0x1000);
        if (random_.one_in(30)) linear = harmless(linear ^ u64{1} << (13 + random_.below(51)));
        if (linear >= test_.code_address && linear < test_.code_address + 16 + test_.code_size) {
            linear += 64;
        }
        return linear - base;
    }
    /// A target cut to what the instruction can reach, and not within itself: it might never come
    /// out.
    u64 keep_out(u64 to) const {
        const u64 mask =
            test_.mode == CodeMode::Bits64 ? ~u64{0} : mask_of(instruction_.operand_size);
        const u64 start = before_.rip & mask;
        return (to & mask) - start < 16u + test_.code_size ? to + 64 : to;
    }
    u64 landing() { return landing(before_.selector(SegReg::Cs)); }

    void prepare_meaning();
    void prepare_branch();
    void prepare_far();
    void prepare_string();
    void prepare_selector();
    void prepare_division();
    void prepare_comparison();
    void prepare_state_load();
    void prepare_flags();
    void prepare_gather();
    void prepare_bit_test();

    Random& random_;
    const EncodingPlaces& places_;
    Case& test_;
    const Instruction instruction_;
    const cpu::Form& form_;
    Registers& before_;
    u64 stack_ = 0;
    u64 memory_ = 0;
};

void Steering::prepare_meaning() {
    switch (form_.semantic) {
        case Semantic::jmp_relative:
        case Semantic::call_relative:
        case Semantic::jcc:
        case Semantic::loop:
        case Semantic::jcxz:
        case Semantic::jmp_near:
        case Semantic::call_near:
        case Semantic::ret_near: prepare_branch(); break;
        case Semantic::jmp_far:
        case Semantic::call_far:
        case Semantic::ret_far:
        case Semantic::iret: prepare_far(); break;
        case Semantic::movs:
        case Semantic::stos:
        case Semantic::lods:
        case Semantic::scas:
        case Semantic::cmps:
        case Semantic::ins:
        case Semantic::outs: prepare_string(); break;
        case Semantic::mov_to_segment:
        case Semantic::pop_segment:
        case Semantic::load_far_pointer:
        case Semantic::lar:
        case Semantic::lsl:
        case Semantic::verr:
        case Semantic::verw:
        case Semantic::arpl: prepare_selector(); break;
        case Semantic::div:
        case Semantic::idiv: prepare_division(); break;
        case Semantic::cmpxchg:
        case Semantic::cmpxchg8b:
        case Semantic::cmpxchg16b: prepare_comparison(); break;
        case Semantic::ldmxcsr:
        case Semantic::fldcw:
        case Semantic::fldenv:
        case Semantic::frstor:
        case Semantic::fxrstor:
        case Semantic::xrstor:
        case Semantic::xsave:
        case Semantic::xsavec: prepare_state_load(); break;
        case Semantic::popf: prepare_flags(); break;
        case Semantic::gather: prepare_gather(); break;
        case Semantic::bt:
        case Semantic::bts:
        case Semantic::btr:
        case Semantic::btc: prepare_bit_test(); break;
        case Semantic::xlat:
            reg(Gpr::Rbx) =
                target(1) - segment_base(test_, instruction_.segment) - (reg(Gpr::Rax) & 0xff);
            set_address(reg(Gpr::Rbx), reg(Gpr::Rbx));
            break;
        case Semantic::maskmov:
            memory_ = target(16);
            if (memory_ < arena - page || memory_ >= arena_end + page) memory_ = arena;
            set_address(reg(Gpr::Rdi), memory_ - segment_base(test_, instruction_.segment));
            // Halves of the operand wrap on their own at the end of a 16-bit segment.
            if (instruction_.address_size == 2) reg(Gpr::Rdi) &= ~u64{0x10};
            break;
        case Semantic::enter:
        case Semantic::leave:
            reg(Gpr::Rbp) = target(32) - segment_base(test_, SegReg::Ss);
            if (test_.mode != CodeMode::Bits64) reg(Gpr::Rbp) = static_cast<u32>(reg(Gpr::Rbp));
            if (form_.semantic == Semantic::enter) {
                rewrite(places_.immediate, random_.below(200), 2);
                rewrite(places_.immediate + 2,
                        random_.percent(60) ? random_.below(4) : random_.next() & 0xff, 1);
            }
            break;
        case Semantic::int_n:
            if (instruction_.immediate == 0x80) rewrite(places_.immediate, 3 + random_.below(2), 1);
            break;
        default: break;
    }
}

void Steering::prepare_branch() {
    const u64 to = landing();
    const u32 size = instruction_.operand_size;
    switch (form_.semantic) {
        case Semantic::ret_near: patch_value(stack_, to, 8); break;
        case Semantic::jmp_near:
        case Semantic::call_near:
            if (instruction_.is_memory()) {
                patch_value(memory_, to, 8);
            } else {
                set_low(before_.gpr[instruction_.rm], to, std::max(size, 4u));
                if (test_.mode == CodeMode::Bits64) before_.gpr[instruction_.rm] = to;
            }
            break;
        default: {
            if (random_.percent(50)) set_low(reg(Gpr::Rcx), random_.below(3), 8);
            const usize bytes = instruction_.length - places_.immediate;
            const u64 next = before_.rip + test_.code_size;
            u64 distance = keep_out(to) - next;
            if (bytes == 1) {
                distance = random_.next() & 0xff;
                // Not into itself: it might never come out.
                if (distance >= 0x80 && distance + 1 >= 0x100u - test_.code_size) distance = 0x10;
            }
            rewrite(places_.immediate, distance, bytes);
        }
    }
}

void Steering::prepare_far() {
    const u16 cs = random_.percent(70)
                       ? random_.pick(std::array<u16, 5>{selectors::Code32, selectors::Code64,
                                                         selectors::LdtCode16, selectors::LdtCode32,
                                                         ldt_selector(9)})
                       : selector();
    const u32 size = instruction_.operand_size;
    std::array<u8, 64> frame{};
    usize at = 0;
    const auto push = [&](u64 value) {
        std::memcpy(&frame[at], &value, size);
        at += size;
    };
    push(landing(cs));
    if (form_.semantic == Semantic::jmp_far || form_.semantic == Semantic::call_far) {
        std::memcpy(&frame[at], &cs, 2);
        if (instruction_.is_memory() && memory_ != 0) patch(memory_, frame.data(), at + 2);
        if (form_.operands[0].kind == OperandKind::FarPointer) {
            for (usize i = 0; i < size + 2; ++i) rewrite(places_.immediate + i, frame[i], 1);
        }
        return;
    }
    push(cs);
    if (form_.semantic == Semantic::iret) {
        using namespace cpu::rflags;
        push((random_.next() & (Status | DF | ID)) | IF | Fixed1);
    }
    push(target(8) - descriptor_base(before_.selector(SegReg::Ss)));
    push(random_.percent(60) ? selectors::Data : selector());
    patch(stack_, frame.data(), at);
}

void Steering::prepare_string() {
    const u32 size = cpu::operand_bytes(instruction_, form_.operands[0]);
    const u64 limit = random_.percent(70) ? 24 : random_.percent(70) ? 400 : 6000;
    const u64 count = random_.one_in(12) ? 0 : random_.below(limit);
    const u64 from = target(64);
    u64 to = target(64);
    if (random_.percent(30)) to = from + random_.below(80) - 40;
    set_address(reg(Gpr::Rsi), from - segment_base(test_, instruction_.segment));
    set_address(reg(Gpr::Rdi), to - segment_base(test_, SegReg::Es));
    set_address(reg(Gpr::Rcx), count);
    const bool compares = form_.semantic == Semantic::cmps || form_.semantic == Semantic::scas;
    if (!compares || random_.percent(40)) return;
    // Long runs that are equal, or differ everywhere.
    const auto byte = static_cast<u8>(random_.next());
    const std::vector<u8> run(random_.below(300) + size, byte);
    patch(to - (random_.percent(30) ? run.size() / 2 : 0), run.data(), run.size());
    if (form_.semantic == Semantic::cmps && random_.percent(60)) {
        patch(from - (random_.percent(30) ? run.size() / 2 : 0), run.data(), run.size());
    }
    if (random_.percent(60)) set_low(reg(Gpr::Rax), byte * 0x0101'0101'0101'0101u, size);
    if (test_.mode != CodeMode::Bits64) reg(Gpr::Rax) = static_cast<u32>(reg(Gpr::Rax));
}

void Steering::prepare_selector() {
    const u16 value = selector();
    const u32 size = instruction_.operand_size;
    switch (form_.semantic) {
        case Semantic::pop_segment: patch_value(stack_, value, 2); break;
        case Semantic::load_far_pointer: patch_value(memory_ + size, value, 2); break;
        default:
            if (instruction_.is_memory())
                patch_value(memory_, value, 2);
            else
                set_low(before_.gpr[instruction_.rm], value, 2);
    }
}

void Steering::prepare_division() {
    if (random_.percent(30)) return;
    const u32 size = cpu::operand_bytes(instruction_, form_.operands[0]);
    const u64 divisor = interesting_integer(random_);
    if (instruction_.is_memory()) patch_value(memory_, divisor, size);
    const u64 high = instruction_.is_memory() ? divisor : before_.gpr[instruction_.rm];
    u64 upper = random_.percent(50) ? 0 : (high & mask_of(size)) >> random_.below(8 * size);
    if (form_.semantic == Semantic::idiv && random_.percent(40)) upper = ~upper;
    if (size == 1)
        set_low(reg(Gpr::Rax), upper << 8 | (reg(Gpr::Rax) & 0xff), 2);
    else
        set_low(reg(Gpr::Rdx), upper, size);
    if (test_.mode != CodeMode::Bits64) reg(Gpr::Rdx) = static_cast<u32>(reg(Gpr::Rdx));
}

void Steering::prepare_comparison() {
    if (random_.percent(40)) return;
    std::array<u64, 2> pair = {reg(Gpr::Rax), reg(Gpr::Rdx)};
    if (form_.semantic == Semantic::cmpxchg) {
        if (instruction_.is_memory())
            patch(memory_, pair.data(), 8);
        else if (instruction_.rm != static_cast<u8>(Gpr::Rsp)) {
            before_.gpr[instruction_.rm] = pair[0];
        }
        return;
    }
    const bool wide = form_.semantic == Semantic::cmpxchg16b;
    if (!wide) pair[0] = static_cast<u32>(pair[0]) | pair[1] << 32;
    patch(memory_, pair.data(), wide ? 16 : 8);
}

void Steering::prepare_state_load() {
    const auto kind = static_cast<ValueKind>(random_.below(static_cast<u64>(ValueKind::Count)));
    XsaveImage image = random_extended_state(random_, kind);
    switch (form_.semantic) {
        case Semantic::ldmxcsr:
            patch_value(memory_, image.mxcsr | (random_.one_in(8) ? random_.next() : 0), 4);
            return;
        case Semantic::fldcw: patch_value(memory_, image.fcw, 2); return;
        case Semantic::fldenv:
        case Semantic::frstor: {
            const u32 size = instruction_.operand_size == 2 ? 2 : 4;
            std::array<u64, 7> words = {image.fcw, image.fsw, random_.next() & 0xffff};
            for (usize i = 3; i < 7; ++i) words[i] = random_.next();
            for (usize i = 0; i < 7; ++i) patch_value(memory_ + i * size, words[i], size);
            return;
        }
        default: break;
    }
    if (random_.one_in(8)) image.mxcsr |= static_cast<u32>(random_.next());
    image.xstate_bv = random_.one_in(20) ? random_.next() : random_.below(8);
    if (random_.one_in(20)) image.header[random_.below(7)] = random_.next();
    // What the host has beyond AVX is not the model's: never asked for.
    reg(Gpr::Rax) = random_.percent(60) ? 7 : random_.below(8);
    reg(Gpr::Rdx) = 0;
    if (random_.percent(90)) patch(memory_, &image, sizeof(image));
}

void Steering::prepare_flags() {
    using namespace cpu::rflags;
    // TF would trap after the way back has begun.
    const u64 flags = random_.next() & ~TF;
    patch_value(stack_, flags & (random_.one_in(10) ? ~u64{0} : ~(AC | NT)), 8);
}

void Steering::prepare_gather() {
    for (auto* half : {&before_.extended.xmm[instruction_.index % 16],
                       &before_.extended.ymm_high[instruction_.index % 16]}) {
        const bool dwords = random_.percent(50);
        for (u64* lane : {&half->low, &half->high}) {
            const u64 near = static_cast<u64>(static_cast<i64>(random_.below(1200)) - 200);
            const u64 other = static_cast<u64>(static_cast<i64>(random_.below(1200)) - 200);
            *lane = dwords ? (near & 0xffff'ffff) | other << 32 : near;
        }
    }
}

void Steering::prepare_bit_test() {
    if (!instruction_.is_memory() || form_.operands[1].kind != OperandKind::RegGpr) return;
    if (instruction_.reg == instruction_.base || instruction_.reg == instruction_.index) return;
    if (instruction_.reg == static_cast<u8>(Gpr::Rsp)) return;
    const i64 range = random_.percent(80) ? 512 : 0x2'0000;
    const i64 bit = static_cast<i64>(random_.below(static_cast<u64>(2 * range))) - range;
    set_low(before_.gpr[instruction_.reg], static_cast<u64>(bit),
            test_.mode == CodeMode::Bits64 ? 8 : 4);
}
}  // namespace

void steer(Random& random, const EncodingPlaces& places, Case& test) {
    Steering(random, places, test).run();
}

}  // namespace test::differential
