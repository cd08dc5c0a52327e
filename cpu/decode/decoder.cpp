// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/decode/decoder.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <optional>

#include "cpu/decode/form_table.hpp"
#include "fabric/support/verify.hpp"

namespace cpu {

namespace {

using decoding::Candidate;
using decoding::FormTable;
using decoding::OpcodeEntry;
using decoding::Trailer;
namespace key = decoding::key;

constexpr usize longest_instruction = 15;

/// What a byte is before the opcode has been seen.
enum class Lead : u8 {
    Opcode,
    Segment,
    FsGs,
    OperandSize,
    AddressSize,
    Lock,
    Rep,
    Rex,
    Escape,
    Vex2,
    Vex3
};

constexpr std::array<Lead, 256> make_leads(bool bits64) {
    std::array<Lead, 256> leads{};
    for (const usize byte : {0x26u, 0x2eu, 0x36u, 0x3eu}) leads[byte] = Lead::Segment;
    leads[0x64] = leads[0x65] = Lead::FsGs;
    leads[0x66] = Lead::OperandSize;
    leads[0x67] = Lead::AddressSize;
    leads[0xf0] = Lead::Lock;
    leads[0xf2] = leads[0xf3] = Lead::Rep;
    leads[0x0f] = Lead::Escape;
    leads[0xc5] = Lead::Vex2;
    leads[0xc4] = Lead::Vex3;
    if (bits64) {
        for (usize byte = 0x40; byte < 0x50; ++byte) leads[byte] = Lead::Rex;
    }
    return leads;
}
constexpr std::array<Lead, 256> leads_64 = make_leads(true);
constexpr std::array<Lead, 256> leads_32 = make_leads(false);

/// Base and index of 16-bit addressing, by ModRM.rm (SDM 2A table 2-1).
constexpr u8 base_16[] = {3, 3, 5, 5, 6, 7, 5, 3};
constexpr u8 index_16[] = {6, 7, 6, 7, no_register, no_register, no_register, no_register};

struct TrailerShape {
    u8 first[3];  // Bytes by operand (Offset: address) size of 2, 4 and 8.
    bool sign;
    u8 second;
};

/// By Trailer.
constexpr TrailerShape trailer_shapes[] = {
    {{0, 0, 0}, false, 0},  // None
    {{1, 1, 1}, false, 0},  // Ib
    {{1, 1, 1}, true, 0},   // SignedIb
    {{2, 2, 2}, false, 0},  // Iw
    {{2, 4, 4}, true, 0},   // Iz
    {{2, 4, 8}, false, 0},  // Iv
    {{2, 2, 2}, false, 1},  // IwIb
    {{1, 1, 1}, true, 0},   // Jb
    {{2, 4, 4}, true, 0},   // Jz
    {{2, 4, 8}, false, 0},  // Offset
    {{2, 4, 4}, false, 2},  // FarPointer
    {{0, 0, 0}, false, 1},  // Is4
};
static_assert(std::size(trailer_shapes) == static_cast<usize>(Trailer::Is4) + 1);

constexpr i64 extended(u64 value, usize bytes) {
    const usize unused = 64 - 8 * bytes;
    return static_cast<i64>(value << unused) >> unused;
}

class Decoding {
public:
    Decoding(std::span<const u8> bytes, CodeMode mode, const FeatureSet& features,
             Instruction& into)
        : begin_(bytes.data()),
          at_(begin_),
          end_(begin_ + std::min(bytes.size(), longest_instruction)),
          limit_(begin_ + bytes.size()),
          shortage_(bytes.size() >= longest_instruction ? DecodeStatus::TooLong
                                                        : DecodeStatus::Truncated),
          features_(features),
          into_(into) {
        into_ = Instruction{};
        into_.mode = mode;
    }

