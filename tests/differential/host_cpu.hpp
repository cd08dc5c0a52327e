// SPDX-License-Identifier: BSD-2-Clause
//
// The oracle: runs a case on the host processor, in this process. Memory of the tests is mapped
// twice, at its own low address with the rights a test meets, and somewhere else writable.
#pragma once

#include <span>

#include "fabric/support/result.hpp"
#include "tests/differential/case.hpp"

namespace test::differential {

class HostCpu {
public:
    /// One for a process: signal handlers and fixed addresses are its own.
    static fabric::Result<HostCpu*> create();

    Outcome run(const Case& test);

    /// The arena, writable whatever the tests may do.
    std::span<u8> memory() { return {memory_, arena_size}; }
    /// Whether 32- and 16-bit code can be run.
    bool segments_available() const { return segments_available_; }

private:
    HostCpu() = default;

    fabric::Result<> map_memory();
    void install_handlers();
    void place_code(const Case& test);
    void load(const Case& test);
    Outcome outcome_of_exit(const Case& test) const;
    Outcome outcome_of_signal(const Case& test) const;

    u8* memory_ = nullptr;
    u8* code_ = nullptr;
    usize dirty_code_ = 0;  // Where code was put last, and how much.
    usize dirty_size_ = 0;
    bool segments_available_ = false;
};

}  // namespace test::differential
