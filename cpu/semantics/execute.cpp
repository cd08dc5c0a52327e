// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/semantics/semantics.hpp"

#include <iterator>

namespace cpu {

namespace {

constexpr SemanticFunction functions[] = {
#define SEMANTIC(name) semantics::name,
#include "cpu/decode/semantics.def"
#undef SEMANTIC
};
static_assert(std::size(functions) == static_cast<usize>(Semantic::Count));

/// All attributes that ask for a check before the instruction's own.
constexpr u32 checked = attribute::Cpl0 | attribute::ProtectedOnly | attribute::X87 |
                        attribute::Mmx | attribute::Sse | attribute::Avx;

bool takes_lock(const Instruction& instruction, const Form& form) {
    return form.has(attribute::Lockable) && instruction.is_memory();
}

bool real_or_v86(const Vcpu& vcpu) { return !vcpu.protected_mode() || vcpu.virtual_8086(); }

/// A control or debug register that is not there is #UD whatever the privilege.
bool names_missing_register(const Instruction& instruction, const Form& form) {
    switch (form.semantic) {
        case Semantic::mov_from_cr:
        case Semantic::mov_to_cr: {
            constexpr u32 existing = 1 << 0 | 1 << 2 | 1 << 3 | 1 << 4 | 1 << 8;
            return ((existing >> instruction.reg) & 1) == 0;
        }
        case Semantic::mov_from_dr:
        case Semantic::mov_to_dr: return instruction.reg > 7;
        default: return false;
    }
}

/// SDM 3A table 2-2 and 13.1 to 13.3; SDM 2A 2.4 for AVX.
Step check_vector_state(Vcpu& vcpu, const Form& form) {
    const CpuState& state = vcpu.state;
    const bool em = (state.cr0 & cr0::EM) != 0;
    const bool ts = (state.cr0 & cr0::TS) != 0;
    if (form.has(attribute::X87) && (em || ts)) return vcpu.raise(Vector::NM);
    if (form.has(attribute::Mmx) && em) return vcpu.raise(Vector::UD);
    if (form.has(attribute::Sse) && (em || !(state.cr4 & cr4::OSFXSR))) {
        return vcpu.raise(Vector::UD);
    }
    if (form.has(attribute::Avx)) {
        constexpr u64 needed = xcr0::SSE | xcr0::AVX;
        const bool enabled = (state.cr4 & cr4::OSXSAVE) && (state.xcr0 & needed) == needed;
        if (!enabled) return vcpu.raise(Vector::UD);
    }
    constexpr u32 switched = attribute::Mmx | attribute::Sse | attribute::Avx;
    if (ts && (form.attributes & switched)) return vcpu.raise(Vector::NM);
    return Step::Next;
}

/// What the row asks for, in the order in which processors look.
Step check_row(Vcpu& vcpu, const Instruction& instruction, const Form& form) {
    if (form.has(attribute::ProtectedOnly) && real_or_v86(vcpu)) return vcpu.raise(Vector::UD);
    if (names_missing_register(instruction, form)) return vcpu.raise(Vector::UD);
    if (form.has(attribute::Cpl0) && vcpu.state.cpl != 0) return vcpu.raise(Vector::GP, 0);
    return check_vector_state(vcpu, form);
}

}  // namespace

SemanticFunction semantic_function(Semantic semantic) {
    return functions[static_cast<usize>(semantic)];
}

Step execute(Vcpu& vcpu, const Instruction& instruction) {
    const Form& form = form_of(instruction);
    if (instruction.lock && !takes_lock(instruction, form)) return vcpu.raise(Vector::UD);
    // VEX prefixes are not recognised there (SDM 2A 2.3.1).
    if (instruction.vex && real_or_v86(vcpu)) return vcpu.raise(Vector::UD);
    if (form.attributes & checked) {
        const Step allowed = check_row(vcpu, instruction, form);
        if (allowed != Step::Next) return allowed;
    }
    return semantic_function(form.semantic)(vcpu, instruction);
}

}  // namespace cpu