    DecodeStatus run() {
        const DecodeStatus status = decode();
        into_.length = static_cast<u8>(at_ - begin_);
        return status;
    }

private:
    DecodeStatus decode();
    DecodeStatus unknown_vex(const FormTable& table);
    bool read_prefixes();
    void note_prefix(Lead lead, u8 byte);
    bool read_escape();
    bool read_vex(Lead lead);
    bool read_mod_rm(const OpcodeEntry& entry);
    bool read_address_16(u8 mod);
    bool read_address(u8 mod);
    bool read_displacement(usize bytes);
    void settle_segment(u8 base);
    u32 key_of() const;
    u8 operand_size_of(const Candidate& candidate) const;
    const Candidate* choose(std::span<const Candidate> candidates) const;
    bool registers_exist(const Candidate& candidate);
    bool settle_vsib();
    bool allowed(const Candidate& candidate);
    bool read_trailer(Trailer trailer);

    bool bits64() const { return into_.mode == CodeMode::Bits64; }

    bool available(usize bytes) {
        if (static_cast<usize>(end_ - at_) >= bytes) return true;
        at_ = end_;
        return false;
    }

    template <class T>
    bool take(T& value) {
        if (!available(sizeof(T))) return false;
        std::memcpy(&value, at_, sizeof(T));
        at_ += sizeof(T);
        return true;
    }

    /// The next 1 to 8 bytes, at the low end of the result; what is above them is anything.
    bool take_bytes(usize bytes, u64& value) {
        if (!available(bytes)) return false;
        if (static_cast<usize>(limit_ - at_) >= sizeof(value)) {
            std::memcpy(&value, at_, sizeof(value));
        } else {
            std::memcpy(&value, at_, bytes);
        }
        at_ += bytes;
        return true;
    }

    const u8* const begin_;
    const u8* at_;
    const u8* const end_;
    const u8* const limit_;  // Of what may be read, though no instruction is that long.
    const DecodeStatus shortage_;
    const FeatureSet& features_;
    Instruction& into_;

