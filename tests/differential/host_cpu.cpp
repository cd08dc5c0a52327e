// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/host_cpu.hpp"

#include <sys/mman.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "fabric/support/verify.hpp"
#include "tests/differential/code_image.hpp"
#include "tests/differential/descriptors.hpp"
#include "tests/differential/host_entry.hpp"

namespace test::differential {

namespace {
constexpr int alarm_interval_us = 100'000;
constexpr int alarms_until_hung = 5;

/// What a signal handler saw.
struct Capture {
    gregset_t gregs;
    XsaveImage extended;
    bool present;
};
Capture capture;
volatile int alarms;
struct sigaction previous_for_errors;  // SIGFPE: the thunks of cpu/fpu have a handler too.

/// A signal that no test has caused.
void pass_on(int number, siginfo_t* information, void* context) {
    if (number == SIGFPE && (previous_for_errors.sa_flags & SA_SIGINFO) != 0) {
        previous_for_errors.sa_sigaction(number, information, context);
    } else {
        std::signal(number, SIG_DFL);
    }
}

void* map_at(u64 address, usize size, int protection, int file, usize offset) {
    const int flags = (file < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED) | MAP_POPULATE |
                      (address ? MAP_FIXED_NOREPLACE : 0);
    return mmap(reinterpret_cast<void*>(address), size, protection, flags, file,
                static_cast<off_t>(offset));
}

constexpr u64 flags_not_compared = cpu::rflags::RF | cpu::rflags::IF;

/// The ISA extensions the harness itself stands on.
bool host_can_run_tests() {
    u32 eax = 0, edx = 0;
    u32 ecx = 1;
    asm volatile("mov $1, %%eax; cpuid" : "=c"(ecx), "=a"(eax), "=d"(edx) : : "rbx");
    constexpr u32 osxsave_and_avx = 3u << 27;
    u32 leaf7_ebx = 0;
    asm volatile(
        "mov $7, %%eax; xor %%ecx, %%ecx; mov %%rbx, %%rsi; cpuid; mov %%ebx, %0; mov %%rsi, %%rbx"
        : "=r"(leaf7_ebx)
        :
        : "rax", "rcx", "rdx", "rsi");
    return (ecx & osxsave_and_avx) == osxsave_and_avx && (leaf7_ebx & 1) != 0;
}
}  // namespace

// Runs with the registers of the harness, but on the alternate stack.
extern "C" void host_fault(int number, siginfo_t* information, void* context) {
    ControlBlock& block = control();
    auto& machine = static_cast<ucontext_t*>(context)->uc_mcontext;
    if (block.active == 0) {
        pass_on(number, information, context);
        return;
    }
    std::memcpy(&capture.gregs, &machine.gregs, sizeof(capture.gregs));
    std::memcpy(static_cast<void*>(&capture.extended), machine.fpregs, sizeof(capture.extended));
    capture.present = true;
    host_leave();
}

// May come at any moment of a test, also half-way in or out: touches nothing but the counter until
// the test has had its time. (Built without stack protector: FS may be the test's.)
static void host_alarm(int /*number*/, siginfo_t* /*information*/, void* context) {
    if (control().active == 0) return;
    const int count = alarms + 1;
    alarms = count;
    if (count < alarms_until_hung) return;
    auto& gregs = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    gregs[REG_RIP] = static_cast<greg_t>(control().exit_address);
    gregs[REG_CSGSFS] = static_cast<greg_t>(u64{selectors::Data} << 48 | selectors::Code64);
    gregs[REG_EFL] = 0x202;
    control().hung = 1;
}

fabric::Result<HostCpu*> HostCpu::create() {
    static HostCpu host;
    if (!host_can_run_tests()) {
        return fabric::Error{"the host processor lacks AVX or FSGSBASE, which the tester needs"};
    }
    TRY(host.map_memory());
    host.segments_available_ = install_ldt();
    host.install_handlers();
    return &host;
}

fabric::Result<> HostCpu::map_memory() {
    const int file = memfd_create("differential", MFD_CLOEXEC);
    constexpr usize total = arena_size + code_image_size;
    if (file < 0 || ftruncate(file, total) != 0) return fabric::Error{"no memory for the tests"};
    void* alias = map_at(0, total, PROT_READ | PROT_WRITE, file, 0);
    bool mapped = alias != MAP_FAILED;
    const auto map = [&](u64 address, usize size, int protection, int from, usize offset) {
        mapped = mapped && map_at(address, size, protection, from, offset) != MAP_FAILED;
    };
    map(arena, arena_writable_size, PROT_READ | PROT_WRITE, file, 0);
    map(arena_read_only, page, PROT_READ, file, arena_writable_size);
    map(code_pair, 2 * page, PROT_READ | PROT_EXEC, file, arena_size);
    map(code_last, page, PROT_READ | PROT_EXEC, file, arena_size + 4 * page);
    map(entry_frame & ~(page - 1), page, PROT_READ | PROT_WRITE, -1, 0);
    map(control_page, page, PROT_READ | PROT_WRITE, -1, 0);
    map(return_page, page, PROT_READ | PROT_WRITE | PROT_EXEC, -1, 0);
    close(file);
    if (!mapped) return fabric::Error{"the tests' addresses are taken in this process"};

    memory_ = static_cast<u8*>(alias);
    code_ = memory_ + arena_size;
    std::memset(code_, breakpoint_opcode, code_image_size);
    mlock(alias, total);
    control().exit_address = reinterpret_cast<u64>(&host_exit);
    const CodeImage back = code_image({.mode = cpu::CodeMode::Bits64, .code_address = code_pair});
    std::memcpy(reinterpret_cast<void*>(return_page), back.bytes.data(), back.size);
    return {};
}

void HostCpu::install_handlers() {
    static std::array<u8, 64 * 1024> signal_stack;
    stack_t stack{};
    stack.ss_sp = signal_stack.data();
    stack.ss_size = signal_stack.size();
    VERIFY(sigaltstack(&stack, nullptr) == 0);
    struct sigaction action {};
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    action.sa_sigaction = host_signal;
    for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP}) {
        struct sigaction* previous = number == SIGFPE ? &previous_for_errors : nullptr;
        VERIFY(sigaction(number, &action, previous) == 0);
    }
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
    action.sa_sigaction = host_alarm;
    VERIFY(sigaction(SIGALRM, &action, nullptr) == 0);
    itimerval timer{};
    timer.it_interval.tv_usec = timer.it_value.tv_usec = alarm_interval_us;
    VERIFY(setitimer(ITIMER_REAL, &timer, nullptr) == 0);
}

