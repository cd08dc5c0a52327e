// SPDX-License-Identifier: BSD-2-Clause
//
// The local APIC (SDM 3A 10) of one processor: the memory page of xAPIC mode, the MSRs of x2APIC
// mode, and IA32_TSC_DEADLINE. Which mode it is in stands in IA32_APIC_BASE, which the processor
// keeps (CpuState); the upper half of the task priority is CR8, kept there too.
//
// Its ID is the one the board gave the processor and cannot be written. It has six LVT entries, no
// CMCI (no machine check bank offers it), no arbitration priority and no remote read (as none has
// had since the Pentium 4). Deviation: code is not fetched from the page.
#pragma once

#include <array>
#include <string>

#include "cpu/apic/apic_bus.hpp"
#include "cpu/apic/apic_registers.hpp"
#include "cpu/apic/vector_set.hpp"
#include "cpu/core/vcpu.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"
#include "fabric/time/event_queue.hpp"

namespace cpu {

/// A hypervisor layer that extends the APIC hears of it here.
class ApicListener {
public:
    virtual ~ApicListener() = default;
    /// The processor's time-stamp counter has been written to.
    virtual void tsc_moved() = 0;
    /// The processor has written an EOI.
    virtual void interrupt_ended() = 0;
};

/// The wires of IrqSink are LINT0 and LINT1, by number.
class LocalApic final : public fabric::Device,
                        public fabric::IoHandler,
                        public fabric::IrqSink,
                        public InterruptSource {
public:
    struct Config {
        std::string name = "apic0";
        u64 timer_hz = 25'000'000;  // Before the divider, at most 1 GHz.
    };

    struct Wiring {
        fabric::EventQueue& events;
        Vcpu& vcpu;
        ApicBus& bus;
        /// Answers INTA cycles: the PIC whose INTR output is LINT0.
        InterruptSource* external = nullptr;
    };

    struct State {
        u8 task_priority_low = 0;  // Bits 3:0 of TPR; the others are CR8.
        u32 logical_destination = 0;
        u32 destination_format = 0xffff'ffff;
        u32 spurious_vector = 0xff;
        u32 error_status = 0;  // As it was when ESR was last written.
        u32 errors_since = 0;  // Noted since then.
        u64 interrupt_command = 0;
        std::array<u32, apic::lvt_entries> local_vectors = masked_vectors();
        VectorSet requested;        // IRR.
        VectorSet in_service;       // ISR.
        VectorSet level_triggered;  // TMR.
        VectorSet automatic_eoi;
        bool external_requested = false;  // By a message with delivery mode ExtINT.
        std::array<bool, 2> lint_levels{};
        u32 initial_count = 0;
        u32 divide_configuration = 0;
        bool counting = false;
        u32 count_at_start = 0;  // At tick `start` of the undivided clock.
        u64 start_tick = 0;
        u64 tsc_deadline = 0;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "tpr_low", state.task_priority_low);
            visit(2, "ldr", state.logical_destination);
            visit(3, "dfr", state.destination_format);
            visit(4, "svr", state.spurious_vector);
            visit(5, "esr", state.error_status);
            visit(6, "errors_since", state.errors_since);
            visit(7, "icr", state.interrupt_command);
            visit(8, "lvt", state.local_vectors);
            visit(9, "irr", state.requested);
            visit(10, "isr", state.in_service);
            visit(11, "tmr", state.level_triggered);
            visit(12, "automatic_eoi", state.automatic_eoi);
            visit(13, "external_requested", state.external_requested);
            visit(14, "lint_levels", state.lint_levels);
            visit(15, "initial_count", state.initial_count);
            visit(16, "divide_configuration", state.divide_configuration);
            visit(17, "counting", state.counting);
            visit(18, "count_at_start", state.count_at_start);
            visit(19, "start_tick", state.start_tick);
            visit(20, "tsc_deadline", state.tsc_deadline);
        }
    };

    /// Plugs itself into the processor's ports and MSR space, and onto the bus.
    LocalApic(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    /// The page of xAPIC mode.
    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    void set_level(u32 lint, bool high) override;

    bool pending() const override;
    u8 acknowledge() override;
    void task_priority_written() override;
    void apic_base_written(u64 before) override;
    void tsc_moved() override;
    void processor_reset_by_init() override;

    // The bus.

    bool is_addressed_by(const InterruptMessage& message) const;
    void accept(const InterruptMessage& message);
    /// Enabled by IA32_APIC_BASE and by the spurious vector register.
    bool takes_interrupts() const;
    u8 processor_priority() const;

    // What a hypervisor layer offers of its own: the same registers, without their addresses.

    u8 task_priority() const;
    void set_task_priority(u8 priority);
    void end_of_interrupt();
    u64 interrupt_command() const { return state_.interrupt_command; }
    /// In the layout of the mode: the destination is in bits 63:56, or 63:32 in x2APIC mode.
    void write_interrupt_command(u64 command);
    /// An edge-triggered interrupt of the processor itself.
    void request(u8 vector);
    /// Its delivery is its EOI.
    void set_automatic_eoi(u8 vector, bool automatic);
    void listen(ApicListener& listener) { listener_ = &listener; }
    /// A source of the local vector table has something to say.
    void signal_local(apic::Lvt source);

    const State& state() const { return state_; }

    /// For the rows of the x2APIC's table: whether its registers are there.
    enum class Needs : u8 { X2apicMode, TscDeadline };
    bool has(Needs what) const;
    u64 read_x2apic(apic::Register which) const;
    MsrOutcome write_x2apic(apic::Register which, u64 value);
    u64 read_tsc_deadline() const;
    void write_tsc_deadline(u64 value);

private:
    static constexpr std::array<u32, apic::lvt_entries> masked_vectors() {
        std::array<u32, apic::lvt_entries> all;
        all.fill(apic::lvt::Masked);
        return all;
    }

    bool enabled() const;
    bool in_x2apic_mode() const;
    u32 id_register() const;
    u32 logical_id() const;

    std::optional<u32> read_register(u8 number) const;
    void write_register(apic::Register which, u32 value);
    void write_spurious_vector(u32 value);
    void write_local_vector(apic::Lvt which, u32 value);
    void note_error(u32 error);
    void send(u32 destination, u32 command);

    void take(u8 vector, bool level);
    void retire_interrupt();
    u8 deliverable() const;
    bool external_pending() const;
    void look_again();
    u32& local_vector(apic::Lvt which) { return state_.local_vectors[static_cast<usize>(which)]; }
    u32 local_vector(apic::Lvt which) const {
        return state_.local_vectors[static_cast<usize>(which)];
    }
    bool lint_asserted(u32 lint) const;
    void lint_changed(u32 lint, bool was_asserted);
    void start_afresh();

    // The timer (local_apic_timer.cpp).
    enum class TimerMode : u8 { OneShot, Periodic, TscDeadline, Reserved };
    TimerMode timer_mode() const;
    u32 divisor() const;
    u64 tick_now() const;
    u32 current_count() const;
    void settle_timer();
    void arm_timer();
    void arm_tsc_deadline();
    void timer_expired();
    void start_counting(u32 count);
    void write_divide_configuration(u32 value);
    void write_timer_vector(u32 value);

    Config config_;
    Wiring wiring_;
    State state_;
    fabric::Timer timer_;
    ApicListener* listener_ = nullptr;
};

/// The MSRs of x2APIC mode, and IA32_TSC_DEADLINE.
void add_x2apic_msrs(LocalApic& apic, MsrSpace& msrs);

}  // namespace cpu
