// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/partition.hpp"

#include <algorithm>

#include "fabric/support/bit_range.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::MsrOutcome;
using fabric::GuestAccess;
using fabric::Result;

namespace {

constexpr u64 hypercall_locked = 1 << 1;

}  // namespace

Partition::Partition(Config config, Wiring wiring)
    : config_(config),
      wiring_(std::move(wiring)),
      time_(wiring_.events, config.tsc_hz),
      hypercall_(wiring_.memory, "hypercall page", GuestAccess::ReadOnly,
                 config.physical_address_bits),
      reference_tsc_(wiring_.memory, "reference TSC page", GuestAccess::ReadOnly,
                     config.physical_address_bits) {
    for (u32 index = 0; index < wiring_.processors.size(); ++index) {
        const Processor& each = wiring_.processors[index];
        processors_.push_back(std::make_unique<VirtualProcessor>(
            VirtualProcessor::Config{.index = index},
            VirtualProcessor::Wiring{*this, each.vcpu, each.apic}));
    }
    fill_hypercall_page();
}

Partition::~Partition() = default;

void Partition::reset(fabric::ResetKind) {
    state_ = State{};
    time_.start();
    hypercall_.reset();
    reference_tsc_.reset();
    fill_hypercall_page();
}

Partition::State Partition::state() const {
    State state = state_;
    state.hypercall = hypercall_.state();
    state.reference_tsc = reference_tsc_.state();
    state.start_tick = time_.start_tick();
    return state;
}

Result<> Partition::restore(fabric::StateReader& in) {
    State fresh;
    TRY(in.read(fresh));
    if (!OverlayRegister::is_state(fresh.hypercall) ||
        !OverlayRegister::is_state(fresh.reference_tsc)) {
        return fabric::Error{"a page that has not 4096 bytes"};
    }
    hypercall_.restore(fresh.hypercall);
    reference_tsc_.restore(fresh.reference_tsc);
    time_.set_start_tick(fresh.start_tick);
    state_ = std::move(fresh);
    state_.hypercall = {};
    state_.reference_tsc = {};
    return {};
}

void Partition::replace_overlays() {
    std::vector<OverlayRegister*> all{&hypercall_, &reference_tsc_};
    for (const auto& each : processors_) {
        for (OverlayRegister* page : each->overlays()) all.push_back(page);
    }
    std::ranges::stable_sort(all, {}, &OverlayRegister::order);
    for (OverlayRegister* page : all) page->replace();
}

// ---- The hypercall interface (TLFS, Establishing the Hypercall Interface) ----

void Partition::fill_hypercall_page() {
    constexpr u8 breakpoint = 0xcc;
    constexpr std::array<u8, 4> code = {0x0f, 0x01, 0xc1, 0xc3};  // VMCALL; RET
    const std::span<u8> page = hypercall_.bytes();
    std::ranges::fill(page, breakpoint);
    std::ranges::copy(code, page.begin());
}

void Partition::write_guest_os_id(u64 value) {
    state_.guest_os_id = value;
    if (value == 0) hypercall_.write(hypercall_.value() & ~OverlayRegister::enable, 0);
}

MsrOutcome Partition::write_hypercall_register(u64 value) {
    if (has(Feature::HypercallLock) && (hypercall_.value() & hypercall_locked)) {
        return MsrOutcome::GeneralProtection;
    }
    if (!hypercall_.is_in_space(value)) return MsrOutcome::GeneralProtection;
    if (state_.guest_os_id == 0) value &= ~OverlayRegister::enable;
    hypercall_.write(value, next_placement());
    return MsrOutcome::Done;
}

// ---- The reference TSC page (TLFS, Partition Reference Time Enlightenment) ----

bool Partition::tsc_is_common() const {
    return std::ranges::all_of(wiring_.processors, [this](const Processor& each) {
        return each.vcpu.state.msr.tsc_offset == 0 - time_.start_tick();
    });
}

/// Sequence 0 says: RDTSC does not show this time, read the counter.
void Partition::fill_reference_tsc_page() {
    constexpr u64 sequence = 0;
    constexpr u64 scale = 8;
    const auto store = [this](u64 offset, auto value) {
        std::array<u8, sizeof(value)> bytes;
        for (usize i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<u8>(value >> (8 * i));
        reference_tsc_.store(offset, bytes);
    };
    store(sequence, tsc_is_common() ? state_.tsc_sequence : u32{0});
    store(scale, time_.scale());  // The offset behind it is zero: both count from one instant.
}

void Partition::write_reference_tsc_register(u64 value) {
    fill_reference_tsc_page();
    reference_tsc_.write(value, next_placement());
}

void Partition::tsc_moved() {
    constexpr u32 never = 0xffff'ffff;  // Readers of old took it for "invalid" as well.
    if (++state_.tsc_sequence == never) state_.tsc_sequence = 1;
    fill_reference_tsc_page();
}

}  // namespace hyperv
