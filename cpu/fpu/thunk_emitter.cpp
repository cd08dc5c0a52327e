// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/thunk_emitter.hpp"

#include <cstddef>
#include <optional>

#include "cpu/arch/cpu_state.hpp"
#include "cpu/fpu/host_features.hpp"
#include "fabric/support/verify.hpp"

namespace cpu {

void ThunkCode::byte(u8 value) {
    VERIFY(size_ < bytes_.size());
    bytes_[size_++] = value;
}

void ThunkCode::u32_le(u32 value) {
    for (int shift = 0; shift < 32; shift += 8) byte(static_cast<u8>(value >> shift));
}

namespace {

constexpr u8 host_rax = 0;
constexpr u8 host_rcx = 1;
constexpr u8 host_rdx = 2;
constexpr u8 memory_register = 6;  // RSI

// Vector operands by their place in the encoding. XMM0 is left to implicit operands.
constexpr u8 host_reg = 1;
constexpr u8 host_rm = 2;
constexpr u8 host_vvvv = 3;
constexpr u8 host_is4 = 4;

constexpr u8 guest_rax = 0;
constexpr u8 guest_rcx = 1;
constexpr u8 guest_rdx = 2;

enum class Mandatory : u8 { None, OperandSize, Repe, Repne };  // As VEX.pp numbers them.

/// From the row's encoding: a word of its own, or part of the VEX word.
Mandatory mandatory_prefix(std::string_view encoding) {
    if (encoding.starts_with("VEX.")) {
        if (encoding.find(".66.") != encoding.npos) return Mandatory::OperandSize;
        if (encoding.find(".F3.") != encoding.npos) return Mandatory::Repe;
        if (encoding.find(".F2.") != encoding.npos) return Mandatory::Repne;
        return Mandatory::None;
    }
    if (encoding.starts_with("66 ")) return Mandatory::OperandSize;
    if (encoding.starts_with("F3 ")) return Mandatory::Repe;
    if (encoding.starts_with("F2 ")) return Mandatory::Repne;
    return Mandatory::None;
}

bool is_string_comparison(const Instruction& instruction) {
    return instruction.map == 3 && (instruction.opcode & 0xfc) == 0x60;
}

/// Legacy BLENDV and SHA256RNDS2.
bool reads_xmm0(const Instruction& instruction) {
    if (instruction.vex || instruction.map != 2) return false;
    return instruction.opcode == 0x10 || instruction.opcode == 0x14 || instruction.opcode == 0x15 ||
           instruction.opcode == 0xcb;
}

u32 vector_offset(u8 number) {
    return static_cast<u32>(offsetof(CpuState, vector) + number * sizeof(VectorRegister));
}

u32 gpr_offset(u8 number) {
    return static_cast<u32>(offsetof(CpuState, gpr) + number * sizeof(u64));
}

/// A vector register of the guest and the host register that stands for it.
struct VectorPlace {
    u8 host;
    u8 guest;
};

class Emitter {
public:
    explicit Emitter(const Instruction& instruction)
        : instruction_(instruction), form_(form_of(instruction)) {}

    ThunkCode vector_thunk() {
        load_implicit();
        for (usize i = 0; i < form_.operand_count; ++i) load(form_.operands[i]);
        encode();
        for (usize i = 0; i < form_.operand_count; ++i) store(form_.operands[i]);
        store_implicit();
        finish(form_.flags_written != 0);
        return code_;
    }

    ThunkCode x87_thunk() {
        if (form_.flags_read != 0) load_status();
        code_.byte(instruction_.opcode);
        code_.byte(instruction_.is_memory()
                       ? static_cast<u8>((instruction_.mod_rm & 0x38) | memory_register)
                       : instruction_.mod_rm);
        finish((form_.flags_written | form_.flags_undefined) != 0);
        return code_;
    }

private:
    // [rdi + displacement], with the opcode's own bytes already there.
    void state_operand(u8 reg, u32 displacement) {
        code_.byte(static_cast<u8>(0x87 | reg << 3));
        code_.u32_le(displacement);
    }

