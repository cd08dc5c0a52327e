// SPDX-License-Identifier: BSD-2-Clause
#include "tests/cpu/interpreter/arbitrary_code.hpp"

#include <algorithm>
#include <cstdio>
#include <string>

#include "cpu/core/interrupts.hpp"
#include "cpu/core/yield.hpp"
#include "cpu/interpreter/interpreter.hpp"
#include "cpu/mmu/translation_control.hpp"
#include "fabric/state/saved_state.hpp"
#include "tests/support/cpu_bench.hpp"
#include "tests/support/state_difference.hpp"

namespace test {

namespace {

using cpu::CpuState;
using cpu::Segment;
using cpu::SegReg;
using cpu::StopCause;

constexpr u64 instructions = 3000;
constexpr u64 handlers = 0x3000;
constexpr u64 tables = 0x4000;
constexpr u64 task_segment = 0x9000;
constexpr u64 code_at = 0x10000;
constexpr u64 data_at = 0x20000;
constexpr u64 data_bytes = 0x4000;

/// Reads what the bytes choose; zeroes when they are used up.
class Choices {
public:
    explicit Choices(std::span<const u8> bytes) : rest_(bytes) {}

    template <class T>
    T take() {
        T value = 0;
        for (usize i = 0; i < sizeof(T) && !rest_.empty(); ++i) {
            value = static_cast<T>(value | static_cast<T>(T{rest_[0]} << (8 * i)));
            rest_ = rest_.subspan(1);
        }
        return value;
    }
    std::span<const u8> rest() const { return rest_; }

private:
    std::span<const u8> rest_;
};

/// Numbers from a seed that is among the choices (SplitMix64).
class Numbers {
public:
    explicit Numbers(u64 seed) : counter_(seed) {}
    u64 next() {
        counter_ += 0x9e37'79b9'7f4a'7c15;
        u64 mixed = counter_;
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58'476d'1ce4'e5b9;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d0'49bb'1331'11eb;
        return mixed ^ (mixed >> 31);
    }

private:
    u64 counter_;
};

enum class Mode : u8 { Real, Virtual8086, Protected16, Protected32, Compatibility, Long };
enum class Paging : u8 { None, Bits32, Bits32Large, Pae };

/// Ports that answer: what they are told, and something else each time.
class Port final : public fabric::IoHandler {
public:
    u64 read(u64 offset, u32 size) override { return ++heard_ * 0x9e37'79b9 + offset + size; }
    void write(u64, u32, u64 value) override { heard_ += value; }
    u64 heard() const { return heard_; }
    void set_heard(u64 heard) { heard_ = heard; }

private:
    u64 heard_ = 0;
};

struct Bench : CpuBench {
    Port port;
    cpu::Interpreter engine{*memory};

    Bench() {
        io_ports.map({.name = "port", .first = 0, .length = 0x400, .handler = &port}).value();
        mmio.map({.name = "mmio",
                  .first = 0x20'0000,
                  .length = 0x10000,
                  .widest_access = 4,
                  .handler = &port})
            .value();
        engine.attach(vcpu);
    }

    u64 hash() {
        fabric::StateWriter out;
        out.write(state);
        fabric::StateHash hash;
        hash.add(out.bytes());
        hash.add(memory->contents_hash());
        hash.add(port.heard());
        return hash.value();
    }

