// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/generator.hpp"

#include <algorithm>

#include "cpu/decode/decoder.hpp"
#include "fabric/support/verify.hpp"
#include "tests/differential/code_image.hpp"
#include "tests/differential/descriptors.hpp"
#include "tests/differential/steering.hpp"

namespace test::differential {

using cpu::CodeMode;
using cpu::Form;
using cpu::SegReg;
using Prefix = EncodingShape::Prefix;

/// An instruction's bytes as they are put together.
struct Generator::Draft {
    std::vector<u8> bytes;
    EncodingPlaces places;

    void put(u64 byte) { bytes.push_back(static_cast<u8>(byte)); }
    void put_random(Random& random, usize count) {
        for (usize i = 0; i < count; ++i) put(random.next());
    }
};

namespace {
u64 case_seed(u64 seed, u64 index) {
    Random mix(seed * 0x2545'f491'4f6c'dd1d + index);
    mix.next();
    return mix.next() ^ index;
}

u8 mandatory_byte(Prefix prefix) {
    switch (prefix) {
        case Prefix::P66: return 0x66;
        case Prefix::F3: return 0xf3;
        case Prefix::F2: return 0xf2;
        case Prefix::None:
        case Prefix::Any: return 0;
    }
    return 0;
}

bool needs_66(const EncodingShape& shape, CodeMode mode) {
    if (shape.operand_size == 2) return mode != CodeMode::Bits16;
    return shape.operand_size == 4 && mode == CodeMode::Bits16;
}

bool needs_67(const EncodingShape& shape, CodeMode mode) {
    if (shape.address_size == 2) return mode == CodeMode::Bits32;
    if (shape.address_size == 4) return mode != CodeMode::Bits32;
    return false;
}

/// Prefixes that change little, or make the instruction another or illegal.
void add_idle_prefixes(Random& random, std::vector<u8>& prefixes) {
    static constexpr std::array<u8, 10> choices = {0x2e, 0x36, 0x3e, 0x26, 0x64,
                                                   0x65, 0x66, 0x67, 0xf2, 0xf3};
    u64 count = random.below(100);
    count = count < 72 ? 0 : count < 92 ? 1 : count < 98 ? 2 : random.below(6);
    if (random.one_in(600)) count = 11 + random.below(4);
    for (u64 i = 0; i < count; ++i) prefixes.push_back(random.pick(choices));
}

std::vector<u8> choose_prefixes(Random& random, const Form& form, const EncodingShape& shape,
                                CodeMode mode) {
    std::vector<u8> prefixes;
    add_idle_prefixes(random, prefixes);
    const bool plain = shape.prefix == Prefix::Any;
    if (needs_66(shape, mode) || (plain && random.percent(20))) prefixes.push_back(0x66);
    if (needs_67(shape, mode) || random.percent(8)) prefixes.push_back(0x67);
    if (form.has(cpu::attribute::String) && random.percent(65)) {
        prefixes.push_back(random.percent(50) ? 0xf3 : 0xf2);
    }
    if (random.percent(form.has(cpu::attribute::Lockable) ? 25 : 1)) prefixes.push_back(0xf0);
    if (const u8 mandatory = mandatory_byte(shape.prefix)) prefixes.push_back(mandatory);
    for (usize i = prefixes.size(); i > 1; --i) {
        std::swap(prefixes[i - 1], prefixes[random.below(i)]);
    }
    return prefixes;
}

u8 address_size(const std::vector<u8>& prefixes, CodeMode mode) {
    const bool overridden = std::ranges::count(prefixes, u8{0x67}) != 0;
    if (mode == CodeMode::Bits64) return overridden ? 4 : 8;
    return (mode == CodeMode::Bits32) == overridden ? 2 : 4;
}

/// The displacement that ModRM and SIB ask for (SDM 2A 2.1.5).
usize displacement_size(u8 mod_rm, u8 sib, u8 address_bytes) {
    const u8 mod = mod_rm >> 6;
    const u8 rm = mod_rm & 7;
    if (mod == 1) return 1;
    if (address_bytes == 2) return mod == 2 || (mod == 0 && rm == 6) ? 2 : 0;
    const bool no_base = mod == 0 && (rm == 5 || (rm == 4 && (sib & 7) == 5));
    return mod == 2 || no_base ? 4 : 0;
}
}  // namespace

u64 harmless(u64 value) {
    // Where Linux keeps a process's own mappings, and where the harness has its pages.
    if (value >> 40 >= 0x55 && value >> 40 < 0x80) value |= u64{1} << 62;
    if ((value & ~u64{0xf'ffff}) == (return_page & ~u64{0xf'ffff})) value ^= u64{1} << 61;
    return value;
}

Generator::Generator(const GeneratorOptions& options, const cpu::FeatureSet& features)
    : options_(options), features_(features), usual_memory_(arena_size) {
    Random random(options.seed);
    for (usize at = 0; at < arena_size; at += 32) {
        const auto kind = static_cast<ValueKind>(random.below(static_cast<u64>(ValueKind::Count)));
        fill_interesting(random, kind, std::span(usual_memory_).subspan(at, 32));
    }
    choose_forms();
}

namespace {
/// After other instructions EAX may ask for what the host has beyond the model (AVX-512).
bool asks_by_eax(const Form& form) {
    return form.semantic == cpu::Semantic::xsave || form.semantic == cpu::Semantic::xsavec ||
           form.semantic == cpu::Semantic::xrstor;
}
}  // namespace

void Generator::choose_forms() {
    for (const Form& form : cpu::forms()) {
        const auto shape = parse_encoding(form.encoding);
        VERIFY(shape.has_value());
        shapes_.push_back(*shape);
        const auto row = static_cast<u16>(shapes_.size() - 1);
        const std::string name = std::string(form.encoding) + " " + std::string(form.mnemonic);
        if (!features_.has(form.feature) || !options_.skip(form).empty()) continue;
        if (options_.sequence > 1 && asks_by_eax(form)) continue;
        if (name.find(options_.form_name) == std::string::npos) continue;
        chosen_.push_back(row);
    }
}

CodeMode Generator::choose_mode(Random& random, const Form& form) const {
    const bool refused = random.one_in(40);  // Also where the form does not exist.
    std::array<CodeMode, 4> modes{};
    usize count = 0;
    const bool in_64 = options_.mode64 && (refused || !form.has(cpu::attribute::No64));
    const bool outside = refused || !form.has(cpu::attribute::Only64);
    if (in_64) modes[count++] = CodeMode::Bits64;
    if (in_64) modes[count++] = CodeMode::Bits64;
    if (options_.mode32 && outside) modes[count++] = CodeMode::Bits32;
    if (options_.mode16 && outside) modes[count++] = CodeMode::Bits16;
    if (count != 0) return modes[random.below(count)];
    if (options_.mode64) return CodeMode::Bits64;
    return options_.mode32 ? CodeMode::Bits32 : CodeMode::Bits16;
}

namespace {
u8 choose_rex(Random& random, const EncodingShape& shape) {
    u64 rex = random.percent(45) ? random.below(16) : 0;
    if (shape.w.has_value() && !random.one_in(25)) rex = (rex & 7) | (*shape.w ? 8 : 0);
    if (shape.operand_size == 8) rex |= 8;
    if (rex == 0 && random.percent(70)) return 0;
    return static_cast<u8>(0x40 | rex);
}

/// The VEX bytes before the opcode (SDM 2A 2.3.5), R X B and vvvv inverted as they are there.
std::vector<u8> choose_vex(Random& random, const Form& form, const EncodingShape& shape,
                           CodeMode mode) {
    const bool wide = mode == CodeMode::Bits64;
    const u64 rxb = wide ? random.below(8) : 6 | random.below(2);
    const bool one_vvvv = form.has(cpu::attribute::VexNoVvvv) && !random.one_in(25);
    const u64 vvvv = one_vvvv ? 15 : random.below(16);
    u64 length = random.below(2);
    if (shape.vector_length != EncodingShape::VectorLength::Any && !random.one_in(40)) {
        length = shape.vector_length == EncodingShape::VectorLength::L256;
    }
    u64 w = random.below(2);
    if (shape.w.has_value() && !random.one_in(40)) w = *shape.w;
    constexpr std::array<u8, 5> pp_of = {0, 0, 1, 2, 3};
    const u64 pp = pp_of[static_cast<u8>(shape.prefix)];
    const u64 last = vvvv << 3 | length << 2 | pp;
    const bool short_form = shape.map == 1 && w == 0 && (rxb & 3) == 3 && random.percent(60);
    if (short_form) {
        const u64 fixed = wide ? 0 : 0x40;  // Outside 64-bit mode this would be LDS.
        return {0xc5, static_cast<u8>((rxb >> 2) << 7 | last | fixed)};
    }
    return {0xc4, static_cast<u8>(rxb << 5 | shape.map), static_cast<u8>(w << 7 | last)};
}

u8 choose_mod_rm(Random& random, const Form& form, const EncodingShape& shape) {
    if (shape.fixed_mod_rm) return *shape.fixed_mod_rm;
    u64 mod = random.percent(45) ? 3 : random.below(3);
    if (shape.register_only) mod = 3;
    if (shape.memory_only && mod == 3 && !random.one_in(60)) mod = random.below(3);
    const u64 reg = shape.reg_field.value_or(static_cast<u8>(random.below(8)));
    u64 rm = random.below(8);
    if (form.has(cpu::attribute::Vsib) && mod != 3 && !random.one_in(40)) rm = 4;
    return static_cast<u8>(mod << 6 | reg << 3 | rm);
}
}  // namespace

void Generator::write_encoding(Random& random, const Form& form, const EncodingShape& shape,
                               CodeMode mode, Draft& draft) const {
    std::vector<u8> prefixes;
    if (!shape.vex) {
        prefixes = choose_prefixes(random, form, shape, mode);
    } else {
        static constexpr std::array<u8, 6> harmless_ones = {0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67};
        static constexpr std::array<u8, 5> illegal = {0x66, 0xf2, 0xf3, 0xf0, 0x48};
        if (needs_67(shape, mode)) prefixes.push_back(0x67);
        if (random.percent(15)) prefixes.push_back(random.pick(harmless_ones));
        if (random.percent(2)) prefixes.push_back(random.pick(illegal));
    }
    for (const u8 prefix : prefixes) draft.put(prefix);
    if (shape.vex) {
        for (const u8 byte : choose_vex(random, form, shape, mode)) draft.put(byte);
    } else {
        const u8 rex = mode == CodeMode::Bits64 ? choose_rex(random, shape) : 0;
        if (rex != 0) draft.put(rex);
        if (shape.map != 0) draft.put(0x0f);
        if (shape.map > 1) draft.put(shape.map == 2 ? 0x38 : 0x3a);
    }
    draft.put(shape.plus_register ? shape.opcode | random.below(8) : shape.opcode);
    if (shape.has_mod_rm) {
        const u8 mod_rm = choose_mod_rm(random, form, shape);
        const u8 address_bytes = address_size(prefixes, mode);
        const auto sib = static_cast<u8>(random.next());
        draft.put(mod_rm);
        if (mod_rm < 0xc0) {
            if (address_bytes != 2 && (mod_rm & 7) == 4) draft.put(sib);
            draft.places.displacement = draft.bytes.size();
            draft.places.displacement_size = displacement_size(mod_rm, sib, address_bytes);
            draft.put_random(random, draft.places.displacement_size);
        }
    }
    draft.places.immediate = draft.bytes.size();
    draft.put_random(random, 10);
}

void Generator::decode_last(Case& into) const {
    const usize length = into.code_size - into.last_instruction;
    const std::span<const u8> bytes(into.code.data() + into.last_instruction, length);
    if (cpu::decode(bytes, into.mode, features_, into.decoded) != cpu::DecodeStatus::Ok) {
        into.decoded.length = 0;
    }
}

namespace {
/// Whether an instruction may look at RCX or change it, shift counts aside.
bool touches_count(const cpu::Instruction& instruction, const Form& form) {
    using cpu::Semantic;
    constexpr auto rcx = static_cast<u8>(cpu::Gpr::Rcx);
    constexpr u8 ch = 5;  // As a byte register.
    for (const u8 number :
         {instruction.reg, instruction.rm, instruction.vvvv, instruction.base, instruction.index}) {
        if (number == rcx || number == ch) return true;
    }
    switch (form.semantic) {
        case Semantic::popa:
        case Semantic::loop:
        case Semantic::jcxz: return true;
        default:
            return form.has(cpu::attribute::String) || form.mnemonic.starts_with("PCMP") ||
                   form.mnemonic.starts_with("VPCMP");
    }
}
}  // namespace

void Generator::add_instruction(Random& random, u16 row, Case& into) {
    Draft draft;
    write_encoding(random, cpu::forms()[row], shapes_[row], into.mode, draft);
    const usize start = into.code_size;
    const usize room = std::min<usize>(draft.bytes.size(), into.code.size() - start);
    std::copy_n(draft.bytes.begin(), room, into.code.begin() + static_cast<i64>(start));
    into.last_instruction = static_cast<u8>(start);
    into.code_size = static_cast<u8>(start + room);
    into.form = into.drafted = row;
    decode_last(into);
    if (into.decoded.length != 0) into.code_size = static_cast<u8>(start + into.decoded.length);
    if (start == 0) choose_place(random, into);
    if (into.decoded.length == 0) return;
    into.form = into.decoded.form;
    const Form& form = cpu::form_of(into.decoded);
    into.ends_in_trap = into.ends_in_trap || form.has(cpu::attribute::EndsBlock);
    into.may_loop = into.may_loop && !into.ends_in_trap && !touches_count(into.decoded, form);
    steer(random, draft.places, into);
    decode_last(into);
}

/// LOOP counts down RCX and touches no flags.
void Generator::close_loop(Random& random, Case& into) const {
    constexpr usize size_of_loop = 2;
    const usize end = into.code_size + size_of_loop;
    if (!into.may_loop || into.decoded.length == 0 || end > 0x80) return;
    into.code[into.code_size] = 0xe2;
    into.code[into.code_size + 1u] = static_cast<u8>(0x100 - end);
    into.code_size = static_cast<u8>(end);
    const u64 count = 2 + random.below(4);
    u64& rcx = into.before.reg(cpu::Gpr::Rcx);
    rcx = into.mode == CodeMode::Bits16 ? (rcx & 0xffff'0000) | count : count;
    into.steps = static_cast<u32>(count * (into.steps + 1));
}

void Generator::choose_place(Random& random, Case& into) const {
    constexpr u64 longest = 15;
    const bool alone = options_.sequence == 1 && !into.may_loop;
    const u64 size = alone ? into.code_size : longest * options_.sequence;
    const u64 choice = random.below(100);
    if (choice < 65) {
        into.code_address = code_pair + 0x80 + random.below(page - 0x180 - size);
    } else if (choice < 78 && alone) {
        into.code_address = code_last + page - size;  // Ends where the page does.
    } else if (choice < 84 && alone) {
        into.code_address = code_last + page - random.below(size) - 1;  // Or runs over.
    } else {
        into.code_address = code_pair + page - random.below(size + 1);
    }
    into.before.rip = into.code_address - segment_base(into, SegReg::Cs);
}

namespace {
u32 changed_registers(const Registers& before, const Registers& after) {
    u32 changed = 0;
    for (u32 i = 0; i < 16; ++i) changed |= u32{before.gpr[i] != after.gpr[i]} << i;
    return changed;
}

ValueKind choose_kind(Random& random, const Form& form) {
    const bool floating = form.has(cpu::attribute::SimdFp) && random.percent(80);
    if (floating) return random.percent(50) ? ValueKind::Singles : ValueKind::Doubles;
    return static_cast<ValueKind>(random.below(static_cast<u64>(ValueKind::Count)));
}

/// See layout.hpp, entry_frame.
void fix_stack_top(Case& test) {
    u64& rsp = test.before.reg(cpu::Gpr::Rsp);
    if (test.mode != CodeMode::Bits64) rsp = static_cast<u32>(rsp);
    const bool big = descriptor_is_big(test.before.selector(SegReg::Ss));
    if (!big) rsp = (rsp & 0xffff) | data_base;
}

/// A load of SS puts the trap off, beyond the end of the case.
bool can_single_step(const Form& form) {
    using cpu::Semantic;
    return form.semantic != Semantic::mov_to_segment && form.semantic != Semantic::pop_segment &&
           form.semantic != Semantic::load_far_pointer;
}
}  // namespace

/// Whether a draft has become what was meant. In another mode the opcode may be a prefix, and other
/// bits of ModRM may make it an instruction that is left out.
bool Generator::usable(const Case& test) const {
    if (test.decoded.length == 0) return true;
    const EncodingShape& shape = shapes_[test.drafted];
    const u8 low_bits = shape.plus_register ? 7 : 0;
    return ((test.decoded.opcode ^ shape.opcode) & ~low_bits) == 0 &&
           options_.skip(cpu::form_of(test.decoded)).empty() &&
           (options_.sequence == 1 || !asks_by_eax(cpu::form_of(test.decoded)));
}

namespace {
void make_flat(Case& test) {
    if (test.mode == CodeMode::Bits64) return;
    const bool narrow = test.mode == CodeMode::Bits16;
    test.before.selectors.fill(narrow ? selectors::Data16 : selectors::Data);
    test.before.selector(SegReg::Cs) = narrow ? selectors::LdtCode16 : selectors::Code32;
}
}  // namespace

void Generator::make(u64 index, Case& into) {
    Random random(case_seed(options_.seed, index));
    do {
        into = Case{};
        into.seed = options_.seed;
        into.index = index;
        try_to_make(random, into);
    } while (!usable(into));
}

void Generator::try_to_make(Random& random, Case& into) {
    const u16 row = chosen_[random.below(chosen_.size())];
    const Form& form = cpu::forms()[row];
    into.mode = choose_mode(random, form);
    choose_state(random, choose_kind(random, form), into);
    if (options_.flat) make_flat(into);
    if (options_.alignment_checks && random.percent(50)) into.before.rflags |= cpu::rflags::AC;
    into.may_loop = options_.loops != 0 && random.percent(options_.loops);
    if (options_.sequence > 1)
        add_neighbours(random, 1 + random.below(options_.sequence - 1), into);
    add_instruction(random, row, into);
    ++into.steps;
    close_loop(random, into);
    fix_stack_top(into);
    if (options_.sequence == 1 && into.steps == 1 && options_.single_step && random.one_in(50) &&
        can_single_step(form)) {
        into.before.rflags |= cpu::rflags::TF;
    }
}

/// Instructions before the one that the case is about. Each keeps the registers that lead the
/// others to memory as they are at the start.
void Generator::add_neighbours(Random& random, u64 count, Case& into) {
    u32 pointers = 0;
    for (u64 attempt = 0; into.steps < count && attempt < 4 * count; ++attempt) {
        const u16 row = chosen_[random.below(chosen_.size())];
        const Form& form = cpu::forms()[row];
        if (form.has(cpu::attribute::EndsBlock) || form.has(cpu::attribute::String)) continue;
        const Case before = into;
        add_instruction(random, row, into);
        const u32 changed = changed_registers(before.before, into.before);
        if (into.decoded.length == 0 || !usable(into) || (changed & pointers) != 0 ||
            into.ends_in_trap || (before.may_loop && !into.may_loop)) {
            into = before;
            continue;
        }
        pointers |= changed;
        ++into.steps;
    }
}

}  // namespace test::differential
