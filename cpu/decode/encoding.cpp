// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/decode/encoding.hpp"

#include <charconv>
#include <optional>

#include "cpu/arch/registers.hpp"
#include "cpu/decode/form_table.hpp"
#include "fabric/support/verify.hpp"

namespace cpu::decoding {

namespace {

std::optional<u8> hex_byte(std::string_view word) {
    u8 value = 0;
    const char* const end = word.data() + word.size();
    const auto [at, error] = std::from_chars(word.data(), end, value, 16);
    if (word.size() != 2 || at != end || error != std::errc{}) return std::nullopt;
    return value;
}

void require_prefix(Encoding& into, u32 prefix) {
    into.require(key::Prefix, prefix << key::PrefixShift);
}

/// One of the parts of "VEX.128.66.0F38.W0".
void parse_vex_part(std::string_view part, Encoding& into) {
    if (part == "VEX")
        into.vex = true;
    else if (part == "128" || part == "LZ")
        into.require(key::L, 0);
    else if (part == "256")
        into.require(key::L, key::L);
    else if (part == "NP")
        require_prefix(into, 0);
    else if (part == "66")
        require_prefix(into, 1);
    else if (part == "F3")
        require_prefix(into, 2);
    else if (part == "F2")
        require_prefix(into, 3);
    else if (part == "0F")
        into.map = 1;
    else if (part == "0F38")
        into.map = 2;
    else if (part == "0F3A")
        into.map = 3;
    else if (part == "W0")
        into.require(key::W, 0);
    else if (part == "W1")
        into.require(key::W, key::W);
    else
        VERIFY(part == "LIG" || part == "WIG");
}

/// The words that are neither VEX nor bytes.
void parse_word(std::string_view word, Encoding& into) {
    if (word.front() == '/') {
        VERIFY(word.size() == 2);
        into.mod_rm = true;
        if (word[1] != 'r') {
            into.require(key::Reg, static_cast<u32>(word[1] - '0') << key::RegShift);
        }
    } else if (word == "NP")
        require_prefix(into, 0);
    else if (word == "reg")
        into.require(key::Register, key::Register);
    else if (word == "mem")
        into.require(key::Register, 0);
    else if (word == "W0")
        into.require(key::W, 0);
    else if (word == "W1")
        into.require(key::W, key::W);
    else if (word == "o16")
        into.operand_size = 2;
    else if (word == "o32")
        into.operand_size = 4;
    else if (word == "o64")
        into.operand_size = 8;
    else if (word == "a16")
        into.address_size = 2;
    else if (word == "a32")
        into.address_size = 4;
    else if (word == "a64")
        into.address_size = 8;
    else
        UNREACHABLE();
}

/// Mandatory prefix, map, opcode and a whole ModRM byte, as far as they are there.
void place_bytes(std::span<const u8> bytes, Encoding& into) {
    const auto next = [&] {
        VERIFY(!bytes.empty());
        const u8 byte = bytes.front();
        bytes = bytes.subspan(1);
        return byte;
    };
    u8 byte = next();
    if (!into.vex && !bytes.empty() && (byte == 0x66 || byte == 0xf2 || byte == 0xf3)) {
        require_prefix(into, byte == 0x66 ? 1 : byte == 0xf3 ? 2 : 3);
        byte = next();
    }
    if (!into.vex && byte == 0x0f) {
        into.map = 1;
        byte = next();
        if (byte == 0x38 || byte == 0x3a) {
            into.map = byte == 0x38 ? 2 : 3;
            byte = next();
        }
    }
    into.opcode = byte;
    if (bytes.empty()) return;
    const u8 mod_rm = next();
    into.mod_rm = true;
    into.require(key::Register | key::Reg | key::Rm, key::Register |
                                                         ((mod_rm >> 3) & 7u) << key::RegShift |
                                                         (mod_rm & 7u) << key::RmShift);
    VERIFY(mod_rm >= 0xc0 && bytes.empty());
}

struct Fixed {
    std::string_view text;
    Operand operand;
};

constexpr Operand fixed(OperandKind kind, OperandSize size, u8 number) {
    return {.kind = kind, .size = size, .fixed = number};
}

constexpr Fixed fixed_operands[] = {
    {"AL", fixed(OperandKind::FixedGpr, OperandSize::Byte, 0)},
    {"CL", fixed(OperandKind::FixedGpr, OperandSize::Byte, 1)},
    {"AX", fixed(OperandKind::FixedGpr, OperandSize::Word, 0)},
    {"DX", fixed(OperandKind::FixedGpr, OperandSize::Word, 2)},
    {"eAX", fixed(OperandKind::FixedGpr, OperandSize::Z, 0)},
    {"rAX", fixed(OperandKind::FixedGpr, OperandSize::V, 0)},
    {"ES", fixed(OperandKind::FixedSegment, OperandSize::Word, 0)},
    {"CS", fixed(OperandKind::FixedSegment, OperandSize::Word, 1)},
    {"SS", fixed(OperandKind::FixedSegment, OperandSize::Word, 2)},
    {"DS", fixed(OperandKind::FixedSegment, OperandSize::Word, 3)},
    {"FS", fixed(OperandKind::FixedSegment, OperandSize::Word, 4)},
    {"GS", fixed(OperandKind::FixedSegment, OperandSize::Word, 5)},
    {"1", fixed(OperandKind::FixedOne, OperandSize::Byte, 1)},
    {"ST0", fixed(OperandKind::St0, OperandSize::Tbyte, 0)},
    {"STi", fixed(OperandKind::StI, OperandSize::Tbyte, 0)},
};

OperandKind kind_of(char letter) {
    switch (letter) {
        case 'E': return OperandKind::ModRmGpr;
        case 'G': return OperandKind::RegGpr;
        case 'R': return OperandKind::RmGpr;
        case 'M': return OperandKind::Memory;
        case 'B': return OperandKind::VvvvGpr;
        case 'I': return OperandKind::Immediate;
        case 'J': return OperandKind::Relative;
        case 'O': return OperandKind::Offset;
        case 'A': return OperandKind::FarPointer;
        case 'X': return OperandKind::SourceString;
        case 'Y': return OperandKind::TargetString;
        case 'V': return OperandKind::RegVector;
        case 'W': return OperandKind::ModRmVector;
        case 'U': return OperandKind::RmVector;
        case 'H': return OperandKind::VvvvVector;
        case 'L': return OperandKind::ImmediateVector;
        case 'P': return OperandKind::RegMmx;
        case 'Q': return OperandKind::ModRmMmx;
        case 'N': return OperandKind::RmMmx;
        case 'S': return OperandKind::SegmentRegister;
        case 'C': return OperandKind::ControlRegister;
        case 'D': return OperandKind::DebugRegister;
    }
    UNREACHABLE();
}

OperandSize size_of(std::string_view text) {
    if (text.empty() || text == "none") return OperandSize::None;
    if (text == "dq") return OperandSize::Dqword;
    if (text == "qq") return OperandSize::Qqword;
    VERIFY(text.size() == 1);
    switch (text[0]) {
        case 'b': return OperandSize::Byte;
        case 'w': return OperandSize::Word;
        case 'd': return OperandSize::Dword;
        case 'q': return OperandSize::Qword;
        case 'v': return OperandSize::V;
        case 'z': return OperandSize::Z;
        case 'y': return OperandSize::Y;
        case 'p': return OperandSize::P;
        case 'x': return OperandSize::X;
        case 'h': return OperandSize::Half;
        case 'f': return OperandSize::Quarter;
        case 'e': return OperandSize::Eighth;
        case 't': return OperandSize::Tbyte;
        case 's': return OperandSize::S;
    }
    UNREACHABLE();
}

Operand parse_operand_name(std::string_view name) {
    for (const Fixed& each : fixed_operands) {
        if (each.text == name) return each.operand;
    }
    if (name == "sIb") {
        return {.kind = OperandKind::SignedImmediate, .size = OperandSize::Byte};
    }
    return {.kind = kind_of(name.front()), .size = size_of(name.substr(1))};
}

u16 flag_mask(std::string_view letters) {
    u64 mask = 0;
    for (const char letter : letters) {
        switch (letter) {
            case 'O': mask |= rflags::OF; break;
            case 'S': mask |= rflags::SF; break;
            case 'Z': mask |= rflags::ZF; break;
            case 'A': mask |= rflags::AF; break;
            case 'P': mask |= rflags::PF; break;
            case 'C': mask |= rflags::CF; break;
            case 'D': mask |= rflags::DF; break;
            case 'I': mask |= rflags::IF; break;
            default: UNREACHABLE();
        }
    }
    return static_cast<u16>(mask);
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const usize end = text.find(separator);
        if (end != 0) parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return parts;
}

Encoding parse_encoding(std::string_view text) {
    Encoding encoding;
    std::vector<u8> bytes;
    for (const std::string_view word : split(text, ' ')) {
        if (word.starts_with("VEX")) {
            for (const std::string_view part : split(word, '.')) parse_vex_part(part, encoding);
        } else if (const auto byte = hex_byte(word.substr(0, 2)); byte && word.ends_with("+r")) {
            bytes.push_back(*byte);
            encoding.plus_register = true;
        } else if (const auto whole = hex_byte(word)) {
            bytes.push_back(*whole);
        } else {
            parse_word(word, encoding);
        }
    }
    place_bytes(bytes, encoding);
    return encoding;
}

Operand parse_operand(std::string_view text, bool first, const Encoding& encoding) {
    const usize colon = text.find(':');
    Operand operand = parse_operand_name(text.substr(0, colon));
    if (colon == std::string_view::npos) {
        operand.read = true;
        operand.written = first;
    } else {
        const std::string_view access = text.substr(colon + 1);
        VERIFY(access == "r" || access == "w" || access == "rw");
        operand.read = access.front() == 'r';
        operand.written = access.back() == 'w';
    }
    const bool memory_only =
        (encoding.key_mask & key::Register) != 0 && (encoding.key_value & key::Register) == 0;
    const bool memory_or_register = operand.kind == OperandKind::ModRmGpr ||
                                    operand.kind == OperandKind::ModRmVector ||
                                    operand.kind == OperandKind::ModRmMmx;
    if (memory_only && memory_or_register) operand.kind = OperandKind::Memory;
    return operand;
}

void parse_flags(std::string_view text, Form& form) {
    for (const std::string_view word : split(text, ' ')) {
        VERIFY(word.size() > 2 && word[1] == ':');
        const u16 mask = flag_mask(word.substr(2));
        if (word[0] == 'w')
            form.flags_written = mask;
        else if (word[0] == 'u')
            form.flags_undefined = mask;
        else if (word[0] == 'r')
            form.flags_read = mask;
        else
            UNREACHABLE();
    }
}

}  // namespace cpu::decoding
