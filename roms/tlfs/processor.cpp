// SPDX-License-Identifier: BSD-2-Clause
#include "roms/tlfs/processor.hpp"

extern "C" {
extern const u8 low_code[], low_code_end[];
extern u64 low_next_stack, low_next_entry, low_next_argument, low_cr3, low_cr4;
void interrupt_taken(guest::InterruptFrame* frame);
void processor_main(guest::Processor* me);
}

namespace guest {

namespace {

constexpr u64 low_address = 0x8000;  // Of low_code: SIPI vector 8.
constexpr u32 gs_base = 0xc0000101;
constexpr u32 init_ipi = 0x4500;
constexpr u32 startup_ipi = 0x4608;
constexpr u32 all_but_self = 0xc0000;
constexpr u64 init_ticks = 1'000'000;
constexpr u64 start_up_ticks = 20'000'000;
constexpr u16 data_selector = 0x10;
constexpr u16 task_selector = 0x38;

struct Gate {
    u16 offset_low, selector;
    u8 stack, kind;
    u16 offset_middle;
    u32 offset_high, reserved;
};

struct __attribute__((packed)) TablePointer {
    u16 limit;
    u64 base;
};

alignas(16) Gate idt[256];
u32 running = 1;

u64& low_word(u64& in_image) {
    return *reinterpret_cast<u64*>(low_address + address_of(&in_image) - address_of(low_code));
}

void fill_idt() {
    for (u32 vector = 0; vector < 256; ++vector) {
        const u64 entry = interrupt_entries[vector];
        idt[vector] = {static_cast<u16>(entry),
                       code_selector,
                       0,
                       0x8e,
                       static_cast<u16>(entry >> 16),
                       static_cast<u32>(entry >> 32),
                       0};
    }
}

void load_tables(Processor& me) {
    const u64 task = address_of(&me.tss);
    me.tss.rsp0 = address_of(me.interrupt_stack + sizeof me.interrupt_stack);
    me.gdt[0] = 0;
    me.gdt[1] = 0x00cf9b000000ffff;  // 08: code, 32 bits
    me.gdt[2] = 0x00cf93000000ffff;  // 10: data
    me.gdt[3] = 0x00af9b000000ffff;  // 18: code, 64 bits
    me.gdt[4] = 0x00009b000000ffff;  // 20: code, 16 bits
    me.gdt[5] = 0x00cff3000000ffff;  // 28: data, ring 3
    me.gdt[6] = 0x00affb000000ffff;  // 30: code, 64 bits, ring 3
    me.gdt[7] =
        (sizeof me.tss - 1) | (task & 0xffffff) << 16 | u64{0x89} << 40 | (task >> 24 & 0xff) << 56;
    me.gdt[8] = task >> 32;
    const TablePointer gdt_pointer{sizeof me.gdt - 1, address_of(me.gdt)};
    const TablePointer idt_pointer{sizeof idt - 1, address_of(idt)};
    // A null selector in GS, or the way to ring 3 would take the register, base and all.
    __asm__ volatile(
        "lgdt %0; lidt %1; ltr %w2; mov %w3, %%ds; mov %w3, %%es; mov %w3, %%ss; mov %w4, %%gs"
        :
        : "m"(gdt_pointer), "m"(idt_pointer), "r"(task_selector), "r"(data_selector), "r"(0)
        : "memory");
    wrmsr(gs_base, address_of(&me));
}

void become(Processor& me, u32 index) {
    me.self = &me;
    me.index = index;
    load_tables(me);
    me.apic_id = apic::at(apic::Id) >> 24;
    apic::at(apic::Spurious) = 0x1ff;
    apic::at(apic::Tpr) = 0;
}

void copy_low_code(Processor& next) {
    u64 cr3, cr4;
    __asm__ volatile("mov %%cr3, %0; mov %%cr4, %1" : "=r"(cr3), "=r"(cr4));
    u8* low = reinterpret_cast<u8*>(low_address);
    const u64 size = address_of(low_code_end) - address_of(low_code);
    for (u64 i = 0; i < size; ++i) low[i] = low_code[i];
    low_word(low_next_stack) = address_of(next.stack + sizeof next.stack);
    low_word(low_next_entry) = address_of(reinterpret_cast<void*>(processor_entry));
    low_word(low_next_argument) = address_of(&next);
    low_word(low_cr3) = cr3;
    low_word(low_cr4) = cr4;
}

bool wait_for_start(const Processor& processor) {
    const u64 end = rdtsc() + start_up_ticks;
    while (!processor.started && rdtsc() < end) pause();
    return processor.started;
}

void report_and_end(const InterruptFrame& frame) {
    debug_print("FAIL exception ");
    debug_print_decimal(frame.vector);
    debug_print(" error ");
    debug_print_hex(frame.error, 8);
    debug_print(" rip ");
    debug_print_hex(frame.rip, 16);
    debug_print(" processor ");
    debug_print_decimal(self().index);
    u64 cr2;
    __asm__ volatile("mov %%cr2, %0" : "=r"(cr2));
    debug_print(" cr2 ");
    debug_print_hex(cr2, 16);
    debug_print(": not expected\n");
    exit_machine(1);
}

void take_exception(Processor& me, InterruptFrame& frame) {
    if (me.guarded_stack == 0) report_and_end(frame);
    me.fault = {true, static_cast<u8>(frame.vector), static_cast<u32>(frame.error)};
    frame.rip = address_of(reinterpret_cast<void*>(resume_guarded));
    frame.rsp = me.guarded_stack;
    frame.cs = code_selector;
    frame.ss = data_selector;
}

}  // namespace

Processor processors[most_processors];

u32 processor_count() { return running; }

/// INIT to all others, one start-up message to all: they come up one after another, as each finds
/// the stack of the next free `Processor`. So they are started by their APIC IDs, one by one.
void start_processors() {
    fill_idt();
    become(processors[0], 0);
    processors[0].started = true;
    apic::at(apic::IcrLow) = all_but_self | init_ipi;
    for (u32 id = 0; id < most_processors && running < most_processors; ++id) {
        if (id == processors[0].apic_id) continue;
        processors[running].apic_id = id;
        restart(running);
        if (!processors[running].started) break;
        ++running;
    }
}

void send_init(u32 index) {
    processors[index].started = false;
    apic::at(apic::IcrHigh) = processors[index].apic_id << 24;
    apic::at(apic::IcrLow) = init_ipi;
    const u64 end = rdtsc() + init_ticks;
    while (rdtsc() < end) pause();
}

void restart(u32 index) {
    Processor& next = processors[index];
    next.index = index;
    copy_low_code(next);
    apic::at(apic::IcrHigh) = next.apic_id << 24;
    apic::at(apic::IcrLow) = startup_ipi;
    wait_for_start(next);
}

void run_on(u32 index, void (*work)(void*), void* argument) {
    Processor& other = processors[index];
    other.work_argument = argument;
    __asm__ volatile("" : : : "memory");
    other.work = work;
    while (other.work != nullptr) pause();
}

Fault guarded(void (*work)(void*), void* argument) {
    Processor& me = self();
    me.fault = {};
    run_guarded(work, argument, &me.guarded_stack);
    me.guarded_stack = 0;
    return me.fault;
}

MsrRead try_rdmsr(u32 number) {
    struct Job {
        u32 number;
        u64 value;
    } job{number, 0};
    const Fault fault = guarded(
        [](void* argument) {
            Job& wanted = *static_cast<Job*>(argument);
            wanted.value = rdmsr(wanted.number);
        },
        &job);
    return {fault, job.value};
}

Fault try_wrmsr(u32 number, u64 value) {
    struct Job {
        u32 number;
        u64 value;
    } job{number, value};
    return guarded(
        [](void* argument) {
            const Job& wanted = *static_cast<Job*>(argument);
            wrmsr(wanted.number, wanted.value);
        },
        &job);
}

void forget_interrupts() {
    Processor& me = self();
    me.taken_count = 0;
    me.eoi = Eoi::Apic;
    me.on_interrupt = nullptr;
}

void drain_interrupts() {
    forget_interrupts();
    interrupts_on();
    interrupts_off();
    forget_interrupts();
}

bool wait_for_interrupts(u32 count, u64 ticks) {
    Processor& me = self();
    const u64 end = rdtsc() + ticks;
    interrupts_on();
    while (me.taken_count < count && rdtsc() < end) pause();
    interrupts_off();
    return me.taken_count >= count;
}

void give_to_user(const volatile void* address) {
    const auto allow = [](volatile u64& entry) { entry = entry | 4; };
    allow(*reinterpret_cast<volatile u64*>(0x70000));  // The PML4's, the PDPT's and the directory's
    allow(*reinterpret_cast<volatile u64*>(0x71000));
    allow(reinterpret_cast<volatile u64*>(0x72000)[address_of(address) >> 21]);
    allow(page_entry(address));
    u64 cr3;
    __asm__ volatile("mov %%cr3, %0; mov %0, %%cr3" : "=r"(cr3) : : "memory");
}

u64 physical_address_bits() { return cpuid(0x80000008, 0).eax & 0xff; }

}  // namespace guest

void interrupt_taken(guest::InterruptFrame* frame) {
    guest::Processor& me = guest::self();
    if (frame->vector < 32 && frame->vector != 2) {
        guest::take_exception(me, *frame);
        return;
    }
    const u64 now = guest::rdtsc();
    if (me.taken_count < sizeof me.taken / sizeof me.taken[0]) {
        me.taken[me.taken_count] = {frame->rip, now, static_cast<u8>(frame->vector)};
    }
    me.taken_count = me.taken_count + 1;
    if (me.on_interrupt != nullptr) me.on_interrupt(static_cast<u8>(frame->vector));
    if (me.eoi == guest::Eoi::Apic) guest::apic::end_of_interrupt();
}

void processor_main(guest::Processor* me) {
    guest::become(*me, me->index);
    me->guarded_stack = 0;
    me->work = nullptr;
    guest::forget_interrupts();
    me->started = true;
    guest::interrupts_on();
    for (;;) {
        if (me->work != nullptr) {
            me->work(me->work_argument);
            me->work = nullptr;
        }
        guest::pause();
    }
}
