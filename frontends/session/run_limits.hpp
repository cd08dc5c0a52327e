// SPDX-License-Identifier: BSD-2-Clause
//
// Attendants that look at the machine at instants known before: for hashes, and for ends.
#pragma once

#include "fabric/time/vm_time.hpp"
#include "frontends/session/attendant.hpp"

namespace frontends {

/// --hash-every: a hash of the whole state, every so many instructions, on standard error.
class HashPrinter final : public Attendant {
public:
    HashPrinter(u64 every, u64 first) : every_(every), next_(first) {}
    void attend(Session& session) override;
    Stop next_stop() const override { return {.retired = next_}; }

private:
    u64 every_;
    u64 next_;
};

/// --max-instructions.
class InstructionLimit final : public Attendant {
public:
    explicit InstructionLimit(u64 limit) : limit_(limit) {}
    void attend(Session& session) override;
    Stop next_stop() const override { return {.retired = limit_}; }

private:
    u64 limit_;
};

/// --replay: the run ends where the recorded one did.
class ReplayEnd final : public Attendant {
public:
    explicit ReplayEnd(fabric::VmInstant end) : end_(end) {}
    void attend(Session& session) override;
    Stop next_stop() const override;

private:
    fabric::VmInstant end_;
    bool retired_reached_ = false;
};

}  // namespace frontends