    void move_vector(u8 opcode, u8 host, u8 guest, bool wide) {
        if (instruction_.vex) {
            code_.bytes({0xc5, wide ? u8{0xfc} : u8{0xf8}, opcode});  // VMOVAPS
        } else {
            code_.bytes({0x0f, opcode});  // MOVAPS
        }
        state_operand(host, vector_offset(guest));
    }
    void load_vector(VectorPlace place) {
        move_vector(0x28, place.host, place.guest, instruction_.vex_256);
    }
    /// A VEX instruction clears what is above its result: the whole register goes back.
    void store_vector(VectorPlace place) {
        move_vector(0x29, place.host, place.guest, instruction_.vex);
    }
    void load_gpr(u8 host, u8 guest) {
        code_.bytes({0x48, 0x8b});
        state_operand(host, gpr_offset(guest));
    }
    /// The 64-bit register: 32-bit results have cleared its upper half.
    void store_gpr(u8 host, u8 guest) {
        code_.bytes({0x48, 0x89});
        state_operand(host, gpr_offset(guest));
    }

    void load_status() {
        code_.bytes({0x0f, 0xb7});  // MOVZX EAX, word
        state_operand(host_rax, offsetof(CpuState, status));
        code_.bytes({0x04, 0x7f, 0x9e});  // ADD AL, 7F: OF; SAHF: the others
    }

    std::optional<VectorPlace> vector_place(const Operand& operand) const {
        switch (operand.kind) {
            case OperandKind::RegVector: return VectorPlace{host_reg, instruction_.reg};
            case OperandKind::ModRmVector:
                if (instruction_.is_memory()) return std::nullopt;
                return VectorPlace{host_rm, instruction_.rm};
            case OperandKind::RmVector: return VectorPlace{host_rm, instruction_.rm};
            case OperandKind::VvvvVector: return VectorPlace{host_vvvv, instruction_.vvvv};
            case OperandKind::ImmediateVector: return VectorPlace{host_is4, is4_register()};
            default: return std::nullopt;
        }
    }

    /// Outside 64-bit code the top bit is not looked at.
    u8 is4_register() const {
        const u8 number = static_cast<u8>(instruction_.second_immediate >> 4) & 15;
        return instruction_.mode == CodeMode::Bits64 ? number : number & 7;
    }

    /// Whether all that is left of the old value after a legacy instruction is nothing.
    static bool overwrites_all(const Operand& operand) {
        return !operand.read &&
               (operand.size == OperandSize::Dqword || operand.size == OperandSize::X);
    }

    void load(const Operand& operand) {
        if (const auto place = vector_place(operand)) {
            const bool merges = !instruction_.vex && operand.written && !overwrites_all(operand);
            if (operand.read || merges) load_vector(*place);
            return;
        }
        if (!operand.read) return;
        if (operand.kind == OperandKind::RegGpr) load_gpr(host_rax, instruction_.reg);
        if (in_rm_gpr(operand)) load_gpr(host_rcx, instruction_.rm);
    }

    void store(const Operand& operand) {
        if (!operand.written) return;
        if (const auto place = vector_place(operand)) store_vector(*place);
        if (operand.kind == OperandKind::RegGpr) store_gpr(host_rax, instruction_.reg);
        if (in_rm_gpr(operand)) store_gpr(host_rcx, instruction_.rm);
    }

    bool in_rm_gpr(const Operand& operand) const {
        return operand.kind == OperandKind::RmGpr ||
               (operand.kind == OperandKind::ModRmGpr && !instruction_.is_memory());
    }

    void load_implicit() {
        if (reads_xmm0(instruction_)) load_vector({0, 0});
        if (is_string_comparison(instruction_) && instruction_.opcode < 0x62) {
            load_gpr(host_rax, guest_rax);
            load_gpr(host_rdx, guest_rdx);
        }
    }

