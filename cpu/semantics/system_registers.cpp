// SPDX-License-Identifier: BSD-2-Clause
//
// Control, debug and descriptor-table registers; invalidation of translations.
#include <array>

#include "cpu/arch/paging.hpp"
#include "cpu/core/control_register_writes.hpp"
#include "cpu/core/debug.hpp"
#include "cpu/mmu/translation_control.hpp"
#include "cpu/semantics/operands.hpp"
#include "cpu/semantics/semantics.hpp"

namespace cpu::semantics {

namespace {

bool in_64_bit_code(const Instruction& instruction) { return instruction.mode == CodeMode::Bits64; }

/// MOV to and from control and debug registers has the size of the mode, whatever the prefixes say.
u64 read_whole_gpr(const Vcpu& vcpu, const Instruction& instruction) {
    const u64 value = vcpu.state.gpr[instruction.rm];
    return in_64_bit_code(instruction) ? value : static_cast<u32>(value);
}
void write_whole_gpr(Vcpu& vcpu, const Instruction& instruction, u64 value) {
    vcpu.state.gpr[instruction.rm] = in_64_bit_code(instruction) ? value : static_cast<u32>(value);
}

/// SDM 3A 2.5, CR4.UMIP.
bool hidden_from_user(const Vcpu& vcpu) {
    return vcpu.state.cpl != 0 && (vcpu.state.cr4 & cr4::UMIP);
}

/// #UD for DR4 and DR5 under CR4.DE; #DB where DR7.GD guards the registers (SDM 3B 18.2.2, 18.2.4).
Step check_debug_access(Vcpu& vcpu, u8 number) {
    const bool alias = number == 4 || number == 5;
    if (number > 7 || (alias && (vcpu.state.cr4 & cr4::DE))) return vcpu.raise(Vector::UD);
    if (vcpu.state.dr7 & dr7::GD) {
        vcpu.exception = {.vector = Vector::DB, .dr6 = dr6::BD};
        return Step::Fault;
    }
    return Step::Next;
}

/// The image of a descriptor-table register: limit, then base.
constexpr usize image_bytes(bool long_form) { return long_form ? 10 : 6; }

Step store_table(Vcpu& vcpu, const Instruction& instruction, const TableRegister& table) {
    if (hidden_from_user(vcpu)) return vcpu.raise(Vector::GP, 0);
    const usize size = image_bytes(in_64_bit_code(instruction));
    std::array<u8, 10> image;
    std::memcpy(image.data(), &table.limit, 2);
    std::memcpy(image.data() + 2, &table.base, 8);
    const auto linear = linear_address_at_any_alignment(
        vcpu, instruction.segment, effective_offset(vcpu, instruction), size, Access::Write);
    // In doublewords (SDM 3A table 6-7).
    if (!linear || alignment_fault(vcpu, *linear, 4)) return Step::Fault;
    const bool done =
        write_linear(vcpu, *linear, std::span(image).first(size), data_privilege(vcpu));
    return done ? Step::Next : Step::Fault;
}

Step load_table(Vcpu& vcpu, const Instruction& instruction, TableRegister& table) {
    const usize size = image_bytes(in_64_bit_code(instruction));
    std::array<u8, 10> image{};
    const auto linear = linear_address(vcpu, instruction.segment,
                                       effective_offset(vcpu, instruction), size, Access::Read);
    if (!linear) return Step::Fault;
    if (!read_linear(vcpu, *linear, std::span(image).first(size), data_privilege(vcpu))) {
        return Step::Fault;
    }
    TableRegister loaded;
    std::memcpy(&loaded.limit, image.data(), 2);
    std::memcpy(&loaded.base, image.data() + 2, 8);
    if (!in_64_bit_code(instruction) && instruction.operand_size == 2) loaded.base &= 0xff'ffff;
    if (!is_canonical(loaded.base)) return vcpu.raise(Vector::GP, 0);
    table = loaded;
    return Step::Next;
}

struct InvpcidDescriptor {
    u64 pcid = 0;
    u64 linear = 0;
};

/// SDM 2A INVPCID.
bool valid(const Vcpu& vcpu, u64 type, const InvpcidDescriptor& descriptor) {
    if (type > 3 || (descriptor.pcid >> 12) != 0) return false;
    const bool tagged = (vcpu.state.cr4 & cr4::PCIDE) != 0;
    if (type <= 1 && !tagged && descriptor.pcid != 0) return false;
    return type != 0 || is_canonical(descriptor.linear);
}

}  // namespace

Step mov_from_cr(Vcpu& vcpu, const Instruction& instruction) {
    const CpuState& state = vcpu.state;
    u64 value = 0;
    switch (instruction.reg) {
        case 0: value = state.cr0; break;
        case 2: value = state.cr2; break;
        case 3: value = state.cr3; break;
        case 4: value = state.cr4; break;
        case 8: value = state.cr8; break;
        default: return vcpu.raise(Vector::UD);
    }
    write_whole_gpr(vcpu, instruction, value);
    return Step::Next;
}

Step mov_to_cr(Vcpu& vcpu, const Instruction& instruction) {
    const u64 value = read_whole_gpr(vcpu, instruction);
    switch (instruction.reg) {
        case 0: return write_cr0(vcpu, value);
        case 2: vcpu.state.cr2 = value; return Step::Next;
        case 3: return write_cr3(vcpu, value);
        case 4: return write_cr4(vcpu, value);
        case 8: return write_cr8(vcpu, value);
        default: return vcpu.raise(Vector::UD);
    }
}

Step mov_from_dr(Vcpu& vcpu, const Instruction& instruction) {
    const Step allowed = check_debug_access(vcpu, instruction.reg);
    if (allowed != Step::Next) return allowed;
    write_whole_gpr(vcpu, instruction, read_debug_register(vcpu, instruction.reg));
    return Step::Next;
}

Step mov_to_dr(Vcpu& vcpu, const Instruction& instruction) {
    const Step allowed = check_debug_access(vcpu, instruction.reg);
    if (allowed != Step::Next) return allowed;
    return write_debug_register(vcpu, instruction.reg, read_whole_gpr(vcpu, instruction));
}

/// PE, MP, EM and TS; PE can be set but not cleared.
Step lmsw(Vcpu& vcpu, const Instruction& instruction) {
    constexpr u64 reached = cr0::PE | cr0::MP | cr0::EM | cr0::TS;
    const auto word = read_operand<u16>(vcpu, instruction, 0);
    if (!word) return Step::Fault;
    const u64 kept = vcpu.state.cr0 & (~reached | cr0::PE);
    return write_cr0(vcpu, kept | (*word & reached));
}

Step smsw(Vcpu& vcpu, const Instruction& instruction) {
    if (hidden_from_user(vcpu)) return vcpu.raise(Vector::GP, 0);
    const u32 size = instruction.is_memory() ? 2 : instruction.operand_size;
    return for_operand_size(size, [&]<class T>() {
        const auto value = static_cast<T>(vcpu.state.cr0);
        return write_operand<T>(vcpu, instruction, 0, value) ? Step::Next : Step::Fault;
    });
}

Step clts(Vcpu& vcpu, const Instruction&) {
    if (vcpu.state.cr0 & cr0::TS) vcpu.attention |= attention::StateChanged;
    vcpu.state.cr0 &= ~cr0::TS;
    return Step::Next;
}

Step lgdt(Vcpu& vcpu, const Instruction& instruction) {
    return load_table(vcpu, instruction, vcpu.state.gdtr);
}
Step lidt(Vcpu& vcpu, const Instruction& instruction) {
    return load_table(vcpu, instruction, vcpu.state.idtr);
}
Step sgdt(Vcpu& vcpu, const Instruction& instruction) {
    return store_table(vcpu, instruction, vcpu.state.gdtr);
}
Step sidt(Vcpu& vcpu, const Instruction& instruction) {
    return store_table(vcpu, instruction, vcpu.state.idtr);
}

/// No segment check: what is not an address translates to nothing that could be cached.
Step invlpg(Vcpu& vcpu, const Instruction& instruction) {
    u64 linear = effective_offset(vcpu, instruction);
    const bool flat = in_64_bit_code(instruction) && instruction.segment != SegReg::Fs &&
                      instruction.segment != SegReg::Gs;
    if (!flat) linear += vcpu.state.segment(instruction.segment).base;
    if (!in_64_bit_code(instruction)) linear = static_cast<u32>(linear);
    if (is_canonical(linear)) flush_page(vcpu, linear);
    return Step::Next;
}

Step invpcid(Vcpu& vcpu, const Instruction& instruction) {
    u64 type = vcpu.state.gpr[instruction.reg];
    if (!in_64_bit_code(instruction)) type = static_cast<u32>(type);
    const auto descriptor =
        read<InvpcidDescriptor>(vcpu, instruction.segment, effective_offset(vcpu, instruction));
    if (!descriptor) return Step::Fault;
    if (!valid(vcpu, type, *descriptor)) return vcpu.raise(Vector::GP, 0);
    invalidate_pcid(vcpu, type, static_cast<u16>(descriptor->pcid), descriptor->linear);
    return Step::Next;
}

}  // namespace cpu::semantics
