// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/semantics/semantics.hpp"

#include <iterator>

#include "cpu/fpu/guest_fp_scope.hpp"

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
                        attribute::Waits | attribute::Mmx | attribute::Sse | attribute::Avx;

bool real_or_v86(const Vcpu& vcpu) { return !vcpu.protected_mode() || vcpu.virtual_8086(); }

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
    const bool waits = (form.attributes & (attribute::Waits | attribute::Mmx)) != 0;
    return waits && x87_error_pending(vcpu) ? report_x87_error(vcpu) : Step::Next;
}

/// What the row asks for, in the order in which processors look.
Step check_row(Vcpu& vcpu, const Form& form) {
    if (form.has(attribute::ProtectedOnly) && real_or_v86(vcpu)) return vcpu.raise(Vector::UD);
    if (form.has(attribute::Cpl0) && vcpu.state.cpl != 0) return vcpu.raise(Vector::GP, 0);
    return check_vector_state(vcpu, form);
}

}  // namespace

SemanticFunction semantic_function(Semantic semantic) {
    return functions[static_cast<usize>(semantic)];
}

Step execute(Vcpu& vcpu, const Instruction& instruction) {
    const Form& form = form_of(instruction);
    // VEX prefixes are not recognised there (SDM 2A 2.3.1).
    if (instruction.vex && real_or_v86(vcpu)) return vcpu.raise(Vector::UD);
    if (form.attributes & checked) {
        const Step allowed = check_row(vcpu, form);
        if (allowed != Step::Next) return allowed;
    }
    return semantic_function(form.semantic)(vcpu, instruction);
}

}  // namespace cpu