    void store_implicit() {
        if (!is_string_comparison(instruction_)) return;
        if (instruction_.opcode & 1) {
            store_gpr(host_rcx, guest_rcx);
        } else {
            store_vector({0, 0});
        }
    }

    void encode() {
        if (instruction_.vex) {
            encode_vex();
        } else {
            encode_legacy();
        }
        code_.byte(mod_rm());
        encode_immediate();
    }

    void encode_legacy() {
        constexpr std::array<u8, 4> prefixes{0, 0x66, 0xf3, 0xf2};
        const auto prefix = mandatory_prefix(form_.encoding);
        if (prefix != Mandatory::None) code_.byte(prefixes[static_cast<u8>(prefix)]);
        if (wide()) code_.byte(0x48);
        code_.byte(0x0f);
        if (instruction_.map == 2) code_.byte(0x38);
        if (instruction_.map == 3) code_.byte(0x3a);
        code_.byte(instruction_.opcode);
    }

    void encode_vex() {
        const u8 vvvv = names(OperandKind::VvvvVector) ? host_vvvv : 0;
        const auto prefix = static_cast<u8>(mandatory_prefix(form_.encoding));
        code_.byte(0xc4);
        code_.byte(static_cast<u8>(0xe0 | instruction_.map));
        code_.byte(static_cast<u8>((wide() ? 0x80 : 0) | (~vvvv & 15) << 3 |
                                   (instruction_.vex_256 ? 4 : 0) | prefix));
        code_.byte(instruction_.opcode);
    }

    /// W as the guest has it, except that outside 64-bit code it cannot widen a general register.
    bool wide() const {
        if (!instruction_.rex_w) return false;
        if (instruction_.mode == CodeMode::Bits64) return true;
        if (is_string_comparison(instruction_)) return false;  // Lengths in EAX and EDX.
        for (usize i = 0; i < form_.operand_count; ++i) {
            if (form_.operands[i].size == OperandSize::Y) return false;
        }
        return true;
    }

    bool names(OperandKind kind) const {
        for (usize i = 0; i < form_.operand_count; ++i) {
            if (form_.operands[i].kind == kind) return true;
        }
        return false;
    }

    u8 mod_rm() const {
        u8 reg = instruction_.reg & 7;  // An MMX register, or part of the opcode.
        if (names(OperandKind::RegVector)) reg = host_reg;
        if (names(OperandKind::RegGpr)) reg = host_rax;
        if (instruction_.is_memory()) return static_cast<u8>(reg << 3 | memory_register);
        u8 rm = instruction_.rm & 7;
        if (names(OperandKind::ModRmVector) || names(OperandKind::RmVector)) rm = host_rm;
        if (names(OperandKind::ModRmGpr) || names(OperandKind::RmGpr)) rm = host_rcx;
        return static_cast<u8>(0xc0 | reg << 3 | rm);
    }

    void encode_immediate() {
        if (names(OperandKind::Immediate)) code_.byte(static_cast<u8>(instruction_.immediate));
        if (names(OperandKind::ImmediateVector)) {
            code_.byte(static_cast<u8>(host_is4 << 4 | (instruction_.second_immediate & 15)));
        }
    }

    void finish(bool flags) {
        if (flags) {
            code_.bytes({0x9f, 0x0f, 0x90, 0xc0, 0x66, 0x89});  // LAHF; SETO AL; MOV word, AX
            state_operand(host_rax, offsetof(CpuState, status));
        }
        if (instruction_.vex && instruction_.vex_256)
            code_.bytes({0xc5, 0xf8, 0x77});  // VZEROUPPER
        code_.bytes({0x31, 0xc0, 0xc3});      // XOR EAX, EAX; RET
    }

    const Instruction& instruction_;
    const Form& form_;
    ThunkCode code_;
};

}  // namespace

ThunkCode emit_thunk(const Instruction& instruction) {
    Emitter emitter(instruction);
    if (form_of(instruction).semantic == Semantic::x87) return emitter.x87_thunk();
    return emitter.vector_thunk();
}

}  // namespace cpu