    u8 rex_ = 0;         // The REX bits, from REX or VEX: W 8, R 4, X 2, B 1.
    u8 vex_prefix_ = 0;  // VEX.pp, in the order of key::Prefix.
    u8 raw_vvvv_ = 0;
    u8 raw_index_ = no_register;  // As the SIB byte has it: 4 not taken for none.
    bool address_prefix_ = false;
    bool invalid_ = false;
    std::optional<SegReg> override_;
};

bool Decoding::read_prefixes() {
    const auto& leads = bits64() ? leads_64 : leads_32;
    while (available(1)) {
        const u8 byte = *at_++;
        const Lead lead = leads[byte];
        if (lead == Lead::Opcode) {
            into_.opcode = byte;
            return true;
        }
        if (lead == Lead::Rex) {
            // Counts only if the opcode follows: whatever prefix comes next clears it.
            rex_ = byte & 0xf;
            into_.rex = true;
            continue;
        }
        if (lead == Lead::Escape) return read_escape();
        if (lead == Lead::Vex2 || lead == Lead::Vex3) return read_vex(lead);
        note_prefix(lead, byte);
        rex_ = 0;
        into_.rex = false;
    }
    return false;
}

void Decoding::note_prefix(Lead lead, u8 byte) {
    switch (lead) {
        case Lead::Segment:
            // Ignored in 64-bit code, where an earlier FS or GS stays in force.
            if (!bits64()) override_ = static_cast<SegReg>((byte >> 3) & 3);
            return;
        case Lead::FsGs: override_ = static_cast<SegReg>(byte & 7); return;
        case Lead::OperandSize: into_.operand_size_prefix = true; return;
        case Lead::AddressSize: address_prefix_ = true; return;
        case Lead::Lock: into_.lock = true; return;
        case Lead::Rep: into_.rep = byte == 0xf3 ? RepPrefix::Rep : RepPrefix::Repne; return;
        case Lead::Opcode:
        case Lead::Rex:
        case Lead::Escape:
        case Lead::Vex2:
        case Lead::Vex3: break;
    }
    UNREACHABLE();
}

bool Decoding::read_escape() {
    into_.map = 1;
    if (!take(into_.opcode)) return false;
    switch (into_.opcode) {
        case 0x38: into_.map = 2; break;
        case 0x3a: into_.map = 3; break;
        // Nothing is behind these, but they are fetched as if there were.
        case 0x39:
        case 0x3c:
        case 0x3d: into_.map = 2, invalid_ = true; break;
        case 0x3b:
        case 0x3e:
        case 0x3f: into_.map = 3, invalid_ = true; break;
        default: return true;
    }
    return take(into_.opcode);
}

/// C4 and C5 are LES and LDS outside 64-bit code when what follows is a ModRM with a memory
/// operand.
bool Decoding::read_vex(Lead lead) {
    if (!bits64()) {
        if (!available(1)) return false;
        if (*at_ < 0xc0) {
            into_.opcode = at_[-1];
            return true;
        }
    }
    invalid_ = into_.lock || into_.operand_size_prefix || into_.rep != RepPrefix::None || into_.rex;
    into_.vex = true;
    u8 first = 0;
    u8 last = 0;
    if (!take(first)) return false;
    if (lead == Lead::Vex2) {
        last = first & 0x7f;
        into_.map = 1;
        rex_ = (first & 0x80) != 0 ? 0 : 4;
    } else {
        into_.map = first & 0x1f;
        if ((into_.map & 3) == 0) {
            --at_;  // See decode().
            return true;
        }
        if (!take(last)) return false;
        rex_ = static_cast<u8>((~first >> 5 & 7) | (last & 0x80) >> 4);
    }
    vex_prefix_ = last & 3;
    into_.vex_256 = (last & 4) != 0;
    raw_vvvv_ = ~(last >> 3) & 0xf;
    into_.vvvv = raw_vvvv_;
    if (!bits64()) {
        rex_ &= 8;
        into_.vvvv &= 7;
    }
    return take(into_.opcode);
}

void Decoding::settle_segment(u8 base) {
    const bool stack = base == static_cast<u8>(Gpr::Rsp) || base == static_cast<u8>(Gpr::Rbp);
    into_.segment = override_.value_or(stack ? SegReg::Ss : SegReg::Ds);
}

bool Decoding::read_displacement(usize bytes) {
    if (bytes == 0) return true;
    u64 value = 0;
    if (!take_bytes(bytes, value)) return false;
    into_.displacement = static_cast<i32>(extended(value, bytes));
    return true;
}

bool Decoding::read_address_16(u8 mod) {
    const u8 rm = into_.mod_rm & 7;
    const bool absolute = mod == 0 && rm == 6;
    if (!absolute) {
        into_.base = base_16[rm];
        into_.index = index_16[rm];
    }
    settle_segment(into_.base);
    return read_displacement(absolute ? 2 : mod);
}

bool Decoding::read_address(u8 mod) {
    u8 base = into_.mod_rm & 7;
    const bool sib = base == 4;
    if (sib) {
        u8 byte = 0;
        if (!take(byte)) return false;
        into_.scale = byte >> 6;
        raw_index_ = static_cast<u8>(((byte >> 3) & 7) | (rex_ & 2) << 2);
        if (raw_index_ != 4) into_.index = raw_index_;
        base = byte & 7;
    }
    const bool absolute = mod == 0 && base == 5;
    if (!absolute) {
        into_.base = static_cast<u8>(base | (rex_ & 1) << 3);
    } else {
        into_.rip_relative = bits64() && !sib;
    }
    settle_segment(into_.base);
    return read_displacement(absolute || mod == 2 ? 4 : mod);
}

bool Decoding::read_mod_rm(const OpcodeEntry& entry) {
    if (!take(into_.mod_rm)) return false;
    if (entry.ignores_mod) into_.mod_rm |= 0xc0;
    into_.reg = static_cast<u8>(((into_.mod_rm >> 3) & 7) | (rex_ & 4) << 1);
    into_.rm = static_cast<u8>((into_.mod_rm & 7) | (rex_ & 1) << 3);
    const u8 mod = into_.mod_rm >> 6;
    if (mod == 3) return true;
    return into_.address_size == 2 ? read_address_16(mod) : read_address(mod);
}

u32 Decoding::key_of() const {
    u32 prefix = vex_prefix_;
    if (!into_.vex) {
        prefix = into_.operand_size_prefix ? 1 : 0;
        if (into_.rep != RepPrefix::None) prefix = into_.rep == RepPrefix::Rep ? 2 : 3;
    }
    u32 value = prefix << key::PrefixShift;
    value |= ((into_.mod_rm >> 3) & 7u) << key::RegShift;
    value |= (into_.mod_rm & 7u) << key::RmShift;
    if (into_.mod_rm >= 0xc0) value |= key::Register;
    if (into_.rex_w) value |= key::W;
    if (into_.vex_256) value |= key::L;
    if (bits64()) value |= key::Bits64;
    if ((rex_ & 1) != 0) value |= key::RexB;
    return value;
}

u8 Decoding::operand_size_of(const Candidate& candidate) const {
    if (!bits64()) return into_.operand_size;
    if (candidate.force64) return 8;
    if (candidate.default64 && into_.operand_size == 4) return 8;
    return into_.operand_size;
}

const Candidate* Decoding::choose(std::span<const Candidate> candidates) const {
    const u32 value = key_of();
    for (const Candidate& each : candidates) {
        if ((value & each.mask) != each.value) continue;
        if (!each.conditional) return &each;
        if (each.operand_size != 0 && each.operand_size != operand_size_of(each)) continue;
        if (each.address_size != 0 && each.address_size != into_.address_size) continue;
        if (features_.has(each.feature)) return &each;
    }
    return nullptr;
}

bool Decoding::registers_exist(const Candidate& candidate) {
    if (candidate.segment_register) {
        into_.reg &= 7;
        const bool loads_cs = candidate.loads_segment && into_.reg == 1;
        return into_.reg <= static_cast<u8>(SegReg::Gs) && !loads_cs;
    }
    if (candidate.control_register) {
        return into_.reg == 0 || (into_.reg >= 2 && into_.reg <= 4) || into_.reg == 8;
    }
    if (candidate.debug_register) return into_.reg < 8;
    if (candidate.mmx_reg) into_.reg &= 7;
    if (candidate.mmx_rm && into_.mod_rm >= 0xc0) into_.rm &= 7;
    return true;
}

/// There must be a SIB byte, and a gather's three registers must differ (SDM 2A 2.3.12; 2C,
/// VPGATHERDD).
bool Decoding::settle_vsib() {
    if (raw_index_ == no_register) return false;
    into_.index = raw_index_;
    return into_.reg != into_.index && into_.reg != into_.vvvv && into_.index != into_.vvvv;
}

bool Decoding::allowed(const Candidate& candidate) {
    if (into_.lock && !(candidate.lockable && into_.is_memory())) return false;
    if (into_.vex && candidate.no_vvvv && raw_vvvv_ != 0) return false;
    if (!candidate.special) return true;
    if (candidate.vsib && !settle_vsib()) return false;
    return registers_exist(candidate);
}

bool Decoding::read_trailer(Trailer trailer) {
    if (trailer == Trailer::None) return true;
    const bool offset = trailer == Trailer::Offset;
    const TrailerShape shape = trailer_shapes[static_cast<u8>(trailer)];
    const u8 size = offset ? into_.address_size : into_.operand_size;
    if (const u8 bytes = shape.first[size / 4]; bytes != 0) {
        u64 value = 0;
        if (!take_bytes(bytes, value)) return false;
        const u64 mask = ~u64{0} >> (64 - 8 * bytes);
        into_.immediate = shape.sign ? static_cast<u64>(extended(value, bytes)) : value & mask;
    }
    if (shape.second == 0) return true;
    u64 value = 0;
    if (!take_bytes(shape.second, value)) return false;
    into_.second_immediate = static_cast<u16>(shape.second == 1 ? value & 0xff : value);
    // Outside 64-bit code there are eight registers for is4 to name.
    if (trailer == Trailer::Is4 && !bits64()) into_.second_immediate &= 0x7f;
    return true;
}

/// #UD, but not before all bytes have been fetched that make up its length. Intel's processors take
/// the map modulo 4 for that, and in map 1 what follows the opcode without VEX (measured on a
/// Sapphire Rapids, at the end of a page, for all maps and opcodes).
DecodeStatus Decoding::unknown_vex(const FormTable& table) {
    const u8 map = into_.map & 3;
    const OpcodeEntry& plain = table.entry(false, map, into_.opcode);
    OpcodeEntry shape{};
    shape.mod_rm = map != 1 || plain.mod_rm;
    shape.trailer = map == 1 ? plain.trailer : map == 3 ? Trailer::Ib : Trailer::None;
    if (shape.mod_rm && !read_mod_rm(shape)) return shortage_;
    return read_trailer(shape.trailer) ? DecodeStatus::Invalid : shortage_;
}

DecodeStatus Decoding::decode() {
    if (!read_prefixes()) return shortage_;

    const CodeMode mode = into_.mode;
    const bool wide_operand = (mode == CodeMode::Bits16) == into_.operand_size_prefix;
    into_.rex_w = (rex_ & 8) != 0;
    into_.operand_size = wide_operand ? 4 : 2;
    if (into_.rex_w && bits64()) into_.operand_size = 8;
    if (bits64()) {
        into_.address_size = address_prefix_ ? 4 : 8;
    } else {
        into_.address_size = (mode == CodeMode::Bits16) == address_prefix_ ? 4 : 2;
    }

    // Without an opcode map it is as long as the LES that C4 once was (measured as above).
    if (into_.vex && (into_.map & 3) == 0) {
        return read_mod_rm({.mod_rm = true}) ? DecodeStatus::Invalid : shortage_;
    }
    const FormTable& table = FormTable::instance();
    const OpcodeEntry& entry = table.entry(into_.vex, into_.map & 3, into_.opcode);
    if (into_.map > 3 || (into_.vex && table.candidates(entry).empty())) return unknown_vex(table);
    if (entry.mod_rm) {
        if (!read_mod_rm(entry)) return shortage_;
    } else {
        into_.mod_rm = 0xc0;
        into_.rm = static_cast<u8>((into_.opcode & 7) | (rex_ & 1) << 3);
    }
    if (into_.mod_rm >= 0xc0) into_.segment = override_.value_or(SegReg::Ds);

    const Candidate* const chosen = choose(table.candidates(entry));
    if (chosen == nullptr) return read_trailer(entry.trailer) ? DecodeStatus::Invalid : shortage_;
    into_.form = chosen->form;
    into_.operand_size = operand_size_of(*chosen);
    if (!read_trailer(chosen->trailer)) return shortage_;
    if (chosen->trailer == Trailer::Offset) into_.mod_rm = 0;
    if (invalid_ || !allowed(*chosen)) return DecodeStatus::Invalid;
    return DecodeStatus::Ok;
}

}  // namespace

/// Flattened, so that the state of the decoding lives in registers: half the time.
[[gnu::flatten]] DecodeStatus decode(std::span<const u8> bytes, CodeMode mode,
                                     const FeatureSet& features, Instruction& into) {
    return Decoding(bytes, mode, features, into).run();
}

u32 operand_bytes(const Instruction& instruction, const Operand& operand) {
    const u32 vector = instruction.vex_256 ? 32 : 16;
    const bool bits64 = instruction.mode == CodeMode::Bits64;
    switch (operand.size) {
        case OperandSize::None: return 0;
        case OperandSize::Byte: return 1;
        case OperandSize::Word: return 2;
        case OperandSize::Dword: return 4;
        case OperandSize::Qword: return 8;
        case OperandSize::Dqword: return 16;
        case OperandSize::Qqword: return 32;
        case OperandSize::V: return instruction.operand_size;
        case OperandSize::Z: return std::min<u32>(instruction.operand_size, 4);
        case OperandSize::Y: return instruction.rex_w && bits64 ? 8 : 4;
        case OperandSize::P: return instruction.operand_size + 2u;
        case OperandSize::X: return vector;
        case OperandSize::Half: return vector / 2;
        case OperandSize::Quarter: return vector / 4;
        case OperandSize::Eighth: return vector / 8;
        case OperandSize::Tbyte: return 10;
        case OperandSize::S: return bits64 ? 10 : 6;
    }
    return 0;
}

}  // namespace cpu
