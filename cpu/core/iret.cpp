// SPDX-License-Identifier: BSD-2-Clause
//
// IRET (SDM 2A; SDM 3A 6.12.1, 7.4; in virtual-8086 mode SDM 3B 21.2, 21.3).
#include "cpu/core/far_transfer.hpp"
#include "cpu/core/segment_load.hpp"
#include "cpu/core/stack_frame.hpp"
#include "cpu/core/task_switch.hpp"

namespace cpu {

namespace {

constexpr u64 low_flags = 0xffff & rflags::Defined;

struct Image {
    u64 rip;
    u16 cs;
    u64 flags;
};

std::optional<Image> read_image(Vcpu& vcpu, u8 bytes) {
    // In the order of Intel's processors, which shows in what faults first.
    const auto flags = peek_stack(vcpu, 2u * bytes, bytes);
    if (!flags) return std::nullopt;
    const auto cs = peek_stack(vcpu, bytes, 2);
    if (!cs) return std::nullopt;
    const auto rip = peek_stack(vcpu, 0, bytes);
    if (!rip) return std::nullopt;
    return Image{*rip, static_cast<u16>(*cs), *flags};
}

void replace_flags(Vcpu& vcpu, u64 image, u64 which) {
    vcpu.state.set_rflags((vcpu.state.rflags() & ~which) | (image & which));
    vcpu.attention |= attention::StateChanged;  // TF, IF or RF may be on now.
}

void unblock_nmi(Vcpu& vcpu) {
    vcpu.state.events.nmi_blocked = false;
    if (vcpu.state.events.nmi) vcpu.attention |= attention::Events;
}

Step leave_to_8086(Vcpu& vcpu, const Image& image, u8 bytes) {
    const u8 address_size = vcpu.stack_address_size();
    set_stack_pointer(vcpu.state, address_size, vcpu.state.reg(Gpr::Rsp) + 3u * bytes);
    load_8086_segment(vcpu, SegReg::Cs, image.cs);
    vcpu.state.rip = image.rip;
    return Step::Jump;
}

bool check_8086_limit(Vcpu& vcpu, u64 rip) {
    const u32 limit = vcpu.virtual_8086() ? 0xffff : vcpu.state.segment(SegReg::Cs).limit;
    if (rip <= limit) return true;
    (void)vcpu.raise(Vector::GP, 0);
    return false;
}

Step return_in_real_mode(Vcpu& vcpu, u8 bytes) {
    unblock_nmi(vcpu);
    const auto image = read_image(vcpu, bytes);
    if (!image || !check_8086_limit(vcpu, image->rip)) return Step::Fault;
    constexpr u64 kept = rflags::VM | rflags::VIF | rflags::VIP;
    replace_flags(vcpu, image->flags, bytes == 2 ? low_flags : rflags::Defined & ~kept);
    return leave_to_8086(vcpu, *image, bytes);
}

/// Virtual-8086 mode with IOPL < 3 and CR4.VME: IF of the image is VIF of the program.
Step return_with_virtual_interrupts(Vcpu& vcpu, u8 bytes) {
    if (bytes != 2) return vcpu.raise(Vector::GP, 0);
    const auto image = read_image(vcpu, bytes);
    if (!image || !check_8086_limit(vcpu, image->rip)) return Step::Fault;
    const bool interrupt_waits =
        (vcpu.state.other_flags & rflags::VIP) && (image->flags & rflags::IF);
    if (interrupt_waits || (image->flags & rflags::TF)) return vcpu.raise(Vector::GP, 0);
    constexpr u64 kept = rflags::IF | rflags::IOPL;
    const u64 virtual_if = (image->flags & rflags::IF) ? rflags::VIF : 0;
    unblock_nmi(vcpu);
    replace_flags(vcpu, (image->flags & 0xffff) | virtual_if, (low_flags & ~kept) | rflags::VIF);
    return leave_to_8086(vcpu, *image, bytes);
}

Step return_within_virtual_8086(Vcpu& vcpu, u8 bytes) {
    if (vcpu.iopl() < 3) {
        if (vcpu.state.cr4 & cr4::VME) return return_with_virtual_interrupts(vcpu, bytes);
        return vcpu.raise(Vector::GP, 0);
    }
    unblock_nmi(vcpu);
    const auto image = read_image(vcpu, bytes);
    if (!image || !check_8086_limit(vcpu, image->rip)) return Step::Fault;
    constexpr u64 kept = rflags::VM | rflags::VIF | rflags::VIP | rflags::IOPL;
    replace_flags(vcpu, image->flags, (bytes == 2 ? low_flags : rflags::Defined) & ~kept);
    return leave_to_8086(vcpu, *image, bytes);
}

/// From a nested task back to the one that its link names.
Step return_from_task(Vcpu& vcpu, u64 next_rip) {
    const auto link = read_tss<u16>(vcpu, 0);
    if (!link) return Step::Fault;
    std::optional<Descriptor> tss;
    if (!is_local_selector(*link) && !is_null_selector(*link)) {
        tss = read_descriptor(vcpu, *link, Vector::TS);
        if (!tss) return Step::Fault;
    }
    const bool busy =
        tss && (tss->is_system(SystemType::TssBusy) || tss->is_system(SystemType::Tss16Busy));
    if (!busy) return raise_for(vcpu, Vector::TS, *link);
    if (!tss->present()) return raise_for(vcpu, Vector::NP, *link);
    const TaskSwitch change{.selector = *link,
                            .tss = *tss,
                            .cause = TaskSwitchCause::Return,
                            .saved_rip = next_rip,
                            .saved_rflags = vcpu.state.rflags() & ~rflags::NT};
    if (!switch_task(vcpu, change) || !check_task_entry(vcpu)) return Step::Fault;
    return Step::Jump;
}

/// From a monitor at CPL 0 into virtual-8086 mode: nine dwords.
Step return_to_virtual_8086(Vcpu& vcpu, const Image& image) {
    std::array<u64, 6> above;  // ESP, SS, ES, DS, FS, GS.
    for (usize i = 0; i < above.size(); ++i) {
        const auto value = peek_stack(vcpu, 12 + 4 * i, 4);
        if (!value) return Step::Fault;
        above[i] = *value;
    }
    if (image.rip > 0xffff) return vcpu.raise(Vector::GP, 0);
    replace_flags(vcpu, image.flags, rflags::Defined);
    vcpu.state.cpl = 3;
    constexpr SegReg order[] = {SegReg::Ss, SegReg::Es, SegReg::Ds, SegReg::Fs, SegReg::Gs};
    for (usize i = 0; i < std::size(order); ++i) {
        load_8086_segment(vcpu, order[i], static_cast<u16>(above[i + 1]));
    }
    load_8086_segment(vcpu, SegReg::Cs, image.cs);
    vcpu.state.reg(Gpr::Rsp) = above[0];
    vcpu.state.rip = image.rip;
    return Step::Jump;
}

/// The flags a program at the level that executes IRET may change.
u64 writable_flags(const Vcpu& vcpu, u8 bytes) {
    u64 which = rflags::Status | rflags::TF | rflags::DF | rflags::NT;
    if (bytes != 2) which |= rflags::RF | rflags::AC | rflags::ID;
    if (vcpu.state.cpl <= vcpu.iopl()) which |= rflags::IF;
    if (vcpu.state.cpl == 0) {
        which |= rflags::IOPL;
        if (bytes != 2) which |= rflags::VIF | rflags::VIP;
    }
    return which;
}

Step return_with_stack(Vcpu& vcpu, const Image& image, Descriptor& code, u8 bytes) {
    const auto ss = peek_stack(vcpu, 4u * bytes, 2);
    if (!ss) return Step::Fault;
    const auto pointer = peek_stack(vcpu, 3u * bytes, bytes);
    if (!pointer) return Step::Fault;
    const u8 cpl = rpl_of(image.cs);
    const auto stack = return_stack_segment(vcpu, static_cast<u16>(*ss), code, cpl);
    if (!stack || !check_target(vcpu, code, image.rip) || !mark_accessed(vcpu, code)) {
        return Step::Fault;
    }
    const bool outward = cpl > vcpu.state.cpl;
    replace_flags(vcpu, image.flags, writable_flags(vcpu, bytes));
    set_code_segment(vcpu, image.cs, code, cpl);
    set_segment(vcpu, SegReg::Ss, *stack);
    set_stack_pointer(vcpu.state, stack_address_size_under(vcpu, code, *stack), *pointer);
    vcpu.state.rip = image.rip;
    if (outward) drop_inaccessible_segments(vcpu);
    return Step::Jump;
}

Step return_to_same_ring(Vcpu& vcpu, const Image& image, Descriptor& code, u8 bytes) {
    if (!check_target(vcpu, code, image.rip) || !mark_accessed(vcpu, code)) return Step::Fault;
    // Of the mode that is returned to: from 16-bit code to 64-bit code rSP counts as a whole (seen
    // on an Emerald Rapids).
    const u8 address_size = stack_address_size_under(vcpu, code, vcpu.state.segment(SegReg::Ss));
    replace_flags(vcpu, image.flags, writable_flags(vcpu, bytes));
    set_code_segment(vcpu, image.cs, code, vcpu.state.cpl);
    set_stack_pointer(vcpu.state, address_size, vcpu.state.reg(Gpr::Rsp) + 3u * bytes);
    vcpu.state.rip = image.rip;
    return Step::Jump;
}

}  // namespace

Step interrupt_return(Vcpu& vcpu, u8 operand_size, u64 next_rip) {
    if (!vcpu.protected_mode()) return return_in_real_mode(vcpu, operand_size);
    if (vcpu.virtual_8086()) return return_within_virtual_8086(vcpu, operand_size);
    // NMIs come through again even if this IRET faults (SDM 3A 6.7.1).
    unblock_nmi(vcpu);
    if (vcpu.state.other_flags & rflags::NT) {
        if (vcpu.long_mode()) return vcpu.raise(Vector::GP, 0);
        return return_from_task(vcpu, next_rip);
    }
    auto image = read_image(vcpu, operand_size);
    if (!image) return Step::Fault;
    const bool to_8086 = operand_size == 4 && (image->flags & rflags::VM) != 0;
    if (to_8086 && vcpu.state.cpl == 0 && !vcpu.long_mode()) {
        return return_to_virtual_8086(vcpu, *image);
    }
    auto code = return_code_descriptor(vcpu, image->cs);
    if (!code) return Step::Fault;
    image->rip = cut_to_code(vcpu, *code, image->rip);
    // In 64-bit mode SS:RSP is always there.
    if (rpl_of(image->cs) > vcpu.state.cpl || vcpu.code_mode() == CodeMode::Bits64) {
        return return_with_stack(vcpu, *image, *code, operand_size);
    }
    return return_to_same_ring(vcpu, *image, *code, operand_size);
}

}  // namespace cpu
