// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/interpreter/interpreter.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "cpu/core/breakpoints.hpp"
#include "cpu/core/debug.hpp"
#include "cpu/core/exception_delivery.hpp"
#include "cpu/core/instruction_trace.hpp"
#include "cpu/core/interrupts.hpp"
#include "cpu/core/monitor.hpp"
#include "cpu/core/yield.hpp"
#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/interpreter/block_builder.hpp"
#include "cpu/interpreter/chain.hpp"
#include "cpu/interpreter/handler.hpp"
#include "cpu/interpreter/mode.hpp"
#include "cpu/mmu/page_walk.hpp"
#include "cpu/mmu/translation_control.hpp"
#include "cpu/semantics/operands.hpp"
#include "cpu/semantics/semantics.hpp"

namespace cpu {

using interpreter::Block;
using interpreter::Op;

namespace {

Privilege fetch_privilege(const Vcpu& vcpu) {
    return vcpu.state.cpl == 3 ? Privilege::User : Privilege::Supervisor;
}

/// Conditions under which instructions are taken one at a time, with a look around between them.
bool needs_single_steps(const Vcpu& vcpu) {
    constexpr u64 stepping = rflags::TF | rflags::RF;
    return (vcpu.state.other_flags & stepping) != 0 || vcpu.state.shadow != InterruptShadow::None ||
           vcpu.state.events.debug_traps != 0 || instruction_breakpoints_enabled(vcpu);
}

bool repeats(const Instruction& instruction) {
    return form_of(instruction).has(attribute::String) && instruction.rep != RepPrefix::None;
}

/// INT n and its kin clear TF on their way and leave no trap behind (SDM 3B 18.3.1.4); so does
/// SYSCALL where SFMASK has TF.
bool swallows_trap(const CpuState& state, const Instruction& instruction, Step outcome) {
    if (outcome != Step::Jump) return false;
    switch (form_of(instruction).semantic) {
        case Semantic::int_n:
        case Semantic::int3:
        case Semantic::into:
        case Semantic::int1: return true;
        case Semantic::syscall: return (state.other_flags & rflags::TF) == 0;
        default: return false;
    }
}

bool interrupt_waits(const Vcpu& vcpu) {
    return vcpu.ports.interrupts && vcpu.ports.interrupts->pending();
}

/// Up to so many of the bytes that were fetched, as far as they lie in memory.
template <class Origin>
std::vector<u8> bytes_from(const Vcpu& vcpu, const Origin& origin, usize most) {
    std::vector<u8> bytes;
    for (usize piece = 0; piece < origin.first.size(); ++piece) {
        const auto page = vcpu.ports.memory.page(origin.first[piece] >> 12);
        if (!page.host) break;
        const u8* const from = page.host + (origin.first[piece] & page_mask);
        bytes.insert(bytes.end(), from, from + std::min<usize>(origin.length[piece], most));
        most -= std::min<usize>(origin.length[piece], most);
    }
    return bytes;
}

/// Between two iterations RF is set.
TracedInstruction::Progress progress_of(const Vcpu& vcpu, const Instruction& instruction) {
    const bool goes_on = (vcpu.state.other_flags & rflags::RF) != 0 && repeats(instruction);
    return goes_on ? TracedInstruction::Progress::GoesOn : TracedInstruction::Progress::Begins;
}

/// Whether take_pending_event has anything to look at.
bool something_pending(const Vcpu& vcpu) {
    const PendingEvents& events = vcpu.state.events;
    return events.nmi || events.smi || events.init || events.sipi || events.debug_traps != 0 ||
           interrupt_waits(vcpu);
}

}  // namespace

Interpreter::Interpreter(fabric::GuestMemory& memory) : memory_(memory) {
    memory_.add_observer(*this);
}

Interpreter::~Interpreter() { memory_.remove_observer(*this); }

const EngineTraits& Interpreter::traits() const {
    static constexpr EngineTraits traits{.name = "interpreter",
                                         .deterministic = true,
                                         .counts_exactly = true,
                                         .works_in_place = true};
    return traits;
}

StopCause Interpreter::run(Vcpu& vcpu, u64 instructions) {
    const GuestFpScope guest_fp(vcpu);
    Breakpoints* const debugger = vcpu.ports.breakpoints;
    if (debugger) instructions = debugger->allowance(vcpu, instructions);
    vcpu.budget = static_cast<i64>(instructions);
    vcpu.scratch.slice_end = vcpu.state.retired + instructions;
    vcpu.scratch.engine = this;
    wants_link_ = nullptr;
    while (true) {
        if (const auto cause = attend(vcpu)) return *cause;
        const bool at_breakpoint = debugger && debugger->stands_at(vcpu, linear_rip(vcpu));
        if (at_breakpoint && debugger->stops_before(vcpu)) return StopCause::Debugger;
        if (at_breakpoint || needs_single_steps(vcpu) || is_traced(vcpu)) {
            wants_link_ = nullptr;
            step(vcpu);
            continue;
        }
        const u32 mode = interpreter::mode_of(vcpu);
        const Found found = find_block(vcpu, mode);
        if (found.raised) {
            raise_in_guest(vcpu);
        } else if (!found.block || found.block->count > vcpu.budget) {
            wants_link_ = nullptr;
            step(vcpu);
        } else {
            link(vcpu, *found.block);
            enter(vcpu, *found.block);
        }
        vcpu.state.retired = vcpu.scratch.slice_end - static_cast<u64>(vcpu.budget);
    }
}

/// Between blocks: what is asked of us, and what can be taken.
std::optional<StopCause> Interpreter::attend(Vcpu& vcpu) {
    Breakpoints* const debugger = vcpu.ports.breakpoints;
    const bool stops = debugger && debugger->stop_due(vcpu);
    // Before all else, so that it depends on the instruction alone; a debugger's stop waits.
    if (vcpu.attention & attention::Yield) return StopCause::StopRequested;
    if (stops) {
        vcpu.attention &= ~attention::Stop;  // It has been obeyed.
        return StopCause::Debugger;
    }
    if (vcpu.attention & attention::Stop) {
        vcpu.attention &= ~attention::Stop;
        return StopCause::StopRequested;
    }
    vcpu.attention = 0;
    if (something_pending(vcpu)) {
        if (take_event(vcpu, false)) wants_link_ = nullptr;
        if (debugger && debugger->stop_due(vcpu)) return StopCause::Debugger;
    }
    if (vcpu.state.activity == Activity::Shutdown) return StopCause::Shutdown;
    if (vcpu.state.activity != Activity::Running) return StopCause::Halted;
    if (vcpu.budget <= 0) return StopCause::BudgetSpent;
    return std::nullopt;
}

bool Interpreter::take_event(Vcpu& vcpu, bool shadow_expires) {
    Breakpoints* const debugger = vcpu.ports.breakpoints;
    if (!debugger) return take_pending_event(vcpu, shadow_expires);
    const Breakpoints::Place interrupted = Breakpoints::place_of(vcpu);
    const bool awaited_sipi = vcpu.state.activity == Activity::WaitForSipi;
    const bool init_pending = vcpu.state.events.init;
    if (!take_pending_event(vcpu, shadow_expires)) return false;
    // INIT and SIPI start code afresh: nothing comes back from there. (And a stop between the two
    // would have the second one taken earlier.)
    const bool started_afresh = awaited_sipi || (init_pending && !vcpu.state.events.init);
    if (!started_afresh) debugger->event_taken(interrupted);
    return true;
}

Interpreter::Found Interpreter::find_block(Vcpu& vcpu, u32 mode) {
    const u64 context = interpreter::code_context(vcpu, mode);
    vcpu.scratch.code_context = context;
    const u64 rip = vcpu.state.rip;
    JumpEntry& jump = jump_entry(rip);
    const u64 segment_base = vcpu.state.segment(SegReg::Cs).base;
    if (jump.rip == rip && jump.context == context && jump.segment_base == segment_base &&
        jump.block->valid()) {
        vcpu.scratch.code_base = jump.code_base;
        return {jump.block};
    }
    const u64 linear = linear_rip(vcpu);
    const bool limited = (mode & interpreter::mode::FlatCode) == 0;
    const u64 to_page_end = page_mask - (linear & page_mask);
    // Near a limit, or where RIP is not even canonical, the slow road has the checks.
    if (limited && rip + to_page_end > vcpu.state.segment(SegReg::Cs).limit) return {};
    if (!is_canonical(linear)) return {};
    const auto page = translate_or_fault(vcpu, linear, Access::Execute, fetch_privilege(vcpu));
    if (!page) return {.raised = true};
    const u64 physical = through_a20(vcpu, page->physical_page) | (linear & page_mask);
    Block* block = block_at(vcpu, physical, mode);
    if (!block) return {};
    vcpu.scratch.code_context = interpreter::code_context(vcpu, mode);
    vcpu.scratch.code_base = rip - (linear & page_mask);
    jump_entry(rip) = {rip, vcpu.scratch.code_context, segment_base, block, vcpu.scratch.code_base};
    return {block};
}

/// Null: this is no memory that could be kept as code, or an instruction that runs into the next
/// page: the slow road.
Block* Interpreter::block_at(Vcpu& vcpu, u64 physical, u32 mode) {
    if (Block* known = blocks_.find(physical, mode)) return known;
    const auto page = memory_.page(physical >> 12);
    if (!page.host) return nullptr;
    if (blocks_.nearly_full()) forget_blocks();
    const Breakpoints* const debugger = vcpu.ports.breakpoints;
    Block* built =
        interpreter::build_block(blocks_, {page.host, page_size}, physical, mode, vcpu.features,
                                 debugger ? &debugger->offsets() : nullptr);
    if (!built) return nullptr;
    ++counters_.blocks_built;
    counters_.instructions_decoded += static_cast<u64>(built->count);
    if (!blocks_.has_code(physical >> 12)) mark_as_code(physical >> 12);
    blocks_.add(*built);
    return built;
}

/// From now on we are told of writes to the frame. Nobody writes to code in it untold: of blocks
/// that is true while they can be found, of other instructions if watch() has been called.
void Interpreter::mark_as_code(u64 frame) {
    memory_.set_flag(frame, fabric::page_flag::Code, true);
    for (Vcpu* each : vcpus_) each->first_level.forbid_writes();
}

/// For a repeated string instruction, which must stop where it writes over itself, so that the new
/// bytes run from the next element on. Bytes that come from a device may be others each time.
void Interpreter::watch(Vcpu& vcpu, const Origin& origin) {
    watched_ = origin;
    for (usize i = 0; i < 2 && origin.length[i] != 0; ++i) {
        const u64 frame = origin.first[i] >> 12;
        const auto page = memory_.page(frame);
        if (!page.host) vcpu.attention |= attention::StateChanged;
        if (page.host && (page.flags & fabric::page_flag::Code) == 0) mark_as_code(frame);
    }
}

bool Interpreter::Origin::in_frame(u64 frame) const {
    return overlaps(frame << 12, (frame + 1) << 12);
}

bool Interpreter::Origin::overlaps(u64 begin, u64 end) const {
    for (usize i = 0; i < 2; ++i) {
        if (length[i] != 0 && first[i] < end && begin < first[i] + length[i]) return true;
    }
    return false;
}

void Interpreter::link(const Vcpu& vcpu, Block& block) {
    if (!wants_link_) return;
    interpreter::Exit& exit = *std::exchange(wants_link_, nullptr);
    const bool same_page = (exit.target >> 12) == 0;
    // With a base or a limit of CS, what lies behind the page's end may change without a new
    // context.
    if (!same_page && (block.mode & interpreter::mode::FlatCode) == 0) return;
    exit.block = &block;
    exit.context = same_page ? 0 : vcpu.scratch.code_context;
    exit.code_base = vcpu.scratch.code_base - static_cast<u64>(exit.page_step);
}

void Interpreter::enter(Vcpu& vcpu, Block& block) {
    vcpu.budget -= block.count;
    interpreter::note_on_trail(&vcpu, &block);
    TlbEntry* tlb = vcpu.first_level.way(data_privilege(vcpu)).data();
    const Op* op = block.ops;
#if SATORI_TAIL_CALLS
    op->handler(op, &vcpu, tlb, vcpu.state.status);
#else
    u32 status = vcpu.state.status;
    while (op) {
        const interpreter::Next next = op->handler(op, &vcpu, tlb, status);
        op = next.op;
        status = next.status;
    }
#endif
}

/// The bytes at RIP, decoded. False: Vcpu::exception says why not.
bool Interpreter::fetch(Vcpu& vcpu, Instruction& into, Origin& origin) {
    const CodeMode code = vcpu.code_mode();
    const u64 linear = linear_rip(vcpu);
    const Segment& cs = vcpu.state.segment(SegReg::Cs);
    u64 allowed = 15;
    if (code != CodeMode::Bits64) {
        const u64 to_limit = vcpu.state.rip > cs.limit ? 0 : u64{cs.limit} - vcpu.state.rip + 1;
        allowed = std::min(allowed, to_limit);
    }
    std::array<u8, 15> bytes{};
    usize have = 0;
    while (true) {
        const DecodeStatus status = have == 0
                                        ? DecodeStatus::Truncated
                                        : decode({bytes.data(), have}, code, vcpu.features, into);
        if (status == DecodeStatus::Ok) return true;
        if (status == DecodeStatus::Invalid) {
            (void)vcpu.raise(Vector::UD);
            return false;
        }
        // Only what lies in one page is fetched at once: the next may not be there.
        u64 at = linear + have;
        if (code != CodeMode::Bits64) at &= 0xffff'ffff;
        if (status == DecodeStatus::TooLong || have >= allowed || !is_canonical(at)) {
            (void)vcpu.raise(Vector::GP, 0);
            return false;
        }
        const auto page = translate_or_fault(vcpu, at, Access::Execute, fetch_privilege(vcpu));
        if (!page) return false;
        const usize in_page = std::min<usize>(page_size - (at & page_mask), allowed - have);
        const u64 physical = page->physical_page + (at & page_mask);
        read_physical_bytes(vcpu, physical, {bytes.data() + have, in_page});
        const usize piece = have == 0 ? 0 : 1;
        origin.first[piece] = through_a20(vcpu, physical);
        origin.length[piece] = in_page;
        have += in_page;
    }
}

/// A delivery takes the time of an instruction: a handler that faults at once and for ever would
/// otherwise stop the clock, and with it the machine.
void Interpreter::raise_in_guest(Vcpu& vcpu) {
    deliver_exception(vcpu);
    ++vcpu.state.retired;
    --vcpu.budget;
}

/// After the meaning has run: RIP, the count, and what follows from the outcome.
void Interpreter::complete(Vcpu& vcpu, const Instruction& instruction, Step step) {
    switch (step) {
        case Step::Next: vcpu.state.rip = next_rip(vcpu, instruction); break;
        case Step::Jump: break;
        case Step::Repeat:
            // An interrupt between iterations finds RF set (SDM 3B 18.3.1.1).
            vcpu.state.other_flags |= rflags::RF;
            return;
        case Step::Fault: raise_in_guest(vcpu); return;
    }
    ++vcpu.state.retired;
    --vcpu.budget;
}

void Interpreter::step(Vcpu& vcpu) {
    ++counters_.slow_instructions;
    const bool trap = (vcpu.state.other_flags & rflags::TF) != 0;
    const InterruptShadow shadow = vcpu.state.shadow;
    if (instruction_breakpoint(vcpu, linear_rip(vcpu))) {
        raise_in_guest(vcpu);
        return;
    }
    Instruction instruction;
    Origin origin;
    const bool fetched = fetch(vcpu, instruction, origin);
    std::optional<TracedInstruction> traced;
    if (is_traced(vcpu)) [[unlikely]] {
        const auto bytes = bytes_from(vcpu, origin, fetched ? instruction.length : 15);
        traced.emplace(vcpu, bytes, progress_of(vcpu, instruction));
    }
    if (!fetched) {
        raise_in_guest(vcpu);
        return;
    }
    vcpu.state.other_flags &= ~rflags::RF;
    if (repeats(instruction)) watch(vcpu, origin);
    const Step outcome = execute(vcpu, instruction);
    watched_ = {};
    complete(vcpu, instruction, outcome);
    if (traced) traced->ended();
    const bool completed = outcome == Step::Next || outcome == Step::Jump;
    if (trap && outcome != Step::Fault && !swallows_trap(vcpu.state, instruction, outcome) &&
        single_step_traps(vcpu.state, outcome)) {
        vcpu.state.events.debug_traps |= dr6::BS;
    }
    if (shadow != InterruptShadow::None || vcpu.state.shadow != InterruptShadow::None ||
        something_pending(vcpu)) {
        (void)take_event(vcpu, completed && shadow != InterruptShadow::None);
    }
}

bool Interpreter::execute_within_block(Vcpu& vcpu, const Op& op, const Instruction* decoded) {
    ++counters_.slow_instructions;
    vcpu.budget += static_cast<i64>(op.remaining);
    vcpu.state.retired = vcpu.scratch.slice_end - static_cast<u64>(vcpu.budget);
    vcpu.state.rip = interpreter::rip_in(vcpu, op.offset);
    const u64 generation = vcpu.tlb.generation();
    Instruction fetched;
    Origin origin;
    if (!decoded) {
        if (!fetch(vcpu, fetched, origin)) {
            raise_in_guest(vcpu);
            return false;
        }
        decoded = &fetched;
    }
    const Step outcome = execute(vcpu, *decoded);
    complete(vcpu, *decoded, outcome);
    const bool go_on = outcome == Step::Next && vcpu.attention == 0 && !something_pending(vcpu) &&
                       vcpu.state.shadow == InterruptShadow::None &&
                       vcpu.tlb.generation() == generation;
    if (go_on) vcpu.budget -= op.remaining - 1;
    return go_on;
}

void Interpreter::memory_changed(fabric::Gpa first, u64 length) {
    const u64 begin = first.value;
    for (Vcpu* each : vcpus_) note_store(*each, begin, length);
    const u64 end = begin + length;
    const bool in_block = blocks_.invalidate(begin, length, interpreter::abandoned);
    if (in_block) ++counters_.blocks_invalidated;
    if (in_block || watched_.overlaps(begin, end)) {
        for (Vcpu* each : vcpus_) each->attention |= attention::StateChanged;
    }
    for (u64 frame = begin >> 12; frame <= (end - 1) >> 12; ++frame) {
        if (blocks_.has_code(frame) || watched_.in_frame(frame)) continue;
        memory_.set_flag(frame, fabric::page_flag::Code, false);
    }
}

/// What linear addresses translate to has not changed: only what is kept of the frames goes.
void Interpreter::mapping_changed(fabric::Gpa first, u64 length) {
    // Handlers may be running: blocks stay where they are, but none of these is found again.
    if (blocks_.invalidate(first.value, length, interpreter::abandoned)) {
        ++counters_.blocks_invalidated;
    }
    for (Vcpu* vcpu : vcpus_) drop_host_pointers(*vcpu);
}

void Interpreter::writes_restricted() {
    for (Vcpu* vcpu : vcpus_) vcpu->first_level.forbid_writes();
}

void Interpreter::breakpoint_placed(u64 linear) {
    blocks_.invalidate_offset(static_cast<u16>(linear & page_mask), interpreter::abandoned);
}

std::vector<Interpreter::Stretch> Interpreter::recent_code(const Vcpu& vcpu) const {
    std::vector<Stretch> stretches;
    const auto& trail = vcpu.scratch.trail;
    for (usize i = 0; i < trail.size(); ++i) {
        const auto* block =
            static_cast<const Block*>(trail[(vcpu.scratch.trail_length + i) % trail.size()]);
        if (!block) continue;
        stretches.push_back(
            {block->physical, block->length, interpreter::code_mode_in(block->mode)});
    }
    return stretches;
}

void Interpreter::forget_blocks() {
    ++counters_.cache_clears;
    for (Vcpu* vcpu : vcpus_) vcpu->scratch.trail.fill(nullptr);
    wants_link_ = nullptr;
    jumps_.fill({});
    for (const u64 frame : blocks_.clear()) {
        memory_.set_flag(frame, fabric::page_flag::Code, false);
    }
}

}  // namespace cpu
