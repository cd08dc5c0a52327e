// SPDX-License-Identifier: BSD-2-Clause
#include "tests/cpu/decode/oracle/field_comparison.hpp"

#include <algorithm>
#include <cctype>
#include <optional>

#include "cpu/decode/decoder.hpp"

namespace test::decode {

namespace {

using cpu::Operand;
using cpu::OperandKind;

struct Alias {
    std::string_view ours;
    std::string_view zydis;
};

// clang-format off
/// Names that differ by more than a suffix for the operand size.
constexpr Alias aliases[] = {
    {"CBW", "CWDE"}, {"CBW", "CDQE"}, {"CWD", "CDQ"}, {"CWD", "CQO"}, {"RETF", "RET"},
    {"JCXZ", "JECXZ"}, {"JCXZ", "JRCXZ"},
    {"FNENI", "FENI8087_NOP"}, {"FNDISI", "FDISI8087_NOP"}, {"FNSETPM", "FSETPM287_NOP"},
    {"FSTP", "FSTPNCE"},
    {"VMOVD", "VMOVQ"}, {"MOVD", "MOVQ"}, {"PEXTRD", "PEXTRQ"}, {"PINSRD", "PINSRQ"},
    {"VPEXTRD", "VPEXTRQ"}, {"VPINSRD", "VPINSRQ"},
    // Only PREFETCHW does anything in our models, and nothing that shows.
    {"NOP", "PREFETCH"}, {"NOP", "PREFETCHWT1"}, {"NOP", "PREFETCHW"},
};
// clang-format on

bool same_name(std::string_view ours, std::string_view zydis) {
    if (zydis.starts_with(ours)) {
        const std::string_view rest = zydis.substr(ours.size());
        for (const std::string_view suffix : {"", "B", "W", "D", "Q", "64"}) {
            if (rest == suffix) return true;
        }
    }
    return std::any_of(std::begin(aliases), std::end(aliases),
                       [&](const Alias& each) { return each.ours == ours && each.zydis == zydis; });
}

std::string mnemonic_of(const ZydisDecodedInstruction& zydis) {
    std::string name = ZydisMnemonicGetString(zydis.mnemonic);
    std::transform(name.begin(), name.end(), name.begin(),
                   [](unsigned char letter) { return static_cast<char>(std::toupper(letter)); });
    return name;
}

u8 register_number(ZydisRegister which) {
    if (which == ZYDIS_REGISTER_NONE) return cpu::no_register;
    return static_cast<u8>(ZydisRegisterGetId(which));
}

std::string memory_difference(const cpu::Instruction& ours, const Operand& operand,
                              const ZydisDecodedOperand& zydis) {
    const auto& memory = zydis.mem;
    const bool rip = memory.base == ZYDIS_REGISTER_RIP || memory.base == ZYDIS_REGISTER_EIP;
    if (rip != ours.rip_relative) return "RIP-relative or not";
    // Zydis 4.0 reads REX.B into an absent base under 67 (SDM 2A table 2-5: it is not decoded).
    const bool no_base = ours.base == cpu::no_register && ours.address_size == 4 && ours.rm >= 8;
    if (!rip && !no_base && register_number(memory.base) != ours.base) return "base register";
    if (register_number(memory.index) != ours.index) return "index register";
    if (memory.index != ZYDIS_REGISTER_NONE && memory.scale != 1u << ours.scale) return "scale";
    const i64 displacement = memory.disp.has_displacement ? memory.disp.value : 0;
    if (!no_base && displacement != ours.displacement) return "displacement";
    // ES CS SS DS FS GS, in this order in both. An address (LEA) has no segment.
    if (cpu::form_of(ours).semantic != cpu::Semantic::lea &&
        register_number(memory.segment) != static_cast<u8>(ours.segment)) {
        return "segment";
    }
    const u32 bytes = cpu::operand_bytes(ours, operand);
    // MOVSXD r16 reads 16 bits (SDM 2B); CLFLUSH and its like name a byte, and mean its line.
    const cpu::Semantic semantic = cpu::form_of(ours).semantic;
    const bool named_otherwise =
        semantic == cpu::Semantic::cache_line ||
        (semantic == cpu::Semantic::movsx && ours.operand_size == 2 && ours.map == 0);
    if (bytes != 0 && !named_otherwise && bytes * 8 != zydis.size) {
        return "memory operand of " + std::to_string(bytes) + " bytes, not of " +
               std::to_string(zydis.size / 8);
    }
    return {};
}

std::optional<u8> register_of(const cpu::Instruction& ours, const Operand& operand) {
    switch (operand.kind) {
        case OperandKind::ModRmGpr:
        case OperandKind::ModRmVector:
        case OperandKind::ModRmMmx:
        case OperandKind::RmGpr:
        case OperandKind::RmVector:
        case OperandKind::RmMmx: return ours.rm;
        case OperandKind::RegGpr:
        case OperandKind::RegVector:
        case OperandKind::RegMmx:
        case OperandKind::SegmentRegister:
        case OperandKind::ControlRegister:
        case OperandKind::DebugRegister: return ours.reg;
        case OperandKind::VvvvGpr:
        case OperandKind::VvvvVector: return ours.vvvv;
        case OperandKind::ImmediateVector: return static_cast<u8>(ours.second_immediate >> 4);
        case OperandKind::St0: return u8{0};
        case OperandKind::StI: return static_cast<u8>(ours.rm & 7);
        case OperandKind::FixedSegment: return operand.fixed;
        default: return std::nullopt;
    }
}

bool is_gpr(OperandKind kind) {
    return kind == OperandKind::ModRmGpr || kind == OperandKind::RegGpr ||
           kind == OperandKind::RmGpr || kind == OperandKind::VvvvGpr;
}

/// As Zydis numbers byte registers: AL to BL, AH to BH, SPL to DIL, R8B to R15B.
u8 byte_register_number(u8 number, bool rex) {
    if (number < 4 || (number < 8 && !rex)) return number;
    return static_cast<u8>(number + 4);
}

std::string register_difference(const cpu::Instruction& ours, const Operand& operand,
                                const ZydisDecodedOperand& zydis) {
    const auto number = register_of(ours, operand);
    if (!number) return {};
    const u32 bytes = cpu::operand_bytes(ours, operand);
    const bool byte = is_gpr(operand.kind) && bytes == 1;
    const u8 expected = byte ? byte_register_number(*number, ours.rex) : *number;
    if (register_number(zydis.reg.value) != expected) return "register";
    // Zero-extended to 64 bits, or only 16 bits of it looked at: a matter of words.
    const cpu::Semantic semantic = cpu::form_of(ours).semantic;
    const bool wider = operand.size == cpu::OperandSize::Dword && zydis.size == 64;
    if (wider || semantic == cpu::Semantic::lsl || semantic == cpu::Semantic::lar) return {};
    if (is_gpr(operand.kind) && bytes * 8 != zydis.size) {
        return "register operand of " + std::to_string(bytes) + " bytes, not of " +
               std::to_string(zydis.size / 8);
    }
    return {};
}

std::string immediate_difference(const cpu::Instruction& ours, const Operand& operand,
                                 const ZydisDecodedOperand& zydis) {
    if (operand.kind == OperandKind::FixedOne) return {};
    const bool second = operand.size == cpu::OperandSize::Byte &&
                        cpu::form_of(ours).semantic == cpu::Semantic::enter;
    const u64 value = second ? ours.second_immediate : ours.immediate;
    // How far sign extension goes is not told; what the operation uses is.
    const Operand& target = cpu::form_of(ours).operands[0];
    const u32 named = is_gpr(target.kind) || target.kind == OperandKind::FixedGpr
                          ? cpu::operand_bytes(ours, target)
                          : ours.operand_size;
    const u64 mask = named == 8 ? ~u64{0} : (u64{1} << (8 * named)) - 1;
    if (((value ^ zydis.imm.value.u) & mask) != 0) return "immediate";
    return {};
}

std::string operand_difference(const cpu::Instruction& ours, const Operand& operand,
                               const ZydisDecodedOperand& zydis) {
    switch (zydis.type) {
        case ZYDIS_OPERAND_TYPE_MEMORY:
            if (operand.kind == OperandKind::SourceString ||
                operand.kind == OperandKind::TargetString || operand.kind == OperandKind::Offset) {
                const u32 bytes = cpu::operand_bytes(ours, operand);
                return bytes * 8 == zydis.size ? "" : "size of an implicit memory operand";
            }
            return memory_difference(ours, operand, zydis);
        case ZYDIS_OPERAND_TYPE_REGISTER: return register_difference(ours, operand, zydis);
        case ZYDIS_OPERAND_TYPE_IMMEDIATE: return immediate_difference(ours, operand, zydis);
        default: return {};
    }
}

/// Whether the rest of a register counts as read is for each table to say, as for a BSF of zero.
bool part_of_register(const Operand& operand) {
    return operand.kind == OperandKind::RegVector && operand.written;
}

bool keeps_on_zero(cpu::Semantic semantic) {
    return semantic == cpu::Semantic::bsf || semantic == cpu::Semantic::bsr;
}

std::string action_difference(const Operand& operand, const ZydisDecodedOperand& zydis,
                              usize which) {
    // What may stay as it was is read by our table; an address is not by Zydis.
    const bool conditional = (zydis.actions & ZYDIS_OPERAND_ACTION_CONDWRITE) != 0;
    const bool address = operand.size == cpu::OperandSize::None;
    if (conditional || address || operand.kind == OperandKind::StI) return {};
    const bool read = (zydis.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
    const bool written = (zydis.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
    if (operand.read == read && operand.written == written) return {};
    if (part_of_register(operand)) return {};
    return "operand " + std::to_string(which) + " is " + (read ? "read " : "") +
           (written ? "written" : "") + " says Zydis";
}

}  // namespace

std::string field_difference(const cpu::Instruction& ours, const ZydisDecodedInstruction& zydis,
                             std::span<const ZydisDecodedOperand> operands) {
    const cpu::Form& form = cpu::form_of(ours);
    if (!same_name(form.mnemonic, mnemonic_of(zydis))) {
        return "Zydis calls it " + mnemonic_of(zydis);
    }
    // Zydis hides the operands of string instructions; not all hint no-operations have operands
    // for it, and some still have those of MPX.
    if (form.semantic == cpu::Semantic::nop || form.has(cpu::attribute::String)) return {};
    const auto visible = std::count_if(operands.begin(), operands.end(), [](const auto& each) {
        return each.visibility != ZYDIS_OPERAND_VISIBILITY_HIDDEN;
    });
    usize at = 0;
    for (const ZydisDecodedOperand& each : operands) {
        if (each.visibility == ZYDIS_OPERAND_VISIBILITY_HIDDEN) continue;
        if (at >= form.operand_count) return "Zydis has more operands";
        // Zydis leaves ST0 out where assemblers do.
        const bool silent = form.operands[at].kind == OperandKind::St0;
        if (silent && visible < form.operand_count) ++at;
        const Operand& operand = form.operands[at];
        std::string what = operand_difference(ours, operand, each);
        if (what.empty() && !keeps_on_zero(form.semantic)) {
            what = action_difference(operand, each, at);
        }
        if (!what.empty()) return what;
        ++at;
    }
    if (at < form.operand_count) return "Zydis has fewer operands";
    return {};
}

}  // namespace test::decode
