// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/unicorn_guest.hpp"

#include <algorithm>
#include <cstring>

#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/semantics/operands.hpp"
#include "cpu/semantics/semantics.hpp"
#include "fabric/support/verify.hpp"
#include "tests/differential/code_image.hpp"
#include "tests/differential/descriptors.hpp"
#include "tests/differential/guest_state.hpp"

namespace test::differential {

using cpu::Segment;
using cpu::SegReg;
using cpu::Step;

namespace {
constexpr u64 guest_ram = 0x10'0000;
constexpr u64 arena_frames = 0x1'0000;
constexpr u64 code_frames = 0x2'0000;
/// A repeated string instruction longer than this is taken for endless.
constexpr u32 most_slices = 20'000;
}  // namespace

u64 FlatGuest::Ports::read(u64 offset, u32 size) {
    const u32 value = port_value(offset, size);
    note_port_access(seen, offset, size, false, value);
    return value;
}

void FlatGuest::Ports::write(u64 offset, u32 size, u64 value) {
    note_port_access(seen, offset, size, true, value);
}

u64 FlatGuest::Nothing::read(u64 /*offset*/, u32 /*size*/) {
    touched = true;
    return ~u64{0};
}

void FlatGuest::Nothing::write(u64 /*offset*/, u32 /*size*/, u64 /*value*/) { touched = true; }

fabric::Result<std::unique_ptr<FlatGuest>> FlatGuest::create(const cpu::CpuModel& model,
                                                             FlatMode mode) {
    using fabric::Gpa;
    auto memory = TRY(fabric::GuestMemory::create(guest_ram));
    TRY(memory->map_ram(Gpa{0}, flat::tables_size, 0));
    TRY(memory->map_ram(Gpa{arena_of(mode)}, arena_size, arena_frames));
    TRY(memory->map_ram(Gpa{code_pages_of(mode)}, code_pages_size, code_frames));
    std::unique_ptr<FlatGuest> guest(new FlatGuest(std::move(memory), model, mode));
    TRY(guest->ports_.map({"ports", 0, 0x1'0000, 4, &guest->port_handler_}));
    TRY(guest->mmio_.map({"nothing", 0, u64{1} << 52, 8, &guest->nothing_}));
    return guest;
}

FlatGuest::FlatGuest(std::unique_ptr<fabric::GuestMemory> memory, const cpu::CpuModel& model,
                     FlatMode mode)
    : mode_(mode), memory_(std::move(memory)), usual_tables_(tables_for(mode)) {
    vcpu_ = std::make_unique<cpu::Vcpu>(
        model, cpu::VcpuPorts{.memory = *memory_, .io_ports = ports_, .mmio = mmio_});
    std::ranges::copy(usual_tables_, tables().begin());
    std::memset(memory_->ram().data() + code_frames, breakpoint_opcode, code_pages_size);
    initial_ = state_for_all();
    interpreter_ = std::make_unique<cpu::Interpreter>(*memory_);
    interpreter_->attach(*vcpu_);
}

std::span<u8> FlatGuest::memory() { return memory_->ram().subspan(arena_frames, arena_size); }

void FlatGuest::adopt_tables(std::span<const u8> from) {
    usual_tables_.assign(from.begin(), from.end());
    restore_tables();
}

void FlatGuest::restore_tables() {
    if (std::memcmp(tables().data(), usual_tables_.data(), usual_tables_.size()) != 0) {
        std::ranges::copy(usual_tables_, tables().begin());
    }
}

cpu::Segment FlatGuest::segment_for(u16 selector) const {
    if (mode_ == FlatMode::Real) {
        const bool code = selector == flat::real_code;
        return {.selector = selector,
                .attributes = static_cast<u16>(code ? 0x9b : 0x93),
                .limit = 0xffff,
                .base = u64{selector} << 4};
    }
    if ((selector & ~3) == 0) return {.selector = selector, .attributes = Segment::Unusable};
    const u64 descriptor = descriptor_at(usual_tables_, selector);
    Segment segment{.selector = selector};
    segment.attributes =
        static_cast<u16>(((descriptor >> 40) & 0xff) | ((descriptor >> 52) & 0xf) << 12);
    const u32 limit = static_cast<u32>((descriptor & 0xffff) | ((descriptor >> 32) & 0xf'0000));
    segment.limit = segment.has(Segment::Granular) ? limit << 12 | 0xfff : limit;
    segment.base = ((descriptor >> 16) & 0xff'ffff) | ((descriptor >> 56) & 0xff) << 24;
    return segment;
}

cpu::CpuState FlatGuest::state_for_all() const {
    using namespace cpu;
    CpuState state = vcpu_->state;
    state.cr0 = cr0::MP | cr0::ET | cr0::NE;
    state.cr4 = cr4::OSFXSR | cr4::OSXMMEXCPT;
    if (mode_ == FlatMode::Real) {
        state.idtr = {0, 0x3ff};
        state.gdtr = {0, 0};
        return state;
    }
    state.cr0 |= cr0::PE;
    state.gdtr = {flat::gdt, flat::gdt_limit};
    state.idtr = {flat::idt, static_cast<u16>(mode_ == FlatMode::Long ? 0xfff : 0x7ff)};
    state.ldtr = segment_for(flat::ldt);
    state.tr = segment_for(flat::tss);
    state.tr.attributes |= 2;  // Busy.
    if (mode_ == FlatMode::Long) {
        state.cr0 |= cr0::PG;
        state.cr3 = flat::pml4;
        state.cr4 |= cr4::PAE;
        state.msr.efer = efer::SCE | efer::LME | efer::LMA;
    }
    return state;
}

void FlatGuest::write_code(u64 linear, std::span<const u8> bytes) {
    if (bytes.empty()) return;
    // Through the front door: blocks made from what was there must go.
    VERIFY(memory_->write(fabric::Gpa{linear}, bytes));
}

void FlatGuest::place_code(const Case& test) {
    std::array<u8, 160> filler{};
    filler.fill(breakpoint_opcode);
    write_code(dirty_code_, {filler.data(), dirty_size_});
    const u64 room = code_pages_of(mode_) + code_pages_size - test.code_address;
    dirty_code_ = test.code_address;
    dirty_size_ = std::min<u64>(test.code_size, room);
    write_code(dirty_code_, {test.code.data(), dirty_size_});
}

void FlatGuest::load(const Case& test) {
    cpu::CpuState& state = vcpu_->state;
    state = initial_;
    put_registers(test.before, state);
    for (u8 i = 0; i < 6; ++i) state.segments[i] = segment_for(test.before.selectors[i]);
    if (mode_ == FlatMode::Long) {
        state.segment(SegReg::Fs).base = test.before.fs_base;
        state.segment(SegReg::Gs).base = test.before.gs_base;
    }
    vcpu_->attention = cpu::attention::StateChanged;
    nothing_.touched = false;
    port_handler_.seen.clear();
}

bool FlatGuest::raised_something() const {
    const cpu::CpuState& state = vcpu_->state;
    if (state.activity == cpu::Activity::Shutdown) return true;
    const u64 rip = state.rip + (mode_ == FlatMode::Real ? state.segment(SegReg::Cs).base : 0);
    return rip >= flat::handlers && rip < flat::handlers + 256 * flat::handler_size;
}

void FlatGuest::run_by_interpreter(const Case& test) {
    const u64 start = test.before.rip;
    (void)interpreter_->run(*vcpu_, 1);
    for (u32 i = 0; i < most_slices && vcpu_->state.rip == start && !raised_something() &&
                    !nothing_.touched && vcpu_->state.activity == cpu::Activity::Running;
         ++i) {
        (void)interpreter_->run(*vcpu_, 1);
    }
}

/// Whether it raised something.
bool FlatGuest::run_by_execute(const Case& test) {
    const cpu::GuestFpScope guest_fp(*vcpu_);
    for (u32 i = 0; i < most_slices; ++i) {
        vcpu_->budget = 1 << 20;
        const Step step = cpu::execute(*vcpu_, test.decoded);
        if (step == Step::Next) vcpu_->state.rip = cpu::next_rip(*vcpu_, test.decoded);
        if (step != Step::Repeat) return step == Step::Fault;
    }
    return false;
}

FlatOutcome FlatGuest::run(const Case& test, std::span<const u8> arena_bytes) {
    place_code(test);
    load(test);
    run_by_interpreter(test);
    if (!raised_something()) return outcome(false);
    std::ranges::copy(arena_bytes, memory().begin());
    restore_tables();
    load(test);
    return outcome(run_by_execute(test));
}

FlatOutcome FlatGuest::outcome(bool fault) const {
    const cpu::CpuState& state = vcpu_->state;
    FlatOutcome result;
    result.registers = take_registers(state);
    result.registers.rflags = state.rflags() & ~cpu::rflags::RF;
    result.system = {.cr0 = state.cr0,
                     .cr2 = state.cr2,
                     .cr3 = state.cr3,
                     .cr4 = state.cr4,
                     .gdt_base = state.gdtr.base,
                     .idt_base = state.idtr.base,
                     .gdt_limit = state.gdtr.limit,
                     .idt_limit = state.idtr.limit,
                     .ldt = state.ldtr.selector,
                     .tr = state.tr.selector};
    std::ranges::copy(state.dr, result.system.dr.begin());
    result.system.dr[6] = state.dr6;
    result.system.dr[7] = state.dr7;
    result.landing = state.rip + state.segment(SegReg::Cs).base;
    if (vcpu_->code_mode() != cpu::CodeMode::Bits64) {
        result.landing = static_cast<u32>(result.landing);
    }
    result.halted = state.activity == cpu::Activity::Halted;
    result.outside = nothing_.touched;
    result.ports = port_handler_.seen;
    if (fault) {
        result.ending = Ending::Fault;
        result.vector = static_cast<u8>(vcpu_->exception.vector);
        result.error_code = vcpu_->exception.error_code;
        result.address = vcpu_->exception.address;
    }
    return result;
}

}  // namespace test::differential
