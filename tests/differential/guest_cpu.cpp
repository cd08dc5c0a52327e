// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/guest_cpu.hpp"

#include <algorithm>
#include <cstring>

#include "cpu/arch/paging.hpp"
#include "cpu/core/exception_delivery.hpp"
#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/fpu/native_thunks.hpp"
#include "cpu/semantics/operands.hpp"
#include "cpu/semantics/semantics.hpp"
#include "fabric/support/verify.hpp"
#include "tests/differential/code_image.hpp"
#include "tests/differential/descriptors.hpp"
#include "tests/differential/guest_state.hpp"

namespace test::differential {

using cpu::CodeMode;
using cpu::Segment;
using cpu::SegReg;
using cpu::Step;

namespace {
constexpr u64 guest_ram = 0x20'0000;

// Physical addresses, which the guest's kernel also sees at `kernel_half` above them.
constexpr u64 kernel_half = 0xffff'8000'0000'0000;
constexpr u64 pml4 = 0x1000;
constexpr u64 low_pdpt = 0x2000;
constexpr u64 low_directory = 0x3000;
constexpr u64 low_table = 0x4000;
constexpr u64 high_pdpt = 0x5000;
constexpr u64 high_directory = 0x6000;
constexpr u64 gdt = 0x7000;
constexpr u64 ldt = 0x7800;
constexpr u64 idt = 0x8000;
constexpr u64 tss = 0x9000;
constexpr u64 handlers = 0xa000;  // Sixteen bytes for each vector.
constexpr u64 handler_size = 16;
constexpr u64 kernel_stack_top = 0xc000;
constexpr u64 arena_frames = 0x1'0000;
constexpr u64 code_frames = 0x2'0000;

constexpr u16 gdt_limit = 0x7f;
constexpr u16 kernel_code = 0x10;
constexpr u16 tss_selector = 0x40;
constexpr u16 ldt_register_selector = 0x50;
constexpr u8 hlt_opcode = 0xf4;

u64 physical_of_code(u64 linear) { return code_frames + (linear - code_base); }
}  // namespace

cpu::Segment segment_of(u16 selector) {
    if ((selector & ~3) == 0) return {.selector = selector, .attributes = Segment::Unusable};
    const usize index = selector >> 3;
    const u64 descriptor =
        (selector & 4) != 0 ? descriptor_of(ldt_entries()[index]) : gdt_entries()[index];
    Segment segment{.selector = selector};
    segment.attributes =
        static_cast<u16>(((descriptor >> 40) & 0xff) | ((descriptor >> 52) & 0xf) << 12);
    const u32 limit = static_cast<u32>((descriptor & 0xffff) | ((descriptor >> 32) & 0xf'0000));
    segment.limit = segment.has(Segment::Granular) ? limit << 12 | 0xfff : limit;
    segment.base = ((descriptor >> 16) & 0xff'ffff) | ((descriptor >> 56) & 0xff) << 24;
    return segment;
}

fabric::Result<std::unique_ptr<GuestCpu>> GuestCpu::create(const cpu::CpuModel& model,
                                                           EngineKind kind) {
    auto memory = TRY(fabric::GuestMemory::create(guest_ram));
    TRY(memory->map_ram(fabric::Gpa{0}, guest_ram, 0));
    return std::unique_ptr<GuestCpu>(new GuestCpu(std::move(memory), model, kind));
}

GuestCpu::GuestCpu(std::unique_ptr<fabric::GuestMemory> memory, const cpu::CpuModel& model,
                   EngineKind kind)
    : memory_(std::move(memory)), kind_(kind) {
    vcpu_ = std::make_unique<cpu::Vcpu>(
        model, cpu::VcpuPorts{.memory = *memory_, .io_ports = ports_, .mmio = mmio_});
    build_page_tables();
    build_descriptor_tables();
    std::memset(memory_->ram().data() + code_frames, breakpoint_opcode, code_image_size);
    initial_ = state_for_all();
    interpreter_ = std::make_unique<cpu::Interpreter>(*memory_);
    interpreter_->attach(*vcpu_);
    // Installs the thunks' signal handler, before the host side installs its own.
    constexpr std::array<u8, 3> addps = {0x0f, 0x58, 0xc1};
    cpu::Instruction instruction;
    VERIFY(cpu::decode(addps, CodeMode::Bits64, features(), instruction) == cpu::DecodeStatus::Ok);
    VERIFY(cpu::native_thunk(instruction) != nullptr);
}

std::span<u8> GuestCpu::memory() { return memory_->ram().subspan(arena_frames, arena_size); }

void GuestCpu::put(u64 physical, u64 value) {
    std::memcpy(memory_->ram().data() + physical, &value, sizeof(value));
}

void GuestCpu::build_page_tables() {
    using namespace cpu::pte;
    constexpr u64 table = Present | Writable | User | Accessed;
    put(pml4, low_pdpt | table);
    put(low_pdpt, low_directory | table);
    put(low_directory + (data_base >> 21) * 8, low_table | table);
    const auto map = [&](u64 linear, u64 physical, u64 flags) {
        put(low_table + ((linear >> 12) & 511) * 8, physical | flags | Present | User);
    };
    map(arena, arena_frames, Writable | NoExecute);
    map(arena + page, arena_frames + page, Writable | NoExecute);
    map(arena_read_only, arena_frames + 2 * page, NoExecute);
    for (const u64 linear : {code_pair, code_pair + page, code_last}) {
        map(linear, physical_of_code(linear), 0);
    }
    constexpr u64 kernel_table = Present | Writable | Accessed;
    put(pml4 + 256 * 8, high_pdpt | kernel_table);
    put(high_pdpt, high_directory | kernel_table);
    put(high_directory, kernel_table | Dirty | Large);
}

void GuestCpu::build_descriptor_tables() {
    u64 at = gdt;
    for (const u64 descriptor : gdt_entries()) {
        put(at, descriptor);
        at += 8;
    }
    put(gdt + (processor_number_selector & ~7u), processor_number_descriptor());
    at = ldt;
    for (const LdtEntry& entry : ldt_entries()) {
        put(at, descriptor_of(entry));
        at += 8;
    }
    for (u64 vector = 0; vector < 256; ++vector) {
        const u64 offset = kernel_half + handlers + vector * handler_size;
        const bool for_users = vector == 3 || vector == 4;
        const u64 access = for_users ? 0xee : 0x8e;
        put(idt + vector * 16, (offset & 0xffff) | u64{kernel_code} << 16 | access << 40 |
                                   ((offset >> 16) & 0xffff) << 48);
        put(idt + vector * 16 + 8, offset >> 32);
        memory_->ram()[handlers + vector * handler_size] = hlt_opcode;
    }
    const u64 stack = kernel_half + kernel_stack_top;
    std::memcpy(memory_->ram().data() + tss + 4, &stack, sizeof(stack));
    constexpr u16 no_port_bitmap = 0x68;
    std::memcpy(memory_->ram().data() + tss + 0x66, &no_port_bitmap, sizeof(no_port_bitmap));
}

cpu::CpuState GuestCpu::state_for_all() const {
    using namespace cpu;
    CpuState state = vcpu_->state;
    state.cr0 = cr0::PE | cr0::MP | cr0::ET | cr0::NE | cr0::WP | cr0::AM | cr0::PG;
    state.cr3 = pml4;
    state.cr4 = cr4::PAE | cr4::PGE | cr4::OSFXSR | cr4::OSXMMEXCPT | cr4::DE;
    if (features().has(Feature::Xsave)) state.cr4 |= cr4::OSXSAVE;
    if (features().has(Feature::Fsgsbase)) state.cr4 |= cr4::FSGSBASE;
    if (features().has(Feature::Umip)) state.cr4 |= cr4::UMIP;
    state.xcr0 = xcr0::X87 | xcr0::SSE;
    if (features().has(Feature::Avx)) state.xcr0 |= xcr0::AVX;
    state.msr.efer = efer::SCE | efer::LME | efer::LMA | efer::NXE;
    state.cpl = 3;
    state.gdtr = {kernel_half + gdt, gdt_limit};
    state.idtr = {kernel_half + idt, 0xfff};
    state.ldtr = {.selector = ldt_register_selector,
                  .attributes = 0x82,
                  .limit = static_cast<u32>(ldt_entries().size() * 8 - 1),
                  .base = kernel_half + ldt};
    state.tr = {
        .selector = tss_selector, .attributes = 0x8b, .limit = 0x67, .base = kernel_half + tss};
    return state;
}

void GuestCpu::place_code(const Case& test) {
    const CodeImage image = code_image(test);
    std::array<u8, sizeof(image.bytes)> filler{};
    filler.fill(breakpoint_opcode);
    write_code(dirty_code_, {filler.data(), dirty_size_});
    dirty_code_ = image.linear;
    dirty_size_ = image.size;
    write_code(image.linear, {image.bytes.data(), image.size});
}

void GuestCpu::write_code(u64 linear, std::span<const u8> bytes) {
    if (bytes.empty()) return;
    // Through the front door: blocks made from what was there must go.
    VERIFY(memory_->write(fabric::Gpa{physical_of_code(linear)}, bytes));
}

void GuestCpu::load(const Case& test) {
    const Registers& before = test.before;
    cpu::CpuState& state = vcpu_->state;
    state = initial_;
    put_registers(before, state);
    for (u8 i = 0; i < 6; ++i) state.segments[i] = segment_of(before.selectors[i]);
    if (test.mode == CodeMode::Bits64) {
        state.segment(SegReg::Fs).base = before.fs_base;
        state.segment(SegReg::Gs).base = before.gs_base;
    }
    vcpu_->attention = cpu::attention::StateChanged;
    raised_ = false;
}

Outcome GuestCpu::run(const Case& test) {
    place_code(test);
    load(test);
    if (kind_ == EngineKind::Execute)
        run_by_execute(test);
    else
        run_by_interpreter(test);
    return outcome();
}

bool GuestCpu::in_handler() const {
    const u64 rip = vcpu_->state.rip;
    return rip >= kernel_half + handlers && rip < kernel_half + handlers + 256 * handler_size;
}

void GuestCpu::run_by_interpreter(const Case& test) {
    // A string instruction takes as much of the budget as it needs, and goes on in the next slice.
    constexpr u32 most_slices = 100'000;
    const u64 start = test.before.rip;
    const auto on_the_way = [&] { return vcpu_->state.rip - start < test.code_size; };
    (void)interpreter_->run(*vcpu_, test.steps);
    for (u32 i = 0; i < most_slices && on_the_way() && !in_handler() &&
                    vcpu_->state.activity != cpu::Activity::Shutdown;
         ++i) {
        (void)interpreter_->run(*vcpu_, 1);
    }
    if (!in_handler() && test.ends_in_trap) look_where_it_went(test);
}

bool GuestCpu::fetch(cpu::Instruction& into) {
    const cpu::CpuState& state = vcpu_->state;
    const bool wide = vcpu_->code_mode() == CodeMode::Bits64;
    const Segment& cs = state.segment(SegReg::Cs);
    const u64 linear = wide ? state.rip : static_cast<u32>(cs.base + state.rip);
    const u64 present = fetchable_bytes(linear);
    u64 available = std::min<u64>(present, 15);
    bool limited = false;
    if (!wide) {
        const u64 to_limit = state.rip > cs.limit ? 0 : u64{cs.limit} - state.rip + 1;
        limited = to_limit <= available;
        available = std::min(available, to_limit);
    }
    const u8* bytes = memory_->ram().data() + (available ? physical_of_code(linear) : 0);
    const auto status = available == 0
                            ? cpu::DecodeStatus::Truncated
                            : cpu::decode({bytes, available}, vcpu_->code_mode(), features(), into);
    switch (status) {
        case cpu::DecodeStatus::Ok: return true;
        case cpu::DecodeStatus::Invalid: (void)vcpu_->raise(cpu::Vector::UD); return false;
        case cpu::DecodeStatus::TooLong: (void)vcpu_->raise(cpu::Vector::GP, 0); return false;
        case cpu::DecodeStatus::Truncated: break;
    }
    u8 wanted = 0;
    if (limited || available == 15) {
        (void)vcpu_->raise(cpu::Vector::GP, 0);
    } else if (cpu::read_linear(*vcpu_, linear + available, {&wanted, 1}, cpu::Privilege::User)) {
        vcpu_->exception = {.vector = cpu::Vector::PF,
                            .has_error_code = true,
                            .error_code = 0x15,
                            .address = linear + available};
    } else {
        vcpu_->exception.error_code |= cpu::page_fault::Fetch;
    }
    return false;
}

cpu::Step GuestCpu::execute_one() {
    cpu::Instruction instruction;
    if (!fetch(instruction)) return Step::Fault;
    while (true) {
        vcpu_->budget = 1 << 20;
        const Step step = cpu::execute(*vcpu_, instruction);
        if (step == Step::Next) vcpu_->state.rip = cpu::next_rip(*vcpu_, instruction);
        if (step != Step::Repeat) return step;
    }
}

void GuestCpu::run_by_execute(const Case& test) {
    const cpu::GuestFpScope guest_fp(*vcpu_);
    for (u32 i = 0; i < test.steps && !raised_ && !in_handler(); ++i) {
        raised_ = execute_one() == Step::Fault;
    }
    if (!raised_ && !in_handler() && test.ends_in_trap) look_where_it_went(test);
}

/// What the host's breakpoints show: whether there is anything to execute where a branch led.
void GuestCpu::look_where_it_went(const Case& test) {
    cpu::Instruction next;
    const u64 linear = vcpu_->state.rip + vcpu_->state.segment(SegReg::Cs).base;
    if (fetchable_bytes(linear) == 0 && linear != test.code_address + test.code_size) {
        raised_ = !fetch(next);
    }
}

Outcome GuestCpu::outcome() const {
    Outcome result{.registers = take_registers(vcpu_->state)};
    if (raised_) {
        result.ending = Ending::Fault;
        result.vector = static_cast<u8>(vcpu_->exception.vector);
        result.error_code = vcpu_->exception.error_code;
        result.address = vcpu_->exception.address;
    } else if (in_handler()) {
        read_frame(result);
    }
    return result;
}

void GuestCpu::read_frame(Outcome& into) const {
    const u64 offset = into.registers.rip - kernel_half - handlers;
    std::array<u64, 6> frame{};
    u64 at = vcpu_->state.gpr[4] - kernel_half;
    const u8 vector = static_cast<u8>(offset / handler_size);
    const bool has_error = kernel_stack_top - at == 48;
    std::memcpy(frame.data() + !has_error, memory_->ram().data() + at, has_error ? 48 : 40);
    into.ending = Ending::Fault;
    into.vector = vector;
    into.error_code = static_cast<u32>(frame[0]);
    into.address = vcpu_->state.cr2;
    into.registers.rip = frame[1];
    into.registers.selector(SegReg::Cs) = static_cast<u16>(frame[2]);
    into.registers.rflags = frame[3] & ~(cpu::rflags::RF | cpu::rflags::IF);
    into.registers.gpr[4] = frame[4];
    into.registers.selector(SegReg::Ss) = static_cast<u16>(frame[5]);
}

}  // namespace test::differential
