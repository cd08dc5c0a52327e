// SPDX-License-Identifier: BSD-2-Clause
//
// What executes guest instructions. Nothing outside cpu/ can tell which engine is running: the
// interpreter and the JIT work on Vcpu::state in place; KVM and Unicorn move groups of it in and
// out.
#pragma once

#include <string_view>

#include "cpu/core/vcpu.hpp"

namespace cpu {

struct EngineTraits {
    std::string_view name;
    bool deterministic;   // Same inputs, same run. Record and replay insist on it.
    bool counts_exactly;  // Can stop after a given number of instructions.
    bool works_in_place;  // Vcpu::state is always current.
};

enum class StopCause : u8 {
    BudgetSpent,
    Halted,         // Nothing to do until an event: HLT, MWAIT, wait for SIPI.
    StopRequested,  // attention::Stop was set, or the guest paused: take_yield() tells.
    Shutdown,       // Triple fault.
    Debugger,       // As VcpuPorts::breakpoints asked; it has the reason.
};

class Engine {
public:
    virtual ~Engine() = default;
    virtual const EngineTraits& traits() const = 0;

    /// Runs until `instructions` more have retired (exactly, where the engine counts exactly) or
    /// another cause. Port I/O, MMIO, MSRs, CPUID and hypercalls do not stop it: they are calls on
    /// the ports of `vcpu`, made on this thread.
    virtual StopCause run(Vcpu& vcpu, u64 instructions) = 0;

    /// Between two runs: VcpuPorts::breakpoints has an address at an offset within its page where
    /// none was before, and code that is kept does not look for it.
    virtual void breakpoint_placed(u64 linear) = 0;
};

}  // namespace cpu