    /// A checkpoint's way from one machine into another.
    void take_over(const Bench& from) {
        fabric::StateWriter out;
        out.write(from.vcpu.state);
        fabric::StateReader in(out.bytes());
        for (const u64 page : from.memory->nonzero_ram_pages()) {
            std::ranges::copy(from.memory->ram().subspan(page * 4096, 4096),
                              memory->ram().subspan(page * 4096, 4096).begin());
        }
        memory->contents_replaced();
        cpu::flush_translations(vcpu);
        in.read(state).value();
        vcpu.tlb.restore(from.vcpu.tlb.entries());
        port.set_heard(from.port.heard());
    }
};

/// Handlers step over one byte of what faulted and return.
void write_handlers(Bench& bench, Mode mode) {
    const bool legacy = mode == Mode::Real;
    const bool wide = mode == Mode::Long || mode == Mode::Compatibility;
    const u64 plain = handlers;
    const u64 with_code = handlers + 0x20;
    if (legacy) {
        bench.poke_bytes(plain, {0x55, 0x89, 0xe5, 0xff, 0x46, 0x02, 0x5d, 0xcf});
    } else if (wide) {
        bench.poke_bytes(plain, {0x48, 0xff, 0x04, 0x24, 0x48, 0xcf});
        bench.poke_bytes(with_code, {0x48, 0x83, 0xc4, 0x08, 0x48, 0xff, 0x04, 0x24, 0x48, 0xcf});
    } else {
        bench.poke_bytes(plain, {0xff, 0x04, 0x24, 0xcf});
        bench.poke_bytes(with_code, {0x83, 0xc4, 0x04, 0xff, 0x04, 0x24, 0xcf});
    }
    constexpr u32 pushes_code = 0x0022'7d00;
    for (u32 vector = 0; vector < 256; ++vector) {
        if (legacy) {
            bench.poke<u32>(vector * u64{4}, static_cast<u32>(handlers >> 4) << 16);
            continue;
        }
        const bool code = vector < 32 && ((pushes_code >> vector) & 1) != 0;
        const u64 low = gate(0x28, static_cast<u32>(code ? with_code : plain), 0xee);
        if (wide) {
            bench.set_long_idt_entry(static_cast<u8>(vector), low);
        } else {
            bench.set_idt_entry(static_cast<u8>(vector), low);
        }
    }
}

/// Besides what fill_gdt has: ring 0 code for handlers, a TSS, call gates, and what the bytes say.
void write_descriptors(Bench& bench, Mode mode, Choices& choices) {
    const bool wide = mode == Mode::Long || mode == Mode::Compatibility;
    bench.set_gdt_entry(0x28, descriptor(0, 0xfffff, wide ? 0xa09b : 0xc09b));
    bench.set_gdt_entry(0x30, descriptor(task_segment, 0x2fff, 0x8b));
    bench.set_gdt_entry(0x40, gate(0x28, handlers, 0xec, 1));
    bench.set_gdt_entry(0x50, descriptor(0x1000, 0x7ff, 0x82));
    if (wide) {
        bench.poke<u64>(task_segment + 4, 0xb000);
        bench.poke<u64>(task_segment + 12, 0xb400);
        bench.poke<u16>(task_segment + 0x66, 0x68);
    } else {
        bench.poke<u32>(task_segment + 4, 0xb000);
        bench.poke<u32>(task_segment + 8, 0x10);
        bench.poke<u16>(task_segment + 0x66, 0x68);
    }
    const u8 count = choices.take<u8>() % 4;
    for (u8 i = 0; i < count; ++i) {
        const u16 selector = static_cast<u16>((choices.take<u8>() % 32) << 3);
        bench.set_gdt_entry(selector, choices.take<u64>());
    }
}

/// The first 2 MiB to themselves by pages of 4 KiB, and the next to MMIO; then what the bytes say.
void write_page_tables(Bench& bench, Mode mode, Paging paging, Choices& choices) {
    constexpr u64 all = cpu::pte::Present | cpu::pte::Writable | cpu::pte::User;
    const bool wide = mode == Mode::Long || mode == Mode::Compatibility;
    u64 last_table = tables;
    usize entry_size = 8;
    if (wide) {
        last_table = tables + 0x3000;
        bench.poke<u64>(tables + 0x2000, last_table | all);
        bench.poke<u64>(tables + 0x2008, 0x20'0000 | all | cpu::pte::Large);
    } else if (paging == Paging::Bits32 || paging == Paging::Bits32Large) {
        entry_size = 4;
        last_table = tables + 0x1000;
        bench.poke<u32>(tables, static_cast<u32>(last_table | all));
        bench.poke<u32>(tables + 4, static_cast<u32>(0x40'0000 | all | cpu::pte::Large));
        if (paging == Paging::Bits32Large) bench.poke<u32>(tables, all | cpu::pte::Large);
    } else if (paging == Paging::Pae) {
        last_table = tables + 0x2000;
        bench.poke<u64>(tables, (tables + 0x1000) | cpu::pte::Present);
        bench.poke<u64>(tables + 0x1000, last_table | all);
        bench.state.pdpte[0] = (tables + 0x1000) | cpu::pte::Present;
    } else {
        return;
    }
    for (u64 page = 0; page < 512; ++page) {
        const u64 entry = page << 12 | all | (page % 3 == 0 ? cpu::pte::Global : 0);
        if (entry_size == 4) bench.poke<u32>(last_table + page * 4, static_cast<u32>(entry));
        if (entry_size == 8) bench.poke<u64>(last_table + page * 8, entry);
    }
    const u8 count = choices.take<u8>() % 4;
    for (u8 i = 0; i < count; ++i) {
        const u64 where = tables + (choices.take<u16>() & 0x3ff8);
        const u64 flags = choices.take<u16>();
        const u64 old = bench.peek<u64>(where);
        bench.poke<u64>(where, (old & ~u64{0x1ff}) | (flags & 0x1ff) | (flags >> 15) << 63);
    }
}

void enter_mode(Bench& bench, Mode mode, Paging paging, u8 cpl) {
    CpuState& state = bench.state;
    switch (mode) {
        case Mode::Real: bench.real_mode(); return;
        case Mode::Virtual8086:
            bench.protected_mode(3);
            for (Segment& each : state.segments) {
                each = {.selector = 0x1000, .attributes = 0xf3, .limit = 0xffff, .base = code_at};
            }
            state.rip = 0;
            break;
        case Mode::Protected16:
            bench.protected_mode(cpl, false);
            state.segment(SegReg::Cs).base = code_at;
            state.segment(SegReg::Cs).limit = 0xffff;
            state.rip = 0;
            break;
        case Mode::Protected32: bench.protected_mode(cpl); break;
        case Mode::Compatibility: bench.long_mode(cpl, true); break;
        case Mode::Long: bench.long_mode(cpl); break;
    }
    state.tr = {.selector = 0x30, .attributes = 0x8b, .limit = 0x2fff, .base = task_segment};
    if (paging != Paging::None) state.cr0 |= cpu::cr0::PG;
    state.cr3 = tables;
    if (paging == Paging::Pae) state.cr4 |= cpu::cr4::PAE;
    if (paging == Paging::Bits32 || paging == Paging::Bits32Large) state.cr4 |= cpu::cr4::PSE;
}

void set_controls(Bench& bench, Mode mode, u64 chosen) {
    CpuState& state = bench.state;
    using namespace cpu;
    const auto maybe = [&](u64& where, u64 bit, int number) {
        if ((chosen >> number) & 1) where |= bit;
    };
    state.cr0 &= ~(cr0::CD | cr0::NW);
    maybe(state.cr0, cr0::WP, 0);
    maybe(state.cr0, cr0::AM, 1);
    maybe(state.cr0, cr0::NE, 2);
    maybe(state.cr0, cr0::MP, 3);
    if (chosen % 16 == 15) maybe(state.cr0, cr0::TS, 4);
    if ((chosen >> 5) % 32 == 31) maybe(state.cr0, cr0::EM, 10);
    state.cr4 |= cr4::OSFXSR | cr4::OSXMMEXCPT;
    for (const auto& [bit, number] : {std::pair{cr4::VME, 11},
                                      {cr4::PVI, 12},
                                      {cr4::TSD, 13},
                                      {cr4::DE, 14},
                                      {cr4::PGE, 15},
                                      {cr4::UMIP, 16},
                                      {cr4::OSXSAVE, 17}}) {
        maybe(state.cr4, bit, number);
    }
    if ((chosen >> 18) % 4 == 3) maybe(state.cr4, cr4::SMAP, 20);
    if (mode == Mode::Long) maybe(state.cr4, cr4::FSGSBASE, 21);
    if (mode == Mode::Long) maybe(state.cr4, cr4::PCIDE, 22);
    maybe(state.msr.efer, efer::NXE, 23);
    if (state.cr4 & cr4::OSXSAVE) maybe(state.xcr0, xcr0::SSE, 24);
    if (state.xcr0 & xcr0::SSE) maybe(state.xcr0, xcr0::AVX, 25);
    maybe(state.msr.misc_enable, 0, 26);
    state.msr.star = 0x0018'0028'0000'0000;
    state.msr.lstar = code_at + 0x80;
    state.msr.sysenter_cs = 0x28;
    state.msr.sysenter_esp = 0xb800;
    state.msr.sysenter_eip = handlers;
}

/// Mostly an address in the data, so that not every access faults; now and then one among the code
/// or the page tables, so that programs write over both.
u64 register_value(Numbers& numbers) {
    const u64 number = numbers.next();
    switch (number % 16) {
        case 0:
        case 4:
        case 8: return number >> 60;
        case 1: return number;
        case 2: return code_at + (number >> 8) % 0x80;
        case 3: return tables + (number >> 8) % 0x4000;
        default: return data_at + (number >> 8) % data_bytes;
    }
}

void set_registers(Bench& bench, Mode mode, Numbers& numbers, u64 flags) {
    CpuState& state = bench.state;
    for (usize i = 0; i < 16; ++i) {
        if (i == static_cast<usize>(cpu::Gpr::Rsp)) continue;
        state.gpr[i] = register_value(numbers);
        if (mode != Mode::Long) state.gpr[i] &= 0xffff'ffff;
    }
    for (auto& vector : state.vector) {
        for (u64& lane : vector.lanes) lane = numbers.next();
    }
    // TF in one of eight: else nothing would be run but by the slow road.
    u64 allowed = cpu::rflags::Status | cpu::rflags::DF | cpu::rflags::IF | cpu::rflags::IOPL |
                  cpu::rflags::AC | cpu::rflags::NT | cpu::rflags::ID;
    if ((flags >> 56) % 8 == 0) allowed |= cpu::rflags::TF;
    state.set_rflags(flags & allowed);
    if (mode == Mode::Virtual8086) state.other_flags |= cpu::rflags::VM;
    if ((flags >> 60) == 1) {
        state.dr[0] = code_at + 4;
        state.dr[1] = data_at + 0x100;
        state.dr7 |= 0x00d0'000f;
    }
}

void prepare(Bench& bench, std::span<const u8> bytes) {
    Choices choices(bytes);
    const u8 first = choices.take<u8>();
    const auto mode = static_cast<Mode>(first % 6);
    const bool paged =
        mode == Mode::Protected16 || mode == Mode::Protected32 || mode == Mode::Virtual8086;
    const auto paging = paged ? static_cast<Paging>((first >> 4) & 3) : Paging::None;
    const u8 cpl = first & 0x40 ? 3 : 0;
    Numbers numbers(choices.take<u32>());
    const u64 controls = numbers.next();
    const u64 flags = numbers.next();

    for (u64 at = data_at; at < data_at + data_bytes; at += 8) bench.poke<u64>(at, numbers.next());
    enter_mode(bench, mode, paging, cpl);
    write_handlers(bench, mode);
    if (mode != Mode::Real) write_descriptors(bench, mode, choices);
    write_page_tables(bench, mode, paging, choices);
    set_controls(bench, mode, controls);
    set_registers(bench, mode, numbers, flags);
    const auto code = choices.rest().first(std::min<usize>(choices.rest().size(), 0x1000));
    VERIFY(bench.memory->write(fabric::Gpa{code_at}, code));
}

bool has_ended(StopCause cause) {
    return cause == StopCause::Halted || cause == StopCause::Shutdown;
}

/// In one go, but for every PAUSE.
StopCause run_whole(Bench& bench, u64 end) {
    StopCause cause = StopCause::StopRequested;
    while (cause == StopCause::StopRequested) {
        cause = bench.engine.run(bench.vcpu, end - bench.state.retired);
        (void)take_yield(bench.vcpu);
    }
    return cause;
}

/// In slices of odd lengths, up to `end`.
StopCause run_in_slices(Bench& bench, u64 end, Numbers& numbers) {
    static constexpr u64 lengths[] = {1, 1, 1, 2, 3, 5, 7, 64, 129};
    StopCause cause = StopCause::BudgetSpent;
    while (bench.state.retired < end && !has_ended(cause)) {
        const u64 length = lengths[numbers.next() % std::size(lengths)];
        cause = bench.engine.run(bench.vcpu, std::min(length, end - bench.state.retired));
        (void)take_yield(bench.vcpu);
        VERIFY(bench.state.retired <= end);
    }
    return cause;
}

/// Says which fields differ before the process ends.
void verify_equal(Bench& one, Bench& other, const char* what) {
    if (one.hash() == other.hash()) return;
    std::fprintf(stderr, "%s: %s (memory %s), rip %llx and %llx\n", what,
                 differing_fields(one.state, other.state).c_str(),
                 one.memory->contents_hash() == other.memory->contents_hash() ? "equal" : "differs",
                 static_cast<unsigned long long>(one.state.rip),
                 static_cast<unsigned long long>(other.state.rip));
    constexpr bool the_runs_differ = true;
    VERIFY(!the_runs_differ);
}

}  // namespace

bool run_arbitrary_code(std::span<const u8> bytes) {
    Bench whole;
    prepare(whole, bytes);
    const StopCause cause = run_whole(whole, instructions);
    VERIFY(whole.state.retired <= instructions);
    VERIFY(has_ended(cause) || whole.state.retired == instructions);

    fabric::StateHash hash;
    hash.add(bytes);
    Numbers numbers(hash.value());
    Bench cut;
    prepare(cut, bytes);
    const u64 middle = numbers.next() % std::max<u64>(whole.state.retired, 1);
    (void)run_in_slices(cut, middle, numbers);
    Bench restored;
    restored.take_over(cut);
    VERIFY(restored.hash() == cut.hash());
    const StopCause cut_cause = run_in_slices(cut, instructions, numbers);
    const StopCause restored_cause = run_whole(restored, instructions);

    verify_equal(whole, cut, "whole and cut");
    verify_equal(whole, restored, "whole and restored");
    VERIFY(has_ended(cut_cause) == has_ended(cause));
    VERIFY(has_ended(restored_cause) == has_ended(cause));
    return whole.state.retired > 20;
}

}  // namespace test
