// SPDX-License-Identifier: BSD-2-Clause
//
// The x87 (SDM 1 8). The host's registers compute; what is ours are the pointers to the last
// instruction and operand, and the ways of the environment to and from memory.
#include <array>
#include <cstring>

#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/fpu/native_execution.hpp"
#include "cpu/fpu/x87_environment.hpp"
#include "cpu/fpu/x87_image.hpp"
#include "cpu/semantics/memory_area.hpp"
#include "cpu/semantics/semantics.hpp"

namespace cpu::semantics {

namespace {

constexpr usize registers_size = 80;

/// SDM 1 8.1.8 and 8.1.9: the opcode is kept of instructions with an unmasked error alone, and on
/// processors that say so the data pointer too.
void keep_pointers(Vcpu& vcpu, const Instruction& instruction) {
    X87State& x87 = vcpu.state.x87;
    const bool selectors = !vcpu.has(Feature::NoFcsFds);
    const bool error = x87_error_pending(vcpu);
    x87.instruction_pointer = vcpu.state.rip;
    x87.instruction_selector = selectors ? vcpu.state.segment(SegReg::Cs).selector : u16{0};
    if (error) {
        x87.opcode = static_cast<u16>((instruction.opcode & 7) << 8 | instruction.mod_rm);
    }
    if (instruction.is_memory() && (error || !vcpu.has(Feature::FdpExceptionOnly))) {
        x87.data_pointer = effective_offset(vcpu, instruction);
        x87.data_selector = selectors ? vcpu.state.segment(instruction.segment).selector : u16{0};
    }
}

/// FNENI, FNDISI and FNSETPM are left over from the 8087 and 80287, and do nothing at all.
bool is_left_over(const Instruction& instruction) {
    if (instruction.opcode != 0xdb) return false;
    return instruction.mod_rm == 0xe0 || instruction.mod_rm == 0xe1 || instruction.mod_rm == 0xe4;
}

EnvironmentLayout layout_of(const Vcpu& vcpu, const Instruction& instruction) {
    return {.wide = instruction.operand_size != 2,
            .protected_mode = vcpu.protected_mode() && !vcpu.virtual_8086()};
}

u32 linear_pointer(u16 selector, u64 offset) {
    return (u32{selector} << 4) + static_cast<u32>(offset);
}

/// `image` is what FNSTENV or FNSAVE has just stored on the host.
X87Environment environment_from(const Vcpu& vcpu, const X87Image& image, bool protected_mode) {
    const X87State& x87 = vcpu.state.x87;
    X87Environment result{.control = static_cast<u16>(image.control),
                          .status = static_cast<u16>(image.status),
                          .tags = static_cast<u16>(image.tags),
                          .opcode = x87.opcode};
    if (protected_mode) {
        result.instruction_offset = static_cast<u32>(x87.instruction_pointer);
        result.data_offset = static_cast<u32>(x87.data_pointer);
        result.instruction_selector = x87.instruction_selector;
        result.data_selector = x87.data_selector;
    } else {
        result.instruction_offset =
            linear_pointer(x87.instruction_selector, x87.instruction_pointer);
        result.data_offset = linear_pointer(x87.data_selector, x87.data_pointer);
    }
    return result;
}

void take_pointers(Vcpu& vcpu, const X87Environment& environment) {
    X87State& x87 = vcpu.state.x87;
    const bool selectors = !vcpu.has(Feature::NoFcsFds);
    x87.opcode = environment.opcode;
    x87.instruction_pointer = environment.instruction_offset;
    x87.data_pointer = environment.data_offset;
    x87.instruction_selector = selectors ? environment.instruction_selector : u16{0};
    x87.data_selector = selectors ? environment.data_selector : u16{0};
}

void clear_pointers(X87State& x87) {
    x87.opcode = 0;
    x87.instruction_pointer = x87.data_pointer = 0;
    x87.instruction_selector = x87.data_selector = 0;
}

X87Image host_image(const X87Environment& environment) {
    X87Image image;
    image.control = environment.control;
    image.status = environment.status;
    image.tags = environment.tags;
    return image;
}

using AreaBytes = std::array<u8, 28 + registers_size>;

/// An x87 area as the processor accesses it: an environment of words or doublewords, and perhaps
/// registers of eight and two bytes each.
class X87Area {
public:
    X87Area(Vcpu& vcpu, const Instruction& instruction, usize environment, usize size)
        : vcpu_(vcpu),
          item_(instruction.operand_size == 2 ? 2 : 4),
          environment_(environment),
          size_(size),
          limited_(instruction.mode != CodeMode::Bits64),
          memory_(vcpu, instruction, item_) {}

