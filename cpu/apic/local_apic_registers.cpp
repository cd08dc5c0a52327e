// SPDX-License-Identifier: BSD-2-Clause
//
// The registers of the local APIC, as the memory page shows them and x2APIC mode shares them.
#include "cpu/apic/local_apic.hpp"

namespace cpu {

using namespace apic;

namespace {

constexpr u32 delivery_status = 1u << 12;  // Nothing is ever under way.

/// What of an LVT entry can be written, in the order of Lvt.
constexpr std::array<u32, lvt_entries> writable_of_lvt = {
    lvt::Vector | lvt::Masked | lvt::TimerMode,
    lvt::Vector | lvt::Mode | lvt::Masked,
    lvt::Vector | lvt::Mode | lvt::Masked,
    lvt::Vector | lvt::Mode | lvt::ActiveLow | lvt::Level | lvt::Masked,
    lvt::Vector | lvt::Mode | lvt::ActiveLow | lvt::Level | lvt::Masked,
    lvt::Vector | lvt::Masked,
};

constexpr bool is_lvt(Register which) {
    return which >= Register::LvtTimer && which <= Register::LvtError;
}
constexpr Lvt lvt_of(Register which) {
    return static_cast<Lvt>(static_cast<u8>(which) - static_cast<u8>(Register::LvtTimer));
}

/// One of the eight words of a set of vectors.
std::optional<u32> word_of(const VectorSet& set, Register first, u8 number) {
    const u32 which = u32{number} - static_cast<u8>(first);
    if (which >= 8) return std::nullopt;
    return set.word(which);
}

}  // namespace

u32 LocalApic::id_register() const {
    const u32 id = wiring_.vcpu.topology.apic_id;
    return in_x2apic_mode() ? id : id << 24;
}

/// Nothing: there is no such register.
std::optional<u32> LocalApic::read_register(u8 number) const {
    const auto which = static_cast<Register>(number);
    if (is_lvt(which)) return local_vector(lvt_of(which));
    if (const auto word = word_of(state_.in_service, Register::InService, number)) return word;
    if (const auto word = word_of(state_.level_triggered, Register::TriggerMode, number)) {
        return word;
    }
    if (const auto word = word_of(state_.requested, Register::InterruptRequest, number)) {
        return word;
    }
    switch (which) {
        case Register::Id: return id_register();
        case Register::Version: return version;
        case Register::TaskPriority: return task_priority();
        case Register::ProcessorPriority: return processor_priority();
        case Register::LogicalDestination: return logical_id();
        case Register::DestinationFormat: return state_.destination_format;
        case Register::SpuriousVector: return state_.spurious_vector;
        case Register::ErrorStatus: return state_.error_status;
        case Register::InterruptCommand: return static_cast<u32>(state_.interrupt_command);
        case Register::InterruptCommandHigh:
            return static_cast<u32>(state_.interrupt_command >> 32);
        case Register::InitialCount: return state_.initial_count;
        case Register::CurrentCount: return current_count();
        case Register::DivideConfiguration: return state_.divide_configuration;
        // Listed, but no longer there (SDM 3A table 10-1): they read as zero.
        case Register::ArbitrationPriority:
        case Register::RemoteRead:
        case Register::EndOfInterrupt: return 0;
        default: return std::nullopt;
    }
}

void LocalApic::write_register(Register which, u32 value) {
    if (is_lvt(which)) {
        write_local_vector(lvt_of(which), value);
        return;
    }
    switch (which) {
        case Register::TaskPriority: set_task_priority(static_cast<u8>(value)); return;
        case Register::EndOfInterrupt: end_of_interrupt(); return;
        case Register::LogicalDestination: state_.logical_destination = value & 0xff00'0000; return;
        case Register::DestinationFormat: state_.destination_format = value | 0x0fff'ffff; return;
        case Register::SpuriousVector: write_spurious_vector(value); return;
        case Register::ErrorStatus:
            state_.error_status = state_.errors_since;
            state_.errors_since = 0;
            return;
        case Register::InterruptCommand:
            write_interrupt_command((state_.interrupt_command & ~u64{0xffff'ffff}) | value);
            return;
        case Register::InterruptCommandHigh:
            state_.interrupt_command =
                static_cast<u32>(state_.interrupt_command) | u64{value & 0xff00'0000} << 32;
            return;
        case Register::InitialCount:
            if (timer_mode() == TimerMode::TscDeadline) return;  // SDM 3A 10.5.4.1.
            state_.initial_count = value;
            start_counting(value);
            return;
        case Register::DivideConfiguration: write_divide_configuration(value); return;
        default: return;  // Read-only.
    }
}

/// Software-disabled, the whole local vector table is masked (SDM 3A 10.4.7.2).
void LocalApic::write_spurious_vector(u32 value) {
    state_.spurious_vector = value & svr::Defined;
    if (state_.spurious_vector & svr::Enabled) return;
    settle_timer();
    for (u32& entry : state_.local_vectors) entry |= lvt::Masked;
    arm_timer();
}

void LocalApic::write_local_vector(Lvt which, u32 value) {
    u32 kept = value & writable_of_lvt[static_cast<usize>(which)];
    if ((state_.spurious_vector & svr::Enabled) == 0) kept |= lvt::Masked;
    if (which == Lvt::Timer) {
        write_timer_vector(kept);
        return;
    }
    u32& entry = local_vector(which);
    const bool level = (kept & lvt::Mode) == 0 && (kept & lvt::Level) != 0;
    if (level) kept |= entry & lvt::RemoteIrr;
    entry = kept;
    const bool is_pin = which == Lvt::Lint0 || which == Lvt::Lint1;
    if (is_pin && level && lint_asserted(which == Lvt::Lint0 ? 0 : 1)) signal_local(which);
    look_again();
}

/// SDM 3A 10.6.1. The trigger mode and level of what is sent matter for INIT alone: de-asserting it
/// does nothing any more.
void LocalApic::write_interrupt_command(u64 command) {
    const u64 destination = command & (in_x2apic_mode() ? 0xffff'ffffull << 32 : 0xffull << 56);
    state_.interrupt_command = destination | (command & icr::Defined);
    send(static_cast<u32>(command >> (in_x2apic_mode() ? 32 : 56)),
         static_cast<u32>(command & icr::Defined));
}

void LocalApic::send(u32 destination, u32 command) {
    const auto mode = static_cast<DeliveryMode>((command >> icr::ModeShift) & 7);
    const auto vector = static_cast<u8>(command & icr::Vector);
    const bool by_vector = mode == DeliveryMode::Fixed || mode == DeliveryMode::LowestPriority;
    if (by_vector && vector < 16) {
        note_error(esr::SendIllegalVector);
        return;
    }
    const bool deassert = (command & (icr::Level | icr::Assert)) == icr::Level;
    if (mode == DeliveryMode::Init && deassert) return;
    if (mode == DeliveryMode::RemoteRead || mode == DeliveryMode::ExtInt || !enabled()) return;
    wiring_.bus.deliver({.destination = destination,
                         .wide = in_x2apic_mode(),
                         .logical = (command & icr::Logical) != 0,
                         .mode = mode,
                         .vector = vector},
                        static_cast<Shorthand>((command >> icr::ShorthandShift) & 3), this);
}

// ---- The page ----

/// Undocumented: accesses other than of aligned 32 bits (SDM 3A 10.4.1). Reads show the bytes of
/// the register, writes that are narrower do nothing.
u64 LocalApic::read(u64 offset, u32 size) {
    const u64 within = offset & 0xf;
    if (within >= 4) return 0;
    const auto value = read_register(static_cast<u8>(offset >> 4));
    if (!value) {
        note_error(esr::IllegalRegister);
        return 0;
    }
    const u64 mask = size >= 4 ? 0xffff'ffff : (u64{1} << (8 * size)) - 1;
    return (*value >> (8 * within)) & mask;
}

void LocalApic::write(u64 offset, u32 size, u64 value) {
    if ((offset & 0xf) != 0 || size < 4) return;
    const auto number = static_cast<u8>(offset >> 4);
    if (!read_register(number)) {
        note_error(esr::IllegalRegister);
        return;
    }
    write_register(static_cast<Register>(number), static_cast<u32>(value));
}

// ---- x2APIC mode ----

/// The table of MSRs has seen to what can be read and written.
u64 LocalApic::read_x2apic(Register which) const {
    if (which == Register::InterruptCommand) return state_.interrupt_command;
    return read_register(static_cast<u8>(which)).value_or(0);
}

MsrOutcome LocalApic::write_x2apic(Register which, u64 value) {
    if (which == Register::InterruptCommand) {
        write_interrupt_command(value);
    } else if (which == Register::SelfIpi) {
        send(0, static_cast<u32>(value & icr::Vector) | static_cast<u32>(Shorthand::Self)
                                                            << icr::ShorthandShift);
    } else {
        write_register(which, static_cast<u32>(value & ~u64{delivery_status}));
    }
    return MsrOutcome::Done;
}

}  // namespace cpu
