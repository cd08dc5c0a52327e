// SPDX-License-Identifier: BSD-2-Clause
//
// A bench in 64-bit mode with x87, SSE and AVX switched on.
#pragma once

#include "cpu/fpu/host_faults.hpp"
#include "tests/support/cpu_bench.hpp"

namespace test {

class VectorBench : public CpuBench {
public:
    static constexpr u64 data = 0x2'0000;

    explicit VectorBench(u8 cpl = 3) {
        cpu::reclaim_floating_point_errors();  // Catch2 takes them for each test case.
        long_mode(cpl);
        state.cr0 |= cpu::cr0::NE | cpu::cr0::MP;
        state.cr4 |= cpu::cr4::OSFXSR | cpu::cr4::OSXMMEXCPT | cpu::cr4::OSXSAVE;
        state.xcr0 = cpu::xcr0::X87 | cpu::xcr0::SSE | cpu::xcr0::AVX;
        state.x87.control = 0x037f;
        state.reg(cpu::Gpr::Rsi) = data;
    }

    /// Executes these, of which each must go on to the next.
    void run(std::initializer_list<std::initializer_list<u8>> instructions) {
        for (const auto& each : instructions) VERIFY(execute(each) == cpu::Step::Next);
    }
};

}  // namespace test
