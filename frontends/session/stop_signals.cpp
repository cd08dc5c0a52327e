// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/session/stop_signals.hpp"

#include <sys/signalfd.h>
#include <unistd.h>

#include <csignal>
#include <string>

#include "frontends/session/session.hpp"

namespace frontends {

namespace {

sigset_t stop_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    for (const int each : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&signals, each);
    return signals;
}

std::string name_of(u32 signal) {
    return signal == SIGINT ? "SIGINT" : signal == SIGTERM ? "SIGTERM" : "SIGHUP";
}

}  // namespace

StopSignals::StopSignals() {
    const sigset_t signals = stop_signals();
    sigprocmask(SIG_BLOCK, &signals, nullptr);
    descriptor_ = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor_ < 0) sigprocmask(SIG_UNBLOCK, &signals, nullptr);
}

StopSignals::~StopSignals() {
    const sigset_t signals = stop_signals();
    sigprocmask(SIG_UNBLOCK, &signals, nullptr);
    if (descriptor_ >= 0) close(descriptor_);
}

void StopSignals::attend(Session& session) {
    signalfd_siginfo info;
    if (read(descriptor_, &info, sizeof info) != sizeof info) return;
    print_notice("stopped by " + name_of(info.ssi_signo) + " after " +
                 std::to_string(session.machine().retired()) + " instructions");
    session.leave(run_status::stopped);
}

void StopSignals::await(Wakers& wakers) const {
    wakers.descriptors.push_back({.fd = descriptor_, .events = POLLIN, .revents = 0});
}

}  // namespace frontends
