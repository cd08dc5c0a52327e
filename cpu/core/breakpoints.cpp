// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/breakpoints.hpp"

#include <algorithm>
#include <utility>

#include "cpu/arch/paging.hpp"

namespace cpu {

namespace {

bool asks_for(Breakpoints::Watch watch, Access access) {
    switch (watch) {
        case Breakpoints::Watch::Write: return access == Access::Write;
        case Breakpoints::Watch::Read: return access == Access::Read;
        case Breakpoints::Watch::ReadWrite: return access != Access::Execute;
    }
    UNREACHABLE();
}

}  // namespace

u64 linear_rip(const Vcpu& vcpu) {
    if (vcpu.code_mode() == CodeMode::Bits64) return vcpu.state.rip;
    return (vcpu.state.segment(SegReg::Cs).base + vcpu.state.rip) & 0xffff'ffff;
}

Breakpoints::Place Breakpoints::place_of(const Vcpu& vcpu) {
    // The low bits of CR3 are a number that a kernel may give an address space anew.
    return {.vcpu = &vcpu,
            .linear = linear_rip(vcpu),
            .stack = vcpu.state.reg(Gpr::Rsp),
            .space = vcpu.state.cr3 & ~page_mask};
}

/// Offsets stay prepared for: setting a breakpoint again costs nothing then.
bool Breakpoints::arm(u64 linear) {
    const usize offset = linear & page_mask;
    if (offsets_.test(offset)) return false;
    offsets_.set(offset);
    return true;
}

bool Breakpoints::insert(u64 linear) {
    const auto place = std::ranges::lower_bound(breakpoints_, linear);
    if (place == breakpoints_.end() || *place != linear) breakpoints_.insert(place, linear);
    return arm(linear);
}

bool Breakpoints::remove(u64 linear) {
    const auto found = std::ranges::lower_bound(breakpoints_, linear);
    if (found == breakpoints_.end() || *found != linear) return false;
    breakpoints_.erase(found);
    if (passed_ && passed_->linear == linear) passed_.reset();
    return true;
}

void Breakpoints::insert(const Watchpoint& watchpoint) {
    if (std::ranges::find(watchpoints_, watchpoint) == watchpoints_.end()) {
        watchpoints_.push_back(watchpoint);
    }
}

bool Breakpoints::remove(const Watchpoint& watchpoint) {
    return std::erase(watchpoints_, watchpoint) != 0;
}

void Breakpoints::remove_all() {
    breakpoints_.clear();
    watchpoints_.clear();
    offsets_.reset();
    step_.reset();
    return_place_.reset();
    passed_.reset();
    stop_.reset();
}

void Breakpoints::step(const Vcpu& vcpu) {
    step_ = Step{.vcpu = &vcpu, .linear = linear_rip(vcpu), .retired = vcpu.state.retired};
}

void Breakpoints::cancel_step() { step_.reset(); }

bool Breakpoints::return_to(const Place& place) {
    return_place_ = place;
    return arm(place.linear);
}

std::optional<Breakpoints::Stop> Breakpoints::take_stop() { return std::exchange(stop_, {}); }

u64 Breakpoints::allowance(const Vcpu& vcpu, u64 instructions) {
    if (!step_ || step_->vcpu != &vcpu) return instructions;
    step_->retired = vcpu.state.retired;
    return std::min(instructions, u64{1});
}

bool Breakpoints::stands_at(const Vcpu& vcpu, u64 linear) const {
    if (!offsets_.test(linear & page_mask)) return false;
    const bool returns =
        return_place_ && return_place_->vcpu == &vcpu && return_place_->linear == linear;
    return returns || std::ranges::binary_search(breakpoints_, linear);
}

bool Breakpoints::stops_before(const Vcpu& vcpu) {
    const Place here = place_of(vcpu);
    if (return_place_ == here) {
        return_place_.reset();
        stop_ = Stop{.reason = Reason::Returned, .vcpu = &vcpu};
        return true;
    }
    if (!std::ranges::binary_search(breakpoints_, here.linear)) return false;
    if (passed_ == here) {
        passed_.reset();
        return false;
    }
    // A string instruction between two of its iterations, or one that has faulted and is retried.
    if ((vcpu.state.other_flags & rflags::RF) != 0) return false;
    passed_ = here;
    stop_ = Stop{.reason = Reason::Breakpoint, .vcpu = &vcpu, .address = here.linear};
    return true;
}

/// Between two iterations, RF is set and RIP stays.
bool Breakpoints::step_made(const Vcpu& vcpu) const {
    const bool repeats =
        (vcpu.state.other_flags & rflags::RF) != 0 && linear_rip(vcpu) == step_->linear;
    return vcpu.state.retired != step_->retired && !repeats;
}

bool Breakpoints::stop_due(const Vcpu& vcpu) {
    if (stop_) return stop_->vcpu == &vcpu;
    if (!step_ || step_->vcpu != &vcpu || !step_made(vcpu)) return false;
    stop_ = Stop{.reason = Reason::Step, .vcpu = &vcpu};
    return true;
}

void Breakpoints::event_taken(const Place& interrupted) {
    if (stop_ || !step_ || step_->vcpu != interrupted.vcpu) return;
    stop_ = Stop{.reason = Reason::Event,
                 .vcpu = interrupted.vcpu,
                 .interrupted = interrupted,
                 .instruction_done = interrupted.vcpu->state.retired != step_->retired};
}

bool Breakpoints::watches_page_of(u64 linear) const {
    return std::ranges::any_of(watchpoints_, [&](const Watchpoint& each) {
        return each.range.overlaps(linear & ~page_mask, page_size);
    });
}

void Breakpoints::note_access(Vcpu& vcpu, u64 linear, usize size, Access access) {
    for (const Watchpoint& each : watchpoints_) {
        if (stop_ || !asks_for(each.watch, access) || !each.range.overlaps(linear, size)) continue;
        // Within the range: a debugger finds its watchpoint by the address.
        const bool begins_before = linear - each.range.first >= each.range.length;
        stop_ = Stop{.reason = Reason::Watchpoint,
                     .vcpu = &vcpu,
                     .address = begins_before ? each.range.first : linear,
                     .watch = each.watch};
        vcpu.attention |= attention::StateChanged;
    }
}

}  // namespace cpu
