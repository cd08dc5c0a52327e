// SPDX-License-Identifier: BSD-2-Clause
//
// Where a debugger wants a run to stop: before instructions, after accesses to memory, after a
// step. The guest cannot notice: nothing here is state, and a run that was stopped and goes on is
// the run it would have been. (What the guest itself sets is in DR0 to DR3: core/debug.hpp.)
//
// One set serves all processors of a machine that run on one thread. Addresses are linear, in
// whatever address space is current. It changes only between two runs of an engine.
#pragma once

#include <bitset>
#include <optional>
#include <vector>

#include "cpu/core/vcpu.hpp"
#include "cpu/mmu/access.hpp"

namespace cpu {

/// RIP as a linear address: with the base of CS, cut to 32 bits outside 64-bit code.
u64 linear_rip(const Vcpu& vcpu);

struct LinearRange {
    u64 first = 0;
    u64 length = 1;

    constexpr bool overlaps(u64 address, u64 size) const {
        return address - first < length || first - address < size;
    }
    bool operator==(const LinearRange&) const = default;
};

class Breakpoints {
public:
    enum class Watch : u8 { Write, Read, ReadWrite };
    struct Watchpoint {
        LinearRange range;
        Watch watch = Watch::Write;
        bool operator==(const Watchpoint&) const = default;
    };

    /// Where a program is, well enough to know that it has come back.
    struct Place {
        const Vcpu* vcpu = nullptr;
        u64 linear = 0;
        u64 stack = 0;
        u64 space = 0;
        bool operator==(const Place&) const = default;
    };
    static Place place_of(const Vcpu& vcpu);

    enum class Reason : u8 {
        Breakpoint,
        Watchpoint,
        Step,
        Event,     // Instead of a step, or after it, an interrupt or another event was taken.
        Returned,  // To the place of return_to().
    };
    struct Stop {
        Reason reason = Reason::Breakpoint;
        const Vcpu* vcpu = nullptr;
        u64 address = 0;               // Of the breakpoint, or of the first byte watched.
        Watch watch = Watch::Write;    // Of a watchpoint.
        Place interrupted = {};        // Event: where the processor would have gone on.
        bool instruction_done = true;  // Event: the step had been made by then.
    };

    // For the debugger.

    /// True: the engine must be told (Engine::breakpoint_placed), as no code is prepared for it.
    [[nodiscard]] bool insert(u64 linear);
    bool remove(u64 linear);
    /// Whoever calls these drops the processors' first-level TLBs.
    void insert(const Watchpoint& watchpoint);
    bool remove(const Watchpoint& watchpoint);
    /// Code is not prepared for any offset any more, either: engines may be without it from here
    /// on.
    void remove_all();

    /// The processor's next turn is one instruction long, however often it repeats.
    void step(const Vcpu& vcpu);
    void cancel_step();
    /// One stop when this place is reached. The result is that of insert().
    [[nodiscard]] bool return_to(const Place& place);
    void cancel_return() { return_place_.reset(); }

    /// The breakpoint this processor has been stopped at will stop it there again.
    void forget_passed() { passed_.reset(); }

    /// Why the engine has returned StopCause::Debugger.
    std::optional<Stop> take_stop();

    // For engines.

    /// Of the instructions that a run may have.
    u64 allowance(const Vcpu& vcpu, u64 instructions);
    /// Code for an instruction at such an offset of its page must ask stands_at().
    const std::bitset<4096>& offsets() const { return offsets_; }
    bool stands_at(const Vcpu& vcpu, u64 linear) const;
    /// Before the instruction at a place where stands_at(). False: it has been stopped at already,
    /// and is to be executed now.
    bool stops_before(const Vcpu& vcpu);
    /// Between two instructions, before an event is taken.
    bool stop_due(const Vcpu& vcpu);
    void event_taken(const Place& interrupted);

    // For memory accesses.

    bool watches_page_of(u64 linear) const;
    void note_access(Vcpu& vcpu, u64 linear, usize size, Access access);

private:
    struct Step {
        const Vcpu* vcpu = nullptr;
        u64 linear = 0;
        u64 retired = 0;
    };

    bool step_made(const Vcpu& vcpu) const;
    bool arm(u64 linear);

    std::vector<u64> breakpoints_;  // Sorted.
    std::vector<Watchpoint> watchpoints_;
    std::bitset<4096> offsets_;
    std::optional<Step> step_;
    std::optional<Place> return_place_;
    std::optional<Place> passed_;
    std::optional<Stop> stop_;
};

}  // namespace cpu