    /// In the host's order: the first item within the segment (where there are no limits only its
    /// first byte canonical), alignment, the first item's pages, the area's end, and all of it: no
    /// later access faults.
    bool can(Access access) const {
        const auto linear = memory_.place(0, limited_ ? item_ : 1, access);
        if (!linear || alignment_fault(vcpu_, *linear, item_)) return false;
        return memory_.probe(0, item_, access) && memory_.probe(size_ - 1, 1, access) &&
               for_each_piece(
                   [&](usize at, usize size) { return memory_.probe(at, size, access); });
    }
    bool read(std::span<u8> into) const {
        return for_each_piece(
            [&](usize at, usize size) { return memory_.read(at, into.subspan(at, size)); });
    }
    Step write(std::span<const u8> from) const {
        const bool good = for_each_piece(
            [&](usize at, usize size) { return memory_.write(at, from.subspan(at, size)); });
        return good ? Step::Next : Step::Fault;
    }

private:
    /// One piece, but at the end of a 16-bit segment.
    template <class Visit>
    bool for_each_piece(Visit visit) const {
        if (!memory_.wraps(size_)) return visit(0, size_);
        bool good = visit(0, environment_);
        for (usize at = environment_; at < size_ && good; at += 10) {
            good = visit(at, 8) && visit(at + 8, 2);
        }
        return good;
    }

