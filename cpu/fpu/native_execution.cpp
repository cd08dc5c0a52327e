// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/native_execution.hpp"

#include <array>

#include "cpu/fpu/native_thunks.hpp"
#include "cpu/fpu/x87_image.hpp"
#include "cpu/mmu/access.hpp"
#include "cpu/semantics/memory_area.hpp"

namespace cpu {

namespace {

struct alignas(32) Buffer {
    std::array<u8, 32> bytes{};
};

bool may_be_memory(OperandKind kind) {
    switch (kind) {
        case OperandKind::Memory:
        case OperandKind::ModRmGpr:
        case OperandKind::ModRmVector:
        case OperandKind::ModRmMmx: return true;
        default: return false;
    }
}

const Operand* memory_operand(const Instruction& instruction, const Form& form) {
    if (!instruction.is_memory()) return nullptr;
    for (usize i = 0; i < form.operand_count; ++i) {
        if (may_be_memory(form.operands[i].kind)) return &form.operands[i];
    }
    return nullptr;
}

Step report_error(Vcpu& vcpu, const Form& form) {
    const bool has_x87_state = (form.attributes & (attribute::Mmx | attribute::X87)) != 0;
    if (has_x87_state && x87_error_pending(vcpu)) return report_x87_error(vcpu);
    return vcpu.raise(vcpu.state.cr4 & cr4::OSXMMEXCPT ? Vector::XM : Vector::UD);
}

Step call(Vcpu& vcpu, const Instruction& instruction, void* memory) {
    const NativeThunk thunk = native_thunk_for_now(instruction);
    if (thunk(vcpu.state, memory) == 0) return Step::Next;
    return report_error(vcpu, form_of(instruction));
}

/// An x87 store with an unmasked error stores nothing, a loss of precision aside (SDM 1 8.5).
bool store_was_suppressed(const Vcpu& vcpu, const Form& form) {
    if (!form.has(attribute::X87)) return false;
    constexpr u16 before_the_store = x87_status::Errors & ~x87_status::Precision;
    return (read_x87_status(vcpu) & ~read_x87_control(vcpu) & before_the_store) != 0;
}

/// With such an error the store does not get as far as memory, and cannot fault there either. The
/// fault was raised already, and stays if it turns out that there is no error.
Step store_that_faults(Vcpu& vcpu, const Instruction& instruction) {
    const Form& form = form_of(instruction);
    if (!form.has(attribute::X87)) return Step::Fault;
    const Exception raised = vcpu.exception;
    save_x87(vcpu);
    const X87State before = vcpu.state.x87;
    load_x87(vcpu);
    Buffer buffer;
    const Step done = call(vcpu, instruction, buffer.bytes.data());
    if (done == Step::Next && store_was_suppressed(vcpu, form)) return Step::Next;
    save_x87(vcpu);
    vcpu.state.x87 = before;
    load_x87(vcpu);
    vcpu.exception = raised;
    return Step::Fault;
}

Step load_by_slow_road(Vcpu& vcpu, const Instruction& instruction, u64 linear, u32 bytes) {
    Buffer buffer;
    if (!read_linear(vcpu, linear, {buffer.bytes.data(), bytes}, data_privilege(vcpu))) {
        return Step::Fault;
    }
    return call(vcpu, instruction, buffer.bytes.data());
}

Step store_by_slow_road(Vcpu& vcpu, const Instruction& instruction, u64 linear, u32 bytes) {
    const Privilege who = data_privilege(vcpu);
    if (!probe_linear(vcpu, linear, bytes, Access::Write, who)) {
        return store_that_faults(vcpu, instruction);
    }
    Buffer buffer;
    const Step done = call(vcpu, instruction, buffer.bytes.data());
    if (done != Step::Next || store_was_suppressed(vcpu, form_of(instruction))) return done;
    return write_linear(vcpu, linear, {buffer.bytes.data(), bytes}, who) ? Step::Next : Step::Fault;
}

/// Legacy SSE looks at the alignment before it looks at the segment.
bool is_misplaced(const Vcpu& vcpu, const Instruction& instruction, u64 offset, u32 bytes) {
    return ((segment_base(vcpu, instruction.segment) + offset) & (bytes - 1)) != 0;
}

/// Ten bytes are accessed as eight and then two, each with all its checks before the next; the
/// offset of the two is cut to the address size for itself, so that at the end of a 16-bit segment
/// they lie apart (measured on an Emerald Rapids).
class TenBytes {
public:
    TenBytes(Vcpu& vcpu, const Instruction& instruction)
        : vcpu_(vcpu), instruction_(instruction), memory_(vcpu, instruction) {}

