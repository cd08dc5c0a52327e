// SPDX-License-Identifier: BSD-2-Clause
#include "machine/run/debugger.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "cpu/arch/paging.hpp"
#include "cpu/core/device_access.hpp"
#include "machine/board/poke.hpp"

namespace machine {

using cpu::Breakpoints;
using fabric::Error;
using fabric::Result;

namespace {

/// Calls `visit(address, offset, size)` for the part of a range in each page, until one is refused.
/// How many bytes were accepted.
template <class Visit>
usize for_each_page(u64 address, usize size, Visit visit) {
    usize done = 0;
    while (done < size) {
        const u64 at = address + done;
        const usize in_page = std::min(size - done, fabric::page_size - (at & cpu::page_mask));
        if (!visit(at, done, in_page)) break;
        done += in_page;
    }
    return done;
}

}  // namespace

Debugger::~Debugger() { remove_all(); }

void Debugger::attach(Breakpoints* breakpoints) {
    for (u32 i = 0; i < processors(); ++i) machine_.board().vcpu(i).ports.breakpoints = breakpoints;
}

u32 Debugger::number_of(const cpu::Vcpu* vcpu) const {
    for (u32 i = 0; i < processors(); ++i) {
        if (&std::as_const(machine_).board().vcpu(i) == vcpu) return i;
    }
    UNREACHABLE();
}

void Debugger::prepare_code(u64 linear) { machine_.board().engine().breakpoint_placed(linear); }

void Debugger::drop_host_pointers() {
    for (u32 i = 0; i < processors(); ++i) machine_.board().vcpu(i).first_level.flush();
}

void Debugger::insert_breakpoint(u64 linear) {
    attach(&breakpoints_);
    if (breakpoints_.insert(linear)) prepare_code(linear);
}

bool Debugger::remove_breakpoint(u64 linear) { return breakpoints_.remove(linear); }

void Debugger::insert_watchpoint(const Watchpoint& watchpoint) {
    attach(&breakpoints_);
    breakpoints_.insert(watchpoint);
    drop_host_pointers();
}

bool Debugger::remove_watchpoint(const Watchpoint& watchpoint) {
    return breakpoints_.remove(watchpoint);
}

void Debugger::remove_all() {
    breakpoints_.remove_all();
    interrupted_.reset();
    attach(nullptr);
}

void Debugger::step(u32 processor) {
    cancel_step();
    attach(&breakpoints_);
    breakpoints_.step(machine_.board().vcpu(processor));
}

void Debugger::cancel_step() {
    breakpoints_.cancel_step();
    breakpoints_.cancel_return();
    interrupted_.reset();
}

/// The handler runs at full speed, to where it came from.
void Debugger::run_handler_of(const Breakpoints::Stop& stop) {
    breakpoints_.cancel_step();
    interrupted_ = Interrupted{number_of(stop.vcpu), stop.instruction_done};
    if (breakpoints_.return_to(stop.interrupted)) prepare_code(stop.interrupted.linear);
}

std::optional<Debugger::Stop> Debugger::look_at_stop() {
    const auto stop = breakpoints_.take_stop();
    if (!stop) return std::nullopt;
    Stop found{.processor = number_of(stop->vcpu)};
    switch (stop->reason) {
        case Breakpoints::Reason::Breakpoint:
            found.kind = Stop::Kind::Breakpoint;
            found.address = stop->address;
            break;
        case Breakpoints::Reason::Watchpoint:
            found.kind = Stop::Kind::Watchpoint;
            found.address = stop->address;
            found.watch = stop->watch;
            break;
        case Breakpoints::Reason::Step: break;
        case Breakpoints::Reason::Event:
            if (into_events_) break;
            run_handler_of(*stop);
            return std::nullopt;
        case Breakpoints::Reason::Returned:
            if (!interrupted_ || interrupted_->instruction_done) break;
            step(found.processor);
            return std::nullopt;
    }
    cancel_step();
    return found;
}

std::optional<u64> Debugger::physical_address(u32 processor, u64 linear) {
    cpu::Vcpu& vcpu = machine_.board().vcpu(processor);
    if (vcpu.long_mode() ? !cpu::is_canonical(linear) : linear >> 32 != 0) return std::nullopt;
    const auto physical = cpu::peek_physical(vcpu, linear);
    // The processor's own registers hide what is there.
    if (physical && cpu::is_apic_page(vcpu, *physical >> 12)) return std::nullopt;
    return physical;
}

cpu::PeekedTranslation Debugger::translation_of(u32 processor, u64 linear) {
    return cpu::peek_translation(machine_.board().vcpu(processor), linear);
}

usize Debugger::read_physical(u64 address, std::span<u8> into) {
    return for_each_page(address, into.size(), [&](u64 at, usize offset, usize size) {
        return machine_.board().memory().read(fabric::Gpa{at}, into.subspan(offset, size));
    });
}

usize Debugger::read_memory(u32 processor, u64 linear, std::span<u8> into) {
    return for_each_page(linear, into.size(), [&](u64 at, usize offset, usize size) {
        const auto physical = physical_address(processor, at);
        return physical && read_physical(*physical, into.subspan(offset, size)) == size;
    });
}

cpu::RegisterValue Debugger::read_register(u32 processor, const cpu::NamedRegister& which) const {
    return cpu::read_register(std::as_const(machine_).board().vcpu(processor), which);
}

Result<> Debugger::check_takes_input() const {
    if (!machine_.journal().replaying()) return {};
    return Error{"this run is a replay, and nothing comes into it but what was recorded"};
}

/// Delivered at once: it is a moment between two instructions.
Result<> Debugger::post(std::span<const u8> poke) {
    TRY(check_takes_input());
    fabric::InputJournal& journal = machine_.journal();
    journal.post(machine_.board().poke_input(), poke);
    machine_.board().events().run_until(machine_.now().time);
    journal.deliver_due(machine_.now());
    return {};
}

Result<> Debugger::write_physical(u64 address, std::span<const u8> bytes) {
    TRY(post(poke_of_memory(fabric::Gpa{address}, bytes)));
    std::vector<u8> now(bytes.size());
    const usize read = read_physical(address, now);
    if (read != bytes.size() || !std::ranges::equal(now, bytes)) {
        return Error{"there is no memory that could be written"};
    }
    return {};
}

Result<> Debugger::write_memory(u32 processor, u64 linear, std::span<const u8> bytes) {
    Result<> outcome;
    for_each_page(linear, bytes.size(), [&](u64 at, usize offset, usize size) {
        const auto physical = physical_address(processor, at);
        outcome = physical ? write_physical(*physical, bytes.subspan(offset, size))
                           : Error{"there is no memory at this address"};
        return static_cast<bool>(outcome);
    });
    return outcome;
}

Result<> Debugger::write_register(u32 processor, const cpu::NamedRegister& which,
                                  const cpu::RegisterValue& value) {
    if (read_register(processor, which) == value) return {};
    TRY(post(poke_of_register(processor, which.name, value)));
    if (which.kind == cpu::RegisterKind::Pc) breakpoints_.forget_passed();
    if (read_register(processor, which) != value) {
        return Error{std::string(which.name) + " cannot hold this value"};
    }
    return {};
}

}  // namespace machine