    Vcpu& vcpu_;
    usize item_;
    usize environment_;
    usize size_;
    bool limited_;  // Segments have limits.
    MemoryArea memory_;
};

}  // namespace

Step x87(Vcpu& vcpu, const Instruction& instruction) {
    if (is_left_over(instruction)) return Step::Next;
    const GuestFpScope guest_fp(vcpu);
    if (x87_error_pending(vcpu)) return report_x87_error(vcpu);
    load_x87(vcpu);
    const Step done = execute_natively(vcpu, instruction);
    if (done == Step::Next) keep_pointers(vcpu, instruction);
    return done;
}

Step fwait(Vcpu& vcpu, const Instruction&) {
    constexpr u64 watched = cr0::MP | cr0::TS;
    if ((vcpu.state.cr0 & watched) == watched) return vcpu.raise(Vector::NM);
    return x87_error_pending(vcpu) ? report_x87_error(vcpu) : Step::Next;
}

Step fninit(Vcpu& vcpu, const Instruction&) {
    const GuestFpScope guest_fp(vcpu);
    load_x87(vcpu);
    asm volatile("fninit");
    clear_pointers(vcpu.state.x87);
    return Step::Next;
}

Step fnclex(Vcpu& vcpu, const Instruction&) {
    if (vcpu.x87_in_host) {
        asm volatile("fnclex");
    } else {
        vcpu.state.x87.status &= 0x7f00;  // The condition codes and TOP stay.
    }
    return Step::Next;
}

Step fldcw(Vcpu& vcpu, const Instruction& instruction) {
    const GuestFpScope guest_fp(vcpu);
    if (x87_error_pending(vcpu)) return report_x87_error(vcpu);
    const auto value = read_operand<u16>(vcpu, instruction, 0);
    if (!value) return Step::Fault;
    load_x87(vcpu);
    asm volatile("fldcw %0" : : "m"(*value));
    return Step::Next;
}

Step fnstcw(Vcpu& vcpu, const Instruction& instruction) {
    const u16 control = read_x87_control(vcpu);
    return write_operand<u16>(vcpu, instruction, 0, control) ? Step::Next : Step::Fault;
}

Step fnstsw(Vcpu& vcpu, const Instruction& instruction) {
    const u16 status = read_x87_status(vcpu);
    return write_operand<u16>(vcpu, instruction, 0, status) ? Step::Next : Step::Fault;
}

Step fldenv(Vcpu& vcpu, const Instruction& instruction) {
    const GuestFpScope guest_fp(vcpu);
    if (x87_error_pending(vcpu)) return report_x87_error(vcpu);
    const EnvironmentLayout layout = layout_of(vcpu, instruction);
    AreaBytes bytes;
    const std::span<u8> area{bytes.data(), layout.size()};
    const X87Area memory(vcpu, instruction, layout.size(), area.size());
    if (!memory.can(Access::Read) || !memory.read(area)) return Step::Fault;
    const X87Environment environment = load_environment(area, layout);
    const X87Image image = host_image(environment);
    load_x87(vcpu);
    asm volatile("fldenv %0" : : "m"(image));
    take_pointers(vcpu, environment);
    return Step::Next;
}

/// Masks all errors once they are stored.
Step fnstenv(Vcpu& vcpu, const Instruction& instruction) {
    const GuestFpScope guest_fp(vcpu);
    const EnvironmentLayout layout = layout_of(vcpu, instruction);
    const X87Area memory(vcpu, instruction, layout.size(), layout.size());
    if (!memory.can(Access::Write)) return Step::Fault;
    load_x87(vcpu);
    X87Image image;
    asm volatile("fnstenv %0" : "+m"(image));
    AreaBytes bytes;
    const std::span<u8> area{bytes.data(), layout.size()};
    store_environment(environment_from(vcpu, image, layout.protected_mode), layout, area);
    return memory.write(area);
}

Step frstor(Vcpu& vcpu, const Instruction& instruction) {
    const GuestFpScope guest_fp(vcpu);
    if (x87_error_pending(vcpu)) return report_x87_error(vcpu);
    const EnvironmentLayout layout = layout_of(vcpu, instruction);
    AreaBytes bytes;
    const std::span<u8> area{bytes.data(), layout.size() + registers_size};
    const X87Area memory(vcpu, instruction, layout.size(), area.size());
    if (!memory.can(Access::Read) || !memory.read(area)) return Step::Fault;
    const X87Environment environment = load_environment(area.first(layout.size()), layout);
    X87Image image = host_image(environment);
    std::memcpy(image.registers.data(), area.data() + layout.size(), registers_size);
    load_x87(vcpu);
    asm volatile("frstor %0" : : "m"(image));
    take_pointers(vcpu, environment);
    return Step::Next;
}

/// Leaves the x87 as FNINIT does.
Step fnsave(Vcpu& vcpu, const Instruction& instruction) {
    const GuestFpScope guest_fp(vcpu);
    const EnvironmentLayout layout = layout_of(vcpu, instruction);
    const X87Area memory(vcpu, instruction, layout.size(), layout.size() + registers_size);
    if (!memory.can(Access::Write)) return Step::Fault;
    load_x87(vcpu);
    X87Image image;
    asm volatile("fnsave %0" : "=m"(image));
    AreaBytes bytes;
    const std::span<u8> area{bytes.data(), layout.size() + registers_size};
    const auto environment = environment_from(vcpu, image, layout.protected_mode);
    store_environment(environment, layout, area.first(layout.size()));
    std::memcpy(area.data() + layout.size(), image.registers.data(), registers_size);
    clear_pointers(vcpu.state.x87);
    return memory.write(area);
}

}  // namespace cpu::semantics
