// SPDX-License-Identifier: BSD-2-Clause
//
// Everything at once, with values that make no sense: registers, pages over each other, over MMIO
// and over the code's own data, timers of 0 and 2^64 - 1, hypercalls of every kind. Nothing is
// expected of it but that the machine is still there, and that two runs are the same.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

namespace msr = tlfs::msr;

namespace groups {

namespace {

constexpr u32 rounds = 3000;
constexpr u64 safe_pages = 64;

alignas(4096) volatile u64 playground[safe_pages][512];
u64 state;

u64 random() {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

u64 some_page() {
    switch (random() % 6) {
        case 0: return 0xfee00000;
        case 1: return 0xfec00000;
        case 2: return 0xfed00000;
        case 3: return 0xd0000000 + (random() & 0xfff000);
        case 4: return u64{1} << guest::physical_address_bits();
        default: return guest::address_of(playground[random() % safe_pages]);
    }
}

/// Never an address below 1 MiB but page 0: our stack and page tables are there.
u64 some_value() {
    switch (random() % 7) {
        case 0: return 0;
        case 1: return ~u64{0};
        case 2: return some_page() | (random() & 0xfff);
        case 3: return some_page() | 1;
        case 4: return random() & 0xfff;
        case 5: return u64{1} << (random() & 63);
        default: return random();
    }
}

/// What would end the run, lock it or put it to sleep. By ICR a processor sends itself INIT or an
/// SMI.
bool is_left_alone(u32 number) {
    return number == msr::Reset || number == msr::GuestIdle || number == msr::Hypercall ||
           number == msr::GuestOsId || number == msr::Icr;
}

void touch_register() {
    const u32 number = 0x40000000 + static_cast<u32>(random() % 0x120);
    if (is_left_alone(number)) return;
    if (random() % 4 == 0) {
        guest::try_rdmsr(number);
        return;
    }
    guest::try_wrmsr(number, some_value());
}

struct Attempt {
    hypercall::Registers registers;
};

void make_call() {
    static Attempt attempt;
    for (u64* each = &attempt.registers.rax; each != &attempt.registers.xmm[0][0]; ++each)
        *each = some_value();
    constexpr u16 codes[] = {0x01, 0x02, 0x03, 0x08, 0x0b, 0x13, 0x14, 0x15,   0x46,
                             0x50, 0x5c, 0x5d, 0x69, 0x6a, 0x7e, 0x9a, 0x8001, 0x8003};
    u64 control =
        random() % 8 == 0 ? random() & 0xffff : codes[random() % (sizeof codes / sizeof codes[0])];
    if (random() % 2 == 0) control |= hypercall::fast;
    if (random() % 2 == 0) control |= hypercall::variable_header(random() & 7);
    if (random() % 2 == 0) control |= hypercall::rep_count(random() & 0xfff);
    if (random() % 4 == 0) control |= hypercall::rep_start(random() & 0xfff);
    if (random() % 16 == 0) control |= random() & 0xffff0000'ffff0000;
    if ((control & 0xffff) == tlfs::code::SetVpRegisters ||
        (control & 0xffff) == tlfs::code::StartVirtualProcessor) {
        return;  // These may rightly take the ground from under our feet.
    }
    attempt.registers.rcx = control;
    if (random() % 2 == 0)
        attempt.registers.rdx =
            guest::address_of(playground[random() % safe_pages]) + random() % 4096 / 8 * 8;
    if (random() % 2 == 0)
        attempt.registers.r8 =
            guest::address_of(playground[random() % safe_pages]) + random() % 4096 / 8 * 8;
    guest::guarded(
        [](void* argument) { hypercall::call(static_cast<Attempt*>(argument)->registers); },
        &attempt);
}

void write_somewhere() {
    guest::guarded([](void*) { playground[random() % safe_pages][random() % 512] = some_value(); },
                   nullptr);
}

/// Not with interrupts on: a timer of 100 ns would leave no time, one with an exception's vector no
/// stack.
void wait_a_little() {
    for (u32 i = 0; i < 100; ++i) guest::pause();
}

void stay_masked(void*) {
    guest::interrupts_off();
    for (;;) guest::pause();
}

}  // namespace

void abuse() {
    if (without_hypervisor()) return;
    hypercall::establish();
    // They do not come back: what is left for them to take is as bad.
    for (u32 i = 1; i < guest::processor_count(); ++i) guest::processors[i].work = stay_masked;
    state = 0x9e3779b97f4a7c15 * seed;
    for (u32 round = 0; round < rounds; ++round) {
        switch (random() % 4) {
            case 0:
            case 1: touch_register(); break;
            case 2: make_call(); break;
            default: write_somewhere(); break;
        }
        if (round % 64 == 0) wait_a_little();
    }
    for (u32 number = 0x40000070; number < 0x400000c0; ++number) {
        if (!is_left_alone(number)) guest::try_wrmsr(number, 0);
    }
    check::that("the machine is still there", true, "2");
}

}  // namespace groups
