// SPDX-License-Identifier: BSD-2-Clause
//
// What each instruction means: one function for each row of cpu/decode/semantics.def, found through
// `execute`. They take any operand form and do everything the architecture asks for, in its order;
// the interpreter's fast handlers cover the common forms of the common ones, and take exactly this
// road for whatever is not plain.
//
// On entry RIP names the instruction and CpuState::retired counts those before it. A function
// computes and checks everything that may fault before it changes anything.
#pragma once

#include "cpu/core/vcpu.hpp"
#include "cpu/decode/decoder.hpp"

namespace cpu {

using SemanticFunction = Step (*)(Vcpu&, const Instruction&);

namespace semantics {
#define SEMANTIC(name) Step name(Vcpu& vcpu, const Instruction& instruction);
#include "cpu/decode/semantics.def"
#undef SEMANTIC
}  // namespace semantics

SemanticFunction semantic_function(Semantic semantic);

/// One instruction, whole: the checks that its row asks for (privilege, CR0.TS and the like; the
/// decoder has seen to LOCK), then its meaning. Does not move RIP on Step::Next.
Step execute(Vcpu& vcpu, const Instruction& instruction);

}  // namespace cpu