void HostCpu::place_code(const Case& test) {
    std::memset(code_ + dirty_code_, breakpoint_opcode, dirty_size_);
    const CodeImage image = code_image(test);
    dirty_code_ = image.linear - code_base;
    dirty_size_ = image.size;
    std::memcpy(code_ + dirty_code_, image.bytes.data(), image.size);
}

void HostCpu::load(const Case& test) {
    ControlBlock& block = control();
    const Registers& before = test.before;
    block.gpr_in = before.gpr;
    block.fs_base = before.fs_base;
    block.gs_base = before.gs_base;
    block.selectors_in = {before.selector(cpu::SegReg::Ds), before.selector(cpu::SegReg::Es),
                          before.selector(cpu::SegReg::Fs), before.selector(cpu::SegReg::Gs)};
    block.load_selectors = test.mode != cpu::CodeMode::Bits64;
    block.hung = 0;
    block.extended_in = before.extended;
    const std::array<u64, 5> frame = {before.rip, before.selector(cpu::SegReg::Cs), before.rflags,
                                      before.reg(cpu::Gpr::Rsp), before.selector(cpu::SegReg::Ss)};
    std::memcpy(reinterpret_cast<void*>(entry_frame), frame.data(), sizeof(frame));
}

Outcome HostCpu::run(const Case& test) {
    place_code(test);
    load(test);
    capture.present = false;
    alarms = 0;
    host_enter();
    Outcome outcome = capture.present ? outcome_of_signal(test) : outcome_of_exit(test);
    const ControlBlock& block = control();
    Registers& after = outcome.registers;
    after.selector(cpu::SegReg::Ds) = static_cast<u16>(block.selectors_out[0]);
    after.selector(cpu::SegReg::Es) = static_cast<u16>(block.selectors_out[1]);
    after.selector(cpu::SegReg::Fs) = static_cast<u16>(block.selectors_out[2]);
    after.selector(cpu::SegReg::Gs) = static_cast<u16>(block.selectors_out[3]);
    after.fs_base = block.fs_base;
    after.gs_base = block.gs_base;
    after.rflags &= ~flags_not_compared;
    if (block.hung != 0) outcome.ending = Ending::Hang;
    return outcome;
}

Outcome HostCpu::outcome_of_exit(const Case& test) const {
    const ControlBlock& block = control();
    Outcome outcome;
    outcome.registers.gpr = block.gpr_out;
    outcome.registers.rflags = block.rflags_out;
    outcome.registers.rip = test.before.rip + test.code_size;
    outcome.registers.extended = block.extended_out;
    outcome.registers.selectors = test.before.selectors;
    outcome.registers.selector(cpu::SegReg::Ss) = static_cast<u16>(block.selectors_out[4]);
    return outcome;
}

Outcome HostCpu::outcome_of_signal(const Case& test) const {
    static constexpr std::array<int, 16> order = {
        REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
        REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15};
    const auto greg = [](int which) { return static_cast<u64>(capture.gregs[which]); };
    Outcome outcome{.ending = Ending::Fault};
    Registers& after = outcome.registers;
    for (usize i = 0; i < order.size(); ++i) after.gpr[i] = greg(order[i]);
    after.rip = greg(REG_RIP);
    after.rflags = greg(REG_EFL);
    after.extended = capture.extended;
    after.selector(cpu::SegReg::Cs) = static_cast<u16>(greg(REG_CSGSFS));
    after.selector(cpu::SegReg::Ss) = static_cast<u16>(greg(REG_CSGSFS) >> 48);
    outcome.vector = static_cast<u8>(greg(REG_TRAPNO));
    outcome.error_code = static_cast<u32>(greg(REG_ERR));
    outcome.address = greg(REG_CR2);

    const u64 rip = after.rip + descriptor_base(after.selector(cpu::SegReg::Cs));
    const u64 end = test.code_address + test.code_size;
    const bool at_filler = outcome.vector == 3 && fetchable_bytes(rip - 1) != 0 &&
                           (rip - 1 < test.code_address || rip - 1 >= end);
    const bool at_end = outcome.vector == 14 && rip == end && (outcome.error_code & 0x10) != 0;
    if (at_filler) --after.rip;
    if (at_filler || at_end) outcome.ending = Ending::Completed;
    return outcome;
}

}  // namespace test::differential
