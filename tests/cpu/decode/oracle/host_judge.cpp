// SPDX-License-Identifier: BSD-2-Clause
#include "tests/cpu/decode/oracle/host_judge.hpp"

#include <asm/ldt.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>
#include <csignal>
#include <cstring>

#include "fabric/support/verify.hpp"

namespace test::decode {

namespace {

constexpr u64 code_page = 0x2000'0000;
constexpr u64 page_size = 0x1000;
constexpr u64 page_end = code_page + page_size;
constexpr u64 user_code_64 = 0x33;
constexpr u64 user_code_32 = 0x23;
constexpr u64 user_stack = 0x2b;
constexpr u64 user_code_16 = 0x0f;  // Entry 1 of the LDT.
// Points nowhere, is no selector that can be loaded, and no system call's number.
constexpr u64 register_64 = 0x0000'6543'2100'1111;
constexpr u64 register_32 = 0x6543'1111;
constexpr u64 trap_flag = 0x102;  // Single step, and IF left to the kernel.

struct Outcome {
    u64 trap;
    u64 error;
    u64 rip;
    u64 address;
};

struct Frame {
    u64 rip, cs, flags, rsp, ss;
};

volatile Outcome outcome;
u64 saved_rsp;
Frame entry_frame;
u64 entry_value;

extern "C" void satori_judge_resume();

void on_signal(int, siginfo_t*, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    outcome.trap = static_cast<u64>(registers[REG_TRAPNO]);
    outcome.error = static_cast<u64>(registers[REG_ERR]);
    outcome.rip = static_cast<u64>(registers[REG_RIP]);
    outcome.address = static_cast<u64>(registers[REG_CR2]);
    registers[REG_RIP] = static_cast<greg_t>(reinterpret_cast<usize>(&satori_judge_resume));
    registers[REG_RSP] = static_cast<greg_t>(saved_rsp);
    registers[REG_EFL] = 0x202;
    registers[REG_CSGSFS] = static_cast<greg_t>(user_stack << 48 | user_code_64);
}

/// One instruction from entry_frame, all registers holding entry_value. Comes back by a signal.
[[gnu::noinline]] void run_one() {
    asm volatile(
        "pushq %%rbx\n\tpushq %%rbp\n\tpushq %%r12\n\tpushq %%r13\n\tpushq %%r14\n\tpushq %%r15\n\t"
        "movq %%rsp, %[saved]\n\t"
        "leaq %[frame], %%rsp\n\t"
        "movq %[value], %%rax\n\t"
        "movq %%rax, %%rbx\n\tmovq %%rax, %%rcx\n\tmovq %%rax, %%rdx\n\tmovq %%rax, %%rsi\n\t"
        "movq %%rax, %%rdi\n\tmovq %%rax, %%rbp\n\tmovq %%rax, %%r8\n\tmovq %%rax, %%r9\n\t"
        "movq %%rax, %%r10\n\tmovq %%rax, %%r11\n\tmovq %%rax, %%r12\n\tmovq %%rax, %%r13\n\t"
        "movq %%rax, %%r14\n\tmovq %%rax, %%r15\n\t"
        "iretq\n"
        ".globl satori_judge_resume\n"
        "satori_judge_resume:\n\t"
        "popq %%r15\n\tpopq %%r14\n\tpopq %%r13\n\tpopq %%r12\n\tpopq %%rbp\n\tpopq %%rbx\n\t"
        : [saved] "=m"(saved_rsp)
        : [frame] "m"(entry_frame), [value] "m"(entry_value)
        : "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "cc", "memory");
}

bool have_16_bit_code() {
    user_desc descriptor{};
    descriptor.entry_number = 1;
    descriptor.base_addr = static_cast<unsigned>(code_page);
    descriptor.limit = 0xffff;
    descriptor.contents = MODIFY_LDT_CONTENTS_CODE;
    return syscall(SYS_modify_ldt, 1, &descriptor, sizeof(descriptor)) == 0;
}

void prepare(cpu::CodeMode mode, u8 bytes) {
    entry_value = mode == cpu::CodeMode::Bits64 ? register_64 : register_32;
    entry_frame = {page_end - bytes, user_code_64, trap_flag, entry_value, user_stack};
    if (mode == cpu::CodeMode::Bits32) entry_frame.cs = user_code_32;
    if (mode == cpu::CodeMode::Bits16) {
        entry_frame.cs = user_code_16;
        entry_frame.rip -= code_page;
    }
}

/// Tells whether the instruction wanted a byte beyond the page.
bool wanted_more() {
    constexpr u64 page_fault = 14;
    constexpr u64 instruction_fetch = 0x10;
    return outcome.trap == page_fault && (outcome.error & instruction_fetch) != 0 &&
           outcome.address == page_end && outcome.rip == entry_frame.rip;
}

Verdict judge(std::span<const u8> bytes, cpu::CodeMode mode) {
    constexpr u64 invalid_opcode = 6;
    if (mode == cpu::CodeMode::Bits16 && !have_16_bit_code()) return {};
    auto* page = reinterpret_cast<u8*>(code_page);
    for (u8 length = 1; length <= bytes.size() && length <= 15; ++length) {
        std::memset(page, 0xcc, page_size);
        std::memcpy(page + page_size - length, bytes.data(), length);
        prepare(mode, length);
        run_one();
        if (wanted_more()) continue;
        if (outcome.trap == invalid_opcode) return {Verdict::Kind::Invalid, length};
        return {Verdict::Kind::Valid, length};
    }
    return {Verdict::Kind::TooLong, 0};
}

[[noreturn]] void be_the_child(std::span<const u8> bytes, cpu::CodeMode mode, Verdict& into) {
    static u8 signal_stack[65536];
    const stack_t stack{.ss_sp = signal_stack, .ss_flags = 0, .ss_size = sizeof(signal_stack)};
    sigaltstack(&stack, nullptr);
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
    for (const int each : {SIGSEGV, SIGILL, SIGTRAP, SIGFPE, SIGBUS, SIGSYS}) {
        sigaction(each, &action, nullptr);
    }
    alarm(1);
    auto* const wanted = reinterpret_cast<void*>(code_page);
    void* const page = mmap(wanted, page_size, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
    if (page == wanted) into = judge(bytes, mode);
    _exit(0);
}

}  // namespace

Verdict host_verdict(std::span<const u8> bytes, cpu::CodeMode mode) {
    static Verdict* const shared = [] {
        void* const memory =
            mmap(nullptr, page_size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        VERIFY(memory != MAP_FAILED);
        return static_cast<Verdict*>(memory);
    }();
    *shared = {};
    const pid_t child = fork();
    if (child < 0) return {};
    if (child == 0) be_the_child(bytes, mode, *shared);
    int status = 0;
    waitpid(child, &status, 0);
    return *shared;
}

}  // namespace test::decode
