// SPDX-License-Identifier: BSD-2-Clause
//
// What a debugger does to a machine between two slices of its run: sets breakpoints, steps, looks
// at memory and registers and changes them. It knows no protocol.
//
// Looking changes nothing: no accessed bit, no translation, no device. Stopping changes nothing
// either: processors keep their turns, so stepping one lets the others run as they would have.
// Changing something goes through the journal (machine/board/poke.hpp), and is not possible in a
// replay.
#pragma once

#include <optional>
#include <span>

#include "cpu/core/breakpoints.hpp"
#include "cpu/core/register_table.hpp"
#include "cpu/mmu/page_walk.hpp"
#include "machine/run/machine.hpp"

namespace machine {

class Debugger {
public:
    using Watchpoint = cpu::Breakpoints::Watchpoint;
    using Watch = cpu::Breakpoints::Watch;

    /// One at a time for a machine, which outlives it. Until something is asked of it, engines know
    /// nothing of it.
    explicit Debugger(Machine& machine) : machine_(machine) {}
    ~Debugger();
    Debugger(const Debugger&) = delete;
    Debugger& operator=(const Debugger&) = delete;

    Machine& machine() { return machine_; }
    u32 processors() const { return static_cast<u32>(machine_.board().processors()); }

    // By linear address, in whatever address space is current when a processor comes by.

    void insert_breakpoint(u64 linear);
    bool remove_breakpoint(u64 linear);
    void insert_watchpoint(const Watchpoint& watchpoint);
    bool remove_watchpoint(const Watchpoint& watchpoint);
    void remove_all();

    /// Whether a step that is interrupted stops in the interrupt's handler. If not, as at first, it
    /// goes on until the handler has come back.
    void step_into_events(bool into) { into_events_ = into; }

    /// The machine's run is to stop when this processor has executed an instruction.
    void step(u32 processor);
    void cancel_step();

    struct Stop {
        enum class Kind : u8 { Breakpoint, Watchpoint, Step };
        Kind kind = Kind::Step;
        u32 processor = 0;
        u64 address = 0;  // Of the breakpoint, or of what was watched.
        Watch watch = Watch::Write;
    };
    /// After RunOutcome::Debugger. Nothing: the machine is to go on, a step is not complete.
    std::optional<Stop> look_at_stop();

    /// Through the page tables of a processor. How many bytes from the first one on there are:
    /// what is no memory ends it.
    usize read_memory(u32 processor, u64 linear, std::span<u8> into);
    usize read_physical(u64 address, std::span<u8> into);
    /// Where a linear address leads.
    std::optional<u64> physical_address(u32 processor, u64 linear);
    /// The same, with the rights that go with it.
    cpu::PeekedTranslation translation_of(u32 processor, u64 linear);

    cpu::RegisterValue read_register(u32 processor, const cpu::NamedRegister& which) const;

    // All of these may say why not.

    /// Nothing comes into a replay but what was recorded.
    fabric::Result<> check_takes_input() const;
    fabric::Result<> write_memory(u32 processor, u64 linear, std::span<const u8> bytes);
    fabric::Result<> write_physical(u64 address, std::span<const u8> bytes);
    fabric::Result<> write_register(u32 processor, const cpu::NamedRegister& which,
                                    const cpu::RegisterValue& value);

private:
    /// A step that was interrupted, until the handler comes back.
    struct Interrupted {
        u32 processor = 0;
        bool instruction_done = false;
    };

    u32 number_of(const cpu::Vcpu* vcpu) const;
    void attach(cpu::Breakpoints* breakpoints);
    void prepare_code(u64 linear);
    void drop_host_pointers();
    void run_handler_of(const cpu::Breakpoints::Stop& stop);
    fabric::Result<> post(std::span<const u8> poke);

    Machine& machine_;
    cpu::Breakpoints breakpoints_;
    bool into_events_ = false;
    std::optional<Interrupted> interrupted_;
};

}  // namespace machine
