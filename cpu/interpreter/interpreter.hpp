// SPDX-License-Identifier: BSD-2-Clause
//
// The reference engine: decoded blocks, run by tail-call threading, exact to the instruction.
#pragma once

#include <array>
#include <vector>

#include "cpu/core/engine.hpp"
#include "cpu/interpreter/block_cache.hpp"
#include "cpu/interpreter/op.hpp"

namespace cpu {

/// One serves all processors of a machine that run on one thread; they share its blocks.
class Interpreter final : public Engine, private fabric::MemoryObserver {
public:
    explicit Interpreter(fabric::GuestMemory& memory);
    ~Interpreter() override;
    Interpreter(const Interpreter&) = delete;
    Interpreter& operator=(const Interpreter&) = delete;

    /// Every processor that will run here or shares the memory, before the first run.
    void attach(Vcpu& vcpu) { vcpus_.push_back(&vcpu); }

    const EngineTraits& traits() const override;
    StopCause run(Vcpu& vcpu, u64 instructions) override;
    void breakpoint_placed(u64 linear) override;

    /// Executes one instruction by the slow road, delivering what it raises.
    void step(Vcpu& vcpu);

    /// How much work went where, for `--stats` and the benchmarks.
    struct Counters {
        u64 blocks_built = 0;
        u64 instructions_decoded = 0;
        u64 slow_instructions = 0;
        u64 blocks_invalidated = 0;
        u64 cache_clears = 0;
    };
    const Counters& counters() const { return counters_; }

    /// Code that ran lately, the last one last.
    struct Stretch {
        u64 physical = 0;
        u16 length = 0;  // In bytes.
        CodeMode mode = CodeMode::Bits64;
    };
    std::vector<Stretch> recent_code(const Vcpu& vcpu) const;

    // For the handlers, which know the engine through Vcpu::scratch.

    /// A target of an indirect branch, as last found.
    struct JumpEntry {
        u64 rip = 0;
        u64 context = 0;
        u64 segment_base = 0;  // Of CS: the same RIP is another place after a far transfer.
        interpreter::Block* block = nullptr;
        u64 code_base = 0;
    };
    static constexpr usize jump_entries = 4096;
    JumpEntry& jump_entry(u64 rip) { return jumps_[(rip ^ (rip >> 12)) % jump_entries]; }

    /// What a handler was looking for when it left for the refill of the TLB.
    struct Miss {
        u64 linear = 0;
        u64 size = 0;
    };
    Miss missed;

    /// A branch that did not know its target's block: the loop will find it, and tell the branch.
    void ask_to_link(interpreter::Exit& exit) { wants_link_ = &exit; }

    /// The instruction at `op`, in the middle of a block, once. True: go on with the next
    /// operation.
    bool execute_within_block(Vcpu& vcpu, const interpreter::Op& op, const Instruction* decoded);

private:
    struct Found {
        interpreter::Block* block = nullptr;  // Null: raised, or to be done by step().
        bool raised = false;
    };

    /// Where an instruction was fetched, by physical address: in one place, or in two if it runs
    /// into another page.
    struct Origin {
        std::array<u64, 2> first{};
        std::array<u64, 2> length{};

        bool in_frame(u64 frame) const;
        bool overlaps(u64 begin, u64 end) const;
    };

    void watch(Vcpu& vcpu, const Origin& origin);
    void mark_as_code(u64 frame);
    void memory_changed(fabric::Gpa first, u64 length) override;
    void mapping_changed(fabric::Gpa first, u64 length) override;
    void writes_restricted() override;

    std::optional<StopCause> attend(Vcpu& vcpu);
    static bool take_event(Vcpu& vcpu, bool shadow_expires);
    Found find_block(Vcpu& vcpu, u32 mode);
    interpreter::Block* block_at(Vcpu& vcpu, u64 physical, u32 mode);
    void link(const Vcpu& vcpu, interpreter::Block& block);
    void enter(Vcpu& vcpu, interpreter::Block& block);
    void complete(Vcpu& vcpu, const Instruction& instruction, Step step);
    static void raise_in_guest(Vcpu& vcpu);
    bool fetch(Vcpu& vcpu, Instruction& into, Origin& origin);
    void forget_blocks();

    fabric::GuestMemory& memory_;
    std::vector<Vcpu*> vcpus_;
    interpreter::BlockCache blocks_;
    std::array<JumpEntry, jump_entries> jumps_{};
    interpreter::Exit* wants_link_ = nullptr;
    Origin watched_;  // Of the repeated string instruction that step() is executing.
    Counters counters_;
};

}  // namespace cpu
