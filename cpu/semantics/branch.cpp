// SPDX-License-Identifier: BSD-2-Clause
//
// Near transfers. The target is checked before anything changes: the fault is the branch's own, not
// that of the instruction it would have led to.
#include "cpu/arch/paging.hpp"
#include "cpu/semantics/condition.hpp"
#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"
#include "cpu/semantics/stack.hpp"

namespace cpu::semantics {

namespace {

/// `target` cut to the operand size, if code may lie there: within CS's limit, or in 64-bit code at
/// a canonical address. Otherwise raises #GP(0).
std::optional<u64> near_target(Vcpu& vcpu, const Instruction& instruction, u64 target) {
    if (instruction.operand_size == 2) target &= 0xffff;
    if (instruction.operand_size == 4) target &= 0xffff'ffff;
    const bool allowed = vcpu.code_mode() == CodeMode::Bits64
                             ? is_canonical(target)
                             : target <= vcpu.state.segment(SegReg::Cs).limit;
    if (allowed) return target;
    (void)vcpu.raise(Vector::GP, 0);
    return std::nullopt;
}

/// Not yet cut to the code's size.
u64 next_of(const Vcpu& vcpu, const Instruction& instruction) {
    return vcpu.state.rip + instruction.length;
}

std::optional<u64> relative_target(Vcpu& vcpu, const Instruction& instruction) {
    return near_target(vcpu, instruction, next_of(vcpu, instruction) + instruction.immediate);
}

Step jump(Vcpu& vcpu, std::optional<u64> target) {
    if (!target) return Step::Fault;
    vcpu.state.rip = *target;
    return Step::Jump;
}

/// The return address is stored before the target is looked at, and stays below the stack when that
/// is refused: so do Intel's processors, and a fault of the stack comes first.
Step call(Vcpu& vcpu, const Instruction& instruction, u64 target) {
    return for_word_size(instruction.operand_size, [&]<class T>() {
        const auto back = static_cast<T>(next_rip(vcpu, instruction));
        const u64 pointer = vcpu.state.reg(Gpr::Rsp) - sizeof(T);
        if (!write_stack<T>(vcpu, pointer, back)) return Step::Fault;
        const Step step = jump(vcpu, near_target(vcpu, instruction, target));
        if (step != Step::Fault) set_stack_pointer(vcpu, pointer);
        return step;
    });
}

/// The target that a register or memory holds.
std::optional<u64> indirect_target(Vcpu& vcpu, const Instruction& instruction) {
    std::optional<u64> target;
    (void)for_word_size(instruction.operand_size, [&]<class T>() {
        target = read_operand<T>(vcpu, instruction, 0);
        return Step::Next;
    });
    return target;
}

/// LOOP's and JCXZ's counter: rCX as wide as an address.
u64 counter(const Vcpu& vcpu, const Instruction& instruction) {
    const u64 rcx = vcpu.state.reg(Gpr::Rcx);
    switch (instruction.address_size) {
        case 2: return rcx & 0xffff;
        case 4: return rcx & 0xffff'ffff;
        default: return rcx;
    }
}

bool loop_condition_met(const Vcpu& vcpu, const Instruction& instruction) {
    const bool zero = (vcpu.state.status & status_flags::ZF) != 0;
    switch (instruction.opcode) {
        case 0xe0: return !zero;  // LOOPNE
        case 0xe1: return zero;   // LOOPE
        default: return true;
    }
}

}  // namespace

Step jmp_relative(Vcpu& vcpu, const Instruction& instruction) {
    return jump(vcpu, relative_target(vcpu, instruction));
}

Step jmp_near(Vcpu& vcpu, const Instruction& instruction) {
    const auto target = indirect_target(vcpu, instruction);
    return target ? jump(vcpu, near_target(vcpu, instruction, *target)) : Step::Fault;
}

Step jcc(Vcpu& vcpu, const Instruction& instruction) {
    if (!alu::condition(vcpu.state.status, instruction.opcode & 0xf)) return Step::Next;
    return jump(vcpu, relative_target(vcpu, instruction));
}

Step loop(Vcpu& vcpu, const Instruction& instruction) {
    const u64 left = counter(vcpu, instruction) - 1;
    return for_word_size(instruction.address_size, [&]<class T>() {
        Step step = Step::Next;
        if (static_cast<T>(left) != 0 && loop_condition_met(vcpu, instruction)) {
            step = jump(vcpu, relative_target(vcpu, instruction));
            if (step == Step::Fault) return step;
        }
        write_gpr<T>(vcpu.state, static_cast<u8>(Gpr::Rcx), false, static_cast<T>(left));
        return step;
    });
}

Step jcxz(Vcpu& vcpu, const Instruction& instruction) {
    if (counter(vcpu, instruction) != 0) return Step::Next;
    return jump(vcpu, relative_target(vcpu, instruction));
}

Step call_relative(Vcpu& vcpu, const Instruction& instruction) {
    return call(vcpu, instruction, next_of(vcpu, instruction) + instruction.immediate);
}

Step call_near(Vcpu& vcpu, const Instruction& instruction) {
    const auto target = indirect_target(vcpu, instruction);
    return target ? call(vcpu, instruction, *target) : Step::Fault;
}

/// With an immediate operand (C2) it also drops that many bytes of arguments.
Step ret_near(Vcpu& vcpu, const Instruction& instruction) {
    const bool drops = form_of(instruction).operand_count > 0;
    const u64 dropped = drops ? instruction.immediate & 0xffff : 0;
    return for_word_size(instruction.operand_size, [&]<class T>() {
        const u64 pointer = vcpu.state.reg(Gpr::Rsp);
        const auto popped = read_stack<T>(vcpu, pointer);
        if (!popped) return Step::Fault;
        const Step step = jump(vcpu, near_target(vcpu, instruction, *popped));
        if (step != Step::Fault) set_stack_pointer(vcpu, pointer + sizeof(T) + dropped);
        return step;
    });
}

}  // namespace cpu::semantics
