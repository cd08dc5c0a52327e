// SPDX-License-Identifier: BSD-2-Clause
//
// Writes of control registers and EFER (SDM 3A 2.5, 4.1.2, 4.10.4.1; SDM 2B MOV to CR): what is
// refused, how modes begin and end, and which translations go.
#pragma once

#include <array>
#include <optional>

#include "cpu/core/msr_space.hpp"
#include "cpu/core/vcpu.hpp"

namespace cpu {

/// Step::Next, or Step::Fault with #GP(0) raised and nothing changed.
Step write_cr0(Vcpu& vcpu, u64 value);
Step write_cr3(Vcpu& vcpu, u64 value);
Step write_cr4(Vcpu& vcpu, u64 value);
Step write_cr8(Vcpu& vcpu, u64 value);

MsrOutcome write_efer(Vcpu& vcpu, u64 value);

/// Bits of CR4 that this processor has. A write that sets another raises #GP(0).
u64 cr4_allowed(const FeatureSet& features);

/// The four PDPTEs that `cr3` points to; nothing if one has reserved bits set. Raises nothing. For
/// PAE paging only (SDM 3A 4.4.1).
std::optional<std::array<u64, 4>> read_pdptes(Vcpu& vcpu, u64 cr3);
/// Reads the four PDPTEs that `cr3` points to into CpuState::pdpte. False, and nothing changed, if
/// one has reserved bits set.
[[nodiscard]] bool load_pdptes(Vcpu& vcpu, u64 cr3);

/// PAE paging is (or would be, by these values) in use.
bool pae_paging(u64 cr0, u64 cr4, u64 efer);

}  // namespace cpu
