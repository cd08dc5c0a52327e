// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/host_faults.hpp"

#include <ucontext.h>
#include <csignal>

#include "fabric/support/verify.hpp"

namespace cpu {

namespace {

struct GuardedCode {
    u64 begin = 0;
    u64 end = 0;
    u64 resume = 0;
};

// Written while the handler is not installed: signal handlers have no other way in.
GuardedCode guarded;
struct sigaction previous;

void pass_on(int signal, siginfo_t* information, void* context) {
    if ((previous.sa_flags & SA_SIGINFO) != 0) {
        previous.sa_sigaction(signal, information, context);
    } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
        previous.sa_handler(signal);
    } else {
        // The instruction runs again and meets the default action.
        sigaction(signal, &previous, nullptr);
    }
}

void on_floating_point_error(int signal, siginfo_t* information, void* context) {
    auto& registers = static_cast<ucontext_t*>(context)->uc_mcontext.gregs;
    const auto rip = static_cast<u64>(registers[REG_RIP]);
    if (rip >= guarded.begin && rip < guarded.end) {
        registers[REG_RIP] = static_cast<greg_t>(guarded.resume);
        return;
    }
    pass_on(signal, information, context);
}

}  // namespace

void guard_native_code(const u8* begin, const u8* end, const u8* resume) {
    VERIFY(guarded.begin == 0);
    guarded = {.begin = reinterpret_cast<u64>(begin),
               .end = reinterpret_cast<u64>(end),
               .resume = reinterpret_cast<u64>(resume)};
    reclaim_floating_point_errors();
}

void reclaim_floating_point_errors() {
    struct sigaction current {};
    VERIFY(sigaction(SIGFPE, nullptr, &current) == 0);
    const bool is_ours =
        (current.sa_flags & SA_SIGINFO) != 0 && current.sa_sigaction == on_floating_point_error;
    if (guarded.begin == 0 || is_ours) return;
    previous = current;
    struct sigaction action {};
    action.sa_sigaction = on_floating_point_error;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    VERIFY(sigaction(SIGFPE, &action, nullptr) == 0);
}

}  // namespace cpu
