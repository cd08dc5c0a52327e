// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/decode/form_table.hpp"

#include <algorithm>

#include "cpu/decode/decoder.hpp"
#include "cpu/decode/encoding.hpp"
#include "fabric/support/verify.hpp"

namespace cpu {

namespace decoding {

namespace {

struct Row {
    std::string_view encoding;
    Semantic semantic;
    std::string_view mnemonic;
    std::string_view operands;
    Feature feature;
    u32 attributes;
    std::string_view flags;
};

using namespace attribute;

constexpr Row rows[] = {
#define FORM(encoding, semantic, mnemonic, operands, feature, attributes, flags) \
    {encoding, Semantic::semantic, mnemonic, operands, Feature::feature, (attributes), flags},
#include "cpu/decode/opcodes.def"
#undef FORM
};

std::string_view without_blanks(std::string_view text) {
    while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
    while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
    return text;
}

Form make_form(const Row& row, const Encoding& encoding) {
    Form form;
    form.encoding = row.encoding;
    form.mnemonic = row.mnemonic;
    form.semantic = row.semantic;
    form.feature = row.feature;
    form.attributes = row.attributes;
    for (const std::string_view text : split(row.operands, ',')) {
        VERIFY(form.operand_count < form.operands.size());
        const bool first = form.operand_count == 0;
        form.operands[form.operand_count++] = parse_operand(without_blanks(text), first, encoding);
    }
    parse_flags(row.flags, form);
    return form;
}

Trailer trailer_of(const Operand& operand) {
    switch (operand.kind) {
        case OperandKind::SignedImmediate: return Trailer::SignedIb;
        case OperandKind::Offset: return Trailer::Offset;
        case OperandKind::FarPointer: return Trailer::FarPointer;
        case OperandKind::ImmediateVector: return Trailer::Is4;
        case OperandKind::Relative:
            return operand.size == OperandSize::Byte ? Trailer::Jb : Trailer::Jz;
        case OperandKind::Immediate: break;
        default: return Trailer::None;
    }
    switch (operand.size) {
        case OperandSize::Byte: return Trailer::Ib;
        case OperandSize::Word: return Trailer::Iw;
        case OperandSize::Z: return Trailer::Iz;
        case OperandSize::V: return Trailer::Iv;
        default: break;
    }
    UNREACHABLE();
}

Trailer trailer_of(const Form& form) {
    Trailer trailer = Trailer::None;
    for (usize i = 0; i < form.operand_count; ++i) {
        const Trailer next = trailer_of(form.operands[i]);
        if (next == Trailer::None) continue;
        const bool enter = trailer == Trailer::Iw && next == Trailer::Ib;
        VERIFY(trailer == Trailer::None || enter);
        trailer = enter ? Trailer::IwIb : next;
    }
    return trailer;
}

void note_registers(const Form& form, Candidate& candidate) {
    for (usize i = 0; i < form.operand_count; ++i) {
        const Operand& operand = form.operands[i];
        switch (operand.kind) {
            case OperandKind::SegmentRegister:
                candidate.segment_register = true;
                candidate.loads_segment = operand.written;
                break;
            case OperandKind::ControlRegister: candidate.control_register = true; break;
            case OperandKind::DebugRegister: candidate.debug_register = true; break;
            case OperandKind::RegMmx: candidate.mmx_reg = true; break;
            case OperandKind::ModRmMmx:
            case OperandKind::RmMmx: candidate.mmx_rm = true; break;
            default: break;
        }
    }
}

Candidate make_candidate(const Form& form, const Encoding& encoding, usize number) {
    Candidate candidate;
    candidate.mask = static_cast<u16>(encoding.key_mask);
    candidate.value = static_cast<u16>(encoding.key_value);
    if (form.has(Only64)) {
        candidate.mask |= key::Bits64;
        candidate.value |= key::Bits64;
    }
    if (form.has(No64)) candidate.mask |= key::Bits64;
    candidate.form = static_cast<u16>(number);
    candidate.feature = form.feature;
    candidate.trailer = trailer_of(form);
    candidate.operand_size = encoding.operand_size;
    candidate.address_size = encoding.address_size;
    candidate.force64 = form.has(Force64);
    candidate.default64 = form.has(Default64);
    candidate.lockable = form.has(Lockable);
    candidate.no_vvvv = form.has(VexNoVvvv);
    candidate.vsib = form.has(Vsib);
    note_registers(form, candidate);
    candidate.conditional = form.feature != Feature::Always || candidate.operand_size != 0 ||
                            candidate.address_size != 0;
    candidate.special = candidate.vsib || candidate.segment_register ||
                        candidate.control_register || candidate.debug_register ||
                        candidate.mmx_reg || candidate.mmx_rm;
    return candidate;
}

/// What of an instruction is fetched before its #UD (measured on a Sapphire Rapids, at the end of a
/// page). The maps behind 0F 38 and 0F 3A have a ModRM throughout, the latter an immediate as well.
OpcodeEntry unassigned_opcode(usize map, usize opcode) {
    constexpr std::array<u8, 6> with_mod_rm = {0x78, 0x79, 0x7a, 0x7b, 0xa6, 0xa7};
    OpcodeEntry entry{};
    entry.mod_rm = map >= 2 || (map == 1 && std::ranges::count(with_mod_rm, opcode) != 0);
    entry.trailer = map == 3 ? Trailer::Ib : Trailer::None;
    return entry;
}

}  // namespace

const FormTable& FormTable::instance() {
    static const FormTable table;
    return table;
}

FormTable::FormTable() {
    std::array<std::array<std::vector<Candidate>, 256>, 8> found;
    std::array<std::array<bool, 256>, 8> has_plus_register{};
    std::vector<Encoding> encodings;
    for (const Row& row : rows) {
        encodings.push_back(parse_encoding(row.encoding));
        forms_.push_back(make_form(row, encodings.back()));
    }
    for (usize i = 0; i < forms_.size(); ++i) {
        const Encoding& encoding = encodings[i];
        const usize map = usize{encoding.vex} * 4 + encoding.map;
        const Candidate candidate = make_candidate(forms_[i], encoding, i);
        const unsigned opcodes = encoding.plus_register ? 8 : 1;
        for (unsigned n = 0; n < opcodes; ++n) {
            const usize opcode = encoding.opcode + n;
            auto& rows_here = found[map][opcode];
            OpcodeEntry& entry = entries_[map][opcode];
            VERIFY(rows_here.empty() || entry.mod_rm == encoding.mod_rm);
            entry.mod_rm = encoding.mod_rm;
            entry.ignores_mod = candidate.control_register || candidate.debug_register;
            rows_here.push_back(candidate);
            has_plus_register[map][opcode] |= encoding.plus_register;
        }
    }
    for (usize map = 0; map < found.size(); ++map) {
        for (usize opcode = 0; opcode < 256; ++opcode) {
            OpcodeEntry& entry = entries_[map][opcode];
            if (found[map][opcode].empty()) {
                entry = unassigned_opcode(map % 4, opcode);
                continue;
            }
            entry.first = static_cast<u16>(candidates_.size());
            entry.trailer = found[map][opcode].front().trailer;
            entry.count = static_cast<u16>(found[map][opcode].size());
            for (Candidate candidate : found[map][opcode]) {
                // 90 is NOP, but 41 90 is XCHG R8, RAX. F3 41 90 is PAUSE all the same.
                const bool literal =
                    !encodings[candidate.form].plus_register && (candidate.mask & key::Prefix) == 0;
                if (has_plus_register[map][opcode] && literal) candidate.mask |= key::RexB;
                candidates_.push_back(candidate);
            }
        }
    }
}

}  // namespace decoding

std::span<const Form> forms() { return decoding::FormTable::instance().forms(); }

std::string_view semantic_name(Semantic semantic) {
    static constexpr std::string_view names[] = {
#define SEMANTIC(name) #name,
#include "cpu/decode/semantics.def"
#undef SEMANTIC
    };
    return names[static_cast<usize>(semantic)];
}

}  // namespace cpu
