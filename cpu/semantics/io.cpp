// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/semantics/io.hpp"
#include "cpu/core/device_access.hpp"

#include <algorithm>

#include "cpu/core/debug.hpp"
#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"

namespace cpu::semantics {

namespace {

constexpr u8 rax = static_cast<u8>(Gpr::Rax);

/// Where the TSS says the bitmap begins (SDM 3A figure 8-2; the 64-bit TSS has it there too).
constexpr u32 bitmap_base_field = 102;
constexpr u32 smallest_tss_limit = 103;

bool refuse(Vcpu& vcpu) {
    (void)vcpu.raise(Vector::GP, 0);
    return false;
}

bool has_bitmap(const Segment& tss) {
    const auto type = static_cast<SystemType>(tss.type());
    const bool is_32_bit = type == SystemType::TssAvailable || type == SystemType::TssBusy;
    return tss.usable() && is_32_bit && tss.limit >= smallest_tss_limit;
}

/// Two bytes of the bitmap are always read, as a run of ports may cross from one to the next: hence
/// the byte of ones that has to follow it.
bool bitmap_allows(Vcpu& vcpu, u16 port, u32 size) {
    const Segment& tss = vcpu.state.tr;
    if (!has_bitmap(tss)) return refuse(vcpu);
    const Privilege who = system_privilege(vcpu);
    const auto base = read_linear_as<u16>(vcpu, tss.base + bitmap_base_field, who);
    if (!base) return false;
    const u32 offset = *base + port / 8u;
    if (offset + 1 > tss.limit) return refuse(vcpu);
    const auto bits = read_linear_as<u16>(vcpu, tss.base + offset, who);
    if (!bits) return false;
    const u32 mask = ((1u << size) - 1) << (port % 8);
    return (*bits & mask) == 0 || refuse(vcpu);
}

/// The operand that is not the port: AL, AX or EAX. REX.W does not make it wider.
u32 data_size(const Instruction& instruction, usize which) {
    return std::min(size_of_operand(instruction, which), u32{4});
}

u16 port_of(const Vcpu& vcpu, const Instruction& instruction, usize which) {
    if (detail::is_immediate(form_of(instruction).operands[which].kind)) {
        return instruction.immediate & 0xff;
    }
    return static_cast<u16>(vcpu.state.reg(Gpr::Rdx));
}

}  // namespace

bool io_allowed(Vcpu& vcpu, u16 port, u32 size) {
    const bool trusted =
        !vcpu.protected_mode() || (!vcpu.virtual_8086() && vcpu.state.cpl <= vcpu.iopl());
    return trusted || bitmap_allows(vcpu, port, size);
}

u32 read_port(Vcpu& vcpu, u16 port, u32 size) {
    note_io_breakpoint(vcpu, port, size);
    return static_cast<u32>(read_device(vcpu, vcpu.ports.io_ports, port, size));
}

void write_port(Vcpu& vcpu, u16 port, u32 size, u32 value) {
    note_io_breakpoint(vcpu, port, size);
    write_device(vcpu, vcpu.ports.io_ports, port, size, value);
}

Step in(Vcpu& vcpu, const Instruction& instruction) {
    const u32 size = data_size(instruction, 0);
    const u16 port = port_of(vcpu, instruction, 1);
    if (!io_allowed(vcpu, port, size)) return Step::Fault;
    const u32 value = read_port(vcpu, port, size);
    return for_operand_size(size, [&]<class T>() {
        write_gpr<T>(vcpu.state, rax, false, static_cast<T>(value));
        return Step::Next;
    });
}

Step out(Vcpu& vcpu, const Instruction& instruction) {
    const u32 size = data_size(instruction, 1);
    const u16 port = port_of(vcpu, instruction, 0);
    if (!io_allowed(vcpu, port, size)) return Step::Fault;
    return for_operand_size(size, [&]<class T>() {
        write_port(vcpu, port, size, static_cast<u32>(read_gpr<T>(vcpu.state, rax, false)));
        return Step::Next;
    });
}

}  // namespace cpu::semantics
