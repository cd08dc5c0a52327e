// SPDX-License-Identifier: BSD-2-Clause
//
// The processors: their tables and stacks, interrupts as they come in, instructions that may fault,
// work for the other processors. A processor finds its own `Processor` at GS:0.
#pragma once

#include "roms/runtime/runtime.h"

namespace guest {

constexpr u32 most_processors = 8;
constexpr u16 code_selector = 0x18;
constexpr u16 user_stack_selector = 0x2b;

/// The order in which entry.asm pushes.
struct InterruptFrame {
    u64 registers[15];
    u64 vector, error, rip, cs, rflags, rsp, ss;
};

/// An interrupt that came in.
struct Taken {
    u64 rip;
    u64 tsc;
    u8 vector;
};

/// Who ends an interrupt: a write to the local APIC, or nobody (the check does, or need not).
enum class Eoi : u8 { Apic, None };

struct Fault {
    bool raised;
    u8 vector;
    u32 error;
};

struct Processor {
    Processor* self;
    u32 index;  // Our own count: 0 is the one that started.
    u32 apic_id;

    volatile u32 taken_count;
    Taken taken[64];
    volatile Eoi eoi;
    /// Called in the interrupt, before its end.
    void (*volatile on_interrupt)(u8 vector);

    u64 guarded_stack;  // Not zero: a fault ends the run_guarded() that noted it.
    Fault fault;

    void (*volatile work)(void*);
    void* work_argument;
    volatile bool started;

    u64 gdt[10];
    struct __attribute__((packed)) {
        u32 reserved0;
        u64 rsp0;
        u8 rest[92];
    } tss;
    alignas(16) u8 interrupt_stack[4096];
    alignas(16) u8 stack[16384];
};

extern Processor processors[most_processors];
u32 processor_count();

inline Processor& self() {
    Processor* me;
    __asm__("mov %%gs:0, %0" : "=r"(me));
    return *me;
}

/// Makes this processor number 0 and brings up all others.
void start_processors();

/// Has processor `index` (not this one) do `work` and waits for its end.
void run_on(u32 index, void (*work)(void*), void* argument);

/// Puts a processor back to where INIT leaves it, and starts it again.
void send_init(u32 index);
void restart(u32 index);

/// What `work` faulted with, if it did.
Fault guarded(void (*work)(void*), void* argument);

struct MsrRead {
    Fault fault;
    u64 value;
};
MsrRead try_rdmsr(u32 number);
Fault try_wrmsr(u32 number, u64 value);

inline u64 rdmsr(u32 number) {
    u32 low, high;
    __asm__ volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number) : "memory");
    return u64{high} << 32 | low;
}

inline void wrmsr(u32 number, u64 value) {
    __asm__ volatile("wrmsr"
                     :
                     : "c"(number), "a"(static_cast<u32>(value)), "d"(static_cast<u32>(value >> 32))
                     : "memory");
}

inline u64 rdtsc() {
    u32 low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high) : : "memory");
    return u64{high} << 32 | low;
}

inline void pause() { __asm__ volatile("pause" : : : "memory"); }
inline void interrupts_on() { __asm__ volatile("sti; nop" : : : "memory"); }
inline void interrupts_off() { __asm__ volatile("cli" : : : "memory"); }

namespace apic {
constexpr u32 Id = 0x20;
constexpr u32 Tpr = 0x80;
constexpr u32 EndOfInterrupt = 0xb0;
constexpr u32 Spurious = 0xf0;
constexpr u32 InService = 0x100;
constexpr u32 Requested = 0x200;
constexpr u32 IcrLow = 0x300;
constexpr u32 IcrHigh = 0x310;
constexpr u32 LvtTimer = 0x320;
constexpr u32 InitialCount = 0x380;
constexpr u32 CurrentCount = 0x390;
constexpr u32 Divide = 0x3e0;
constexpr u32 to_self = 0x40000;

inline volatile u32& at(u32 offset) {
    return *reinterpret_cast<volatile u32*>(u64{0xfee00000} + offset);
}
inline bool in_service(u8 vector) {
    return (at(InService + vector / 32 * 0x10) >> (vector % 32) & 1) != 0;
}
inline bool requested(u8 vector) {
    return (at(Requested + vector / 32 * 0x10) >> (vector % 32) & 1) != 0;
}
inline void end_of_interrupt() { at(EndOfInterrupt) = 0; }
}  // namespace apic

/// Forgets what interrupts this processor has taken, and how it was to treat them.
void forget_interrupts();

/// Takes those that are pending, then forgets all. Interrupts are off.
void drain_interrupts();

/// Waits with interrupts on until so many were taken, or so many TSC ticks are over. True: they
/// were.
bool wait_for_interrupts(u32 count, u64 ticks);

// ---- Memory: one to one, the first 16 MiB by 4 KiB pages (roms/runtime/boot.asm)
// ---------------------------

constexpr u64 page_size = 4096;

inline u64 address_of(const volatile void* object) { return reinterpret_cast<u64>(object); }

/// The page table entry of an address below 16 MiB.
inline volatile u64& page_entry(const volatile void* address) {
    return reinterpret_cast<volatile u64*>(0x76000)[address_of(address) / page_size];
}

inline void invalidate(const volatile void* address) {
    __asm__ volatile("invlpg (%0)" : : "r"(address) : "memory");
}

/// Makes the page of an address ring 3's too.
void give_to_user(const volatile void* address);

u64 physical_address_bits();

}  // namespace guest

extern "C" {
extern const u64 interrupt_entries[256];
bool run_guarded(void (*function)(void*), void* argument, u64* stack);
void resume_guarded();
void enter_user_mode(const void* rip, const void* rsp, u64 rax);
void user_hypercall();
void user_sgdt();
u64 probe_real_mode(u64 target);
void processor_entry();
void processor_entry_by_stack();
}
