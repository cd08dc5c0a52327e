// SPDX-License-Identifier: BSD-2-Clause
//
// Our processor in one of the three machines of unicorn_system.hpp.
#pragma once

#include <memory>

#include "cpu/core/models/cpu_model.hpp"
#include "cpu/interpreter/interpreter.hpp"
#include "fabric/support/result.hpp"
#include "tests/differential/unicorn_system.hpp"

namespace test::differential {

class FlatGuest {
public:
    static fabric::Result<std::unique_ptr<FlatGuest>> create(const cpu::CpuModel& model,
                                                             FlatMode mode);

    /// `arena_bytes` is what the arena holds. An instruction that raised something is run a second
    /// time by cpu::execute(), which shows the exception without delivering it.
    FlatOutcome run(const Case& test, std::span<const u8> arena_bytes);

    std::span<u8> memory();
    std::span<u8> tables() { return memory_->ram().first(flat::tables_size); }
    /// Those of the other side, whose tables have been used to start it.
    void adopt_tables(std::span<const u8> from);
    void restore_tables();
    const cpu::FeatureSet& features() const { return vcpu_->features; }
    /// The state each case starts from, before its own registers.
    const cpu::CpuState& initial() const { return initial_; }

private:
    class Ports final : public fabric::IoHandler {
    public:
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;
        std::vector<PortAccess> seen;
    };
    class Nothing final : public fabric::IoHandler {
    public:
        u64 read(u64 offset, u32 size) override;
        void write(u64 offset, u32 size, u64 value) override;
        bool touched = false;
    };

    FlatGuest(std::unique_ptr<fabric::GuestMemory> memory, const cpu::CpuModel& model,
              FlatMode mode);

    cpu::CpuState state_for_all() const;
    cpu::Segment segment_for(u16 selector) const;
    void write_code(u64 linear, std::span<const u8> bytes);
    void place_code(const Case& test);
    void load(const Case& test);
    bool raised_something() const;
    void run_by_interpreter(const Case& test);
    bool run_by_execute(const Case& test);
    FlatOutcome outcome(bool fault) const;

    FlatMode mode_;
    std::unique_ptr<fabric::GuestMemory> memory_;
    Ports port_handler_;
    Nothing nothing_;
    fabric::IoSpace ports_{"ports"};
    fabric::IoSpace mmio_{"mmio"};
    std::unique_ptr<cpu::Vcpu> vcpu_;
    std::unique_ptr<cpu::Interpreter> interpreter_;
    std::vector<u8> usual_tables_;
    cpu::CpuState initial_;
    u64 dirty_code_ = 0;
    usize dirty_size_ = 0;
};

}  // namespace test::differential
