// SPDX-License-Identifier: BSD-2-Clause
//
// The second opinion: Unicorn (QEMU 5's translator with software floating point) in one of the
// three machines of unicorn_system.hpp.
//
// It is stopped before the second instruction by a hook on every instruction, and set back by
// restoring a saved context, which also forgets the exception that it takes to be in flight:
// without that, the second #GP in a row would come as #DF.
#pragma once

#include <unicorn/unicorn.h>

#include <memory>

#include "cpu/decode/form.hpp"
#include "fabric/support/result.hpp"
#include "tests/differential/unicorn_system.hpp"

namespace test::differential {

class UnicornCpu {
public:
    /// `start`: the state of ours that each case starts from; Unicorn is brought to the same.
    static fabric::Result<std::unique_ptr<UnicornCpu>> create(FlatMode mode,
                                                              const SystemState& start);
    ~UnicornCpu();
    UnicornCpu(const UnicornCpu&) = delete;
    UnicornCpu& operator=(const UnicornCpu&) = delete;

    /// `landing`: the linear address it is expected to stop at. What lies there is then not even
    /// translated: random bytes make Unicorn's translator abort. For the same reason nothing but
    /// the code pages can be executed.
    FlatOutcome run(const Case& test, u64 landing);

    std::span<u8> memory() { return {memory_, arena_size}; }
    std::span<u8> tables() { return {tables_, flat::tables_size}; }
    void restore_tables();

private:
    UnicornCpu(FlatMode mode) : mode_(mode) {}

    fabric::Result<> open();
    fabric::Result<> map(u64 at, u8* bytes, usize size, u32 rights);
    fabric::Result<> add_hooks();
    fabric::Result<> bootstrap(const SystemState& start);
    fabric::Result<> run_bytes(std::span<const u8> bytes);

    void place_code(const Case& test);
    void load(const Case& test);
    void load_x87(const XsaveImage& image);
    void take_x87(XsaveImage& image) const;
    void write(int reg, u64 value) const;
    u64 read(int reg) const;
    void deliver_through_ivt(u32 vector);
    u64 offset_within_cs(u64 linear, u16 cs) const;
    FlatOutcome outcome(uc_err error) const;
    SystemState system_state() const;

    static void on_code(uc_engine* engine, u64 address, u32 size, void* self);
    static void on_interrupt(uc_engine* engine, u32 vector, void* self);
    static u32 on_in(uc_engine* engine, u32 port, int size, void* self);
    static void on_out(uc_engine* engine, u32 port, int size, u32 value, void* self);

    FlatMode mode_;
    uc_engine* engine_ = nullptr;
    uc_context* start_ = nullptr;
    u8* mapping_ = nullptr;  // Whole pages: tables, arena, code.
    u8* tables_ = nullptr;
    u8* memory_ = nullptr;
    u8* code_ = nullptr;
    std::vector<u8> usual_tables_;
    u64 dirty_code_ = 0;
    usize dirty_size_ = 0;
    u64 cases_ = 0;

    // Of the case that runs.
    u64 start_address_ = 0;
    u64 passes_ = 0;  // Through the first instruction: more than one if it repeats.
    bool arrived_ = false;
    u64 arrival_ = 0;  // Linear.
    bool raised_ = false;
    bool delivered_ = false;
    cpu::Semantic semantic_{};
    u8 vector_ = 0;
    std::vector<PortAccess> ports_;
};

}  // namespace test::differential
