// SPDX-License-Identifier: BSD-2-Clause
//
// Instructions as events: where, in which ring, the bytes, the text; and what each has changed.
#pragma once

#include <array>
#include <span>
#include <string>

#include "cpu/core/vcpu.hpp"

namespace cpu {

/// Whether the processor's next instruction is to be looked at: then it is executed by itself. All
/// of a page is, or none of it, until the trace's window opens or closes,
/// which is between two runs of an engine; what is not goes at full speed.
bool is_traced(const Vcpu& vcpu);

/// While the instruction runs.
class TracedInstruction {
public:
    /// It has been fetched, and will be executed now. What is not a valid instruction is seen here
    /// too, with as many bytes as there were. A repeated string instruction is one, however often
    /// it is left: it is shown when it begins.
    enum class Progress : u8 { Begins, GoesOn };
    TracedInstruction(const Vcpu& vcpu, std::span<const u8> bytes, Progress progress);

    /// It has run, or faulted, and nothing has happened since.
    void ended() const;

private:
    /// What a person follows from instruction to instruction.
    struct Registers {
        std::array<u64, 16> general{};
        u64 flags = 0;
        std::array<u16, 6> selectors{};
        u64 cr0 = 0;
        u64 cr2 = 0;
        u64 cr3 = 0;
        u64 cr4 = 0;
        u64 efer = 0;
    };
    static Registers registers_of(const CpuState& state);
    static std::string difference(const Registers& before, const Registers& after);

    const Vcpu& vcpu_;
    u64 linear_;
    Registers before_;
};

}  // namespace cpu