    Step load() {
        const auto linear = start(Access::Read);
        if (!linear) return Step::Fault;
        if (u8* host = in_one(*linear, Access::Read)) return call(vcpu_, instruction_, host);
        const std::span bytes = std::span{buffer_.bytes}.first(size);
        if (!memory_.read(0, bytes.first(first)) || !memory_.read(first, bytes.subspan(first))) {
            return Step::Fault;
        }
        return call(vcpu_, instruction_, bytes.data());
    }

    Step store() {
        const auto linear = start(Access::Write);
        if (!linear) return store_that_faults(vcpu_, instruction_);
        if (u8* host = in_one(*linear, Access::Write)) return call(vcpu_, instruction_, host);
        if (!memory_.probe(0, first, Access::Write) ||
            !memory_.probe(first, size - first, Access::Write)) {
            return store_that_faults(vcpu_, instruction_);
        }
        const std::span bytes = std::span{buffer_.bytes}.first(size);
        const Step done = call(vcpu_, instruction_, bytes.data());
        if (done != Step::Next || store_was_suppressed(vcpu_, form_of(instruction_))) return done;
        const bool stored =
            memory_.write(0, bytes.first(first)) && memory_.write(first, bytes.subspan(first));
        return stored ? Step::Next : Step::Fault;
    }

private:
    static constexpr usize first = 8;
    static constexpr usize size = 10;

    std::optional<u64> start(Access access) const {
        return linear_address(vcpu_, instruction_.segment, effective_offset(vcpu_, instruction_),
                              first, access);
    }
    /// Where they lie side by side on a page that the host can access, and within the segment.
    u8* in_one(u64 linear, Access access) const {
        if (memory_.wraps(size) || !memory_.place(first, size - first, access)) return nullptr;
        return host_pointer(vcpu_, linear, size, access, data_privilege(vcpu_));
    }

    Vcpu& vcpu_;
    const Instruction& instruction_;
    MemoryArea memory_;
    Buffer buffer_;
};

/// Conversions of half precision never raise #AC (SDM 2A 2.8.7, exceptions type 11).
std::optional<u64> address_of(Vcpu& vcpu, const Instruction& instruction, u64 offset, u32 bytes,
                              Access access) {
    if (form_of(instruction).feature == Feature::F16c) {
        return linear_address_at_any_alignment(vcpu, instruction.segment, offset, bytes, access);
    }
    return linear_address(vcpu, instruction.segment, offset, bytes, access);
}

/// A conversion on its way to memory has set its flags in MXCSR before the store can fault.
Step convert_and_store(Vcpu& vcpu, const Instruction& instruction, u64 offset, u32 bytes) {
    Buffer buffer;
    const Step done = call(vcpu, instruction, buffer.bytes.data());
    if (done != Step::Next) return done;
    const auto linear =
        linear_address_at_any_alignment(vcpu, instruction.segment, offset, bytes, Access::Write);
    const bool stored =
        linear && write_linear(vcpu, *linear, {buffer.bytes.data(), bytes}, data_privilege(vcpu));
    return stored ? Step::Next : Step::Fault;
}

}  // namespace

Step execute_natively(Vcpu& vcpu, const Instruction& instruction) {
    const Form& form = form_of(instruction);
    const Operand* operand = memory_operand(instruction, form);
    if (!operand) return call(vcpu, instruction, nullptr);

    const u32 bytes = operand_bytes(instruction, *operand);
    const Access access = operand->written ? Access::Write : Access::Read;
    const u64 offset = effective_offset(vcpu, instruction);
    if (form.has(attribute::Aligned) && is_misplaced(vcpu, instruction, offset, bytes)) {
        return vcpu.raise(Vector::GP, 0);
    }
    if (access == Access::Write && form.has(attribute::SimdFp)) {
        return convert_and_store(vcpu, instruction, offset, bytes);
    }
    if (bytes == 10) {
        TenBytes ten(vcpu, instruction);
        return access == Access::Write ? ten.store() : ten.load();
    }
    const auto linear = address_of(vcpu, instruction, offset, bytes, access);
    if (!linear) {
        return access == Access::Write ? store_that_faults(vcpu, instruction) : Step::Fault;
    }
    if (u8* host = host_pointer(vcpu, *linear, bytes, access, data_privilege(vcpu))) {
        return call(vcpu, instruction, host);
    }
    if (access == Access::Write) return store_by_slow_road(vcpu, instruction, *linear, bytes);
    return load_by_slow_road(vcpu, instruction, *linear, bytes);
}

}  // namespace cpu
