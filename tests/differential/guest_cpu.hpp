// SPDX-License-Identifier: BSD-2-Clause
//
// The subject: runs a case on a Vcpu of ours, in a guest whose page tables, descriptor tables and
// memory look to user mode as the host's do. Exceptions are delivered to handlers that only halt.
#pragma once

#include <memory>
#include <span>
#include <string_view>

#include "cpu/core/models/cpu_model.hpp"
#include "cpu/interpreter/interpreter.hpp"
#include "fabric/support/result.hpp"
#include "tests/differential/case.hpp"

namespace test::differential {

enum class EngineKind : u8 {
    Execute,      // decode() and execute() for each instruction.
    Interpreter,  // As guests are run.
};

class GuestCpu {
public:
    static fabric::Result<std::unique_ptr<GuestCpu>> create(const cpu::CpuModel& model,
                                                            EngineKind kind);

    Outcome run(const Case& test);

    /// The arena's bytes in guest memory.
    std::span<u8> memory();
    const cpu::FeatureSet& features() const { return vcpu_->features; }

private:
    GuestCpu(std::unique_ptr<fabric::GuestMemory> memory, const cpu::CpuModel& model,
             EngineKind kind);

    void build_page_tables();
    void build_descriptor_tables();
    cpu::CpuState state_for_all() const;
    void load(const Case& test);
    void place_code(const Case& test);
    void write_code(u64 linear, std::span<const u8> bytes);
    void run_by_execute(const Case& test);
    void run_by_interpreter(const Case& test);
    void look_where_it_went(const Case& test);
    cpu::Step execute_one();
    bool fetch(cpu::Instruction& into);
    bool in_handler() const;
    Outcome outcome() const;
    void read_frame(Outcome& into) const;
    void put(u64 physical, u64 value);

    std::unique_ptr<fabric::GuestMemory> memory_;
    fabric::IoSpace ports_{"ports"};
    fabric::IoSpace mmio_{"mmio"};
    std::unique_ptr<cpu::Vcpu> vcpu_;
    std::unique_ptr<cpu::Interpreter> interpreter_;
    EngineKind kind_;
    cpu::CpuState initial_;
    bool raised_ = false;  // Vcpu::exception was left undelivered.
    u64 dirty_code_ = 0;   // Linear.
    usize dirty_size_ = 0;
};

/// As LGDT's table has it, to the form CpuState keeps.
cpu::Segment segment_of(u16 selector);

}  // namespace test::differential
