// SPDX-License-Identifier: BSD-2-Clause
//
// The MSRs of the local APIC: x2APIC mode's (SDM 3A table 10-6), each there in that mode alone, and
// IA32_TSC_DEADLINE. What a row does not allow raises #GP(0).
#include "cpu/apic/local_apic.hpp"
#include "cpu/core/msr_table.hpp"

namespace cpu {

using namespace apic;

namespace {

using Needs = LocalApic::Needs;
using Row = MsrEntry<LocalApic, Needs>;

constexpr u32 delivery_status = 1u << 12;
constexpr u32 lvt_plain = lvt::Vector | delivery_status | lvt::Masked;
constexpr u32 lvt_with_mode = lvt_plain | lvt::Mode;
constexpr u32 lvt_pin = lvt_with_mode | lvt::ActiveLow | lvt::RemoteIrr | lvt::Level;

constexpr u32 msr_of(Register which) { return 0x800u + static_cast<u8>(which); }
constexpr Register after(Register first, u8 which) {
    return static_cast<Register>(static_cast<u8>(first) + which);
}

template <Register Which>
u64 read(const LocalApic& apic) {
    return apic.read_x2apic(Which);
}
template <Register Which>
MsrOutcome write(LocalApic& apic, u64 value) {
    return apic.write_x2apic(Which, value);
}

template <Register Which>
constexpr Row read_only(std::string_view name) {
    return {.index = msr_of(Which), .name = name, .read = read<Which>};
}
template <Register Which>
constexpr Row write_only(std::string_view name, u64 allowed) {
    return {.index = msr_of(Which), .name = name, .allowed = allowed, .write = write<Which>};
}
template <Register Which>
constexpr Row read_write(std::string_view name, u64 allowed) {
    return {.index = msr_of(Which),
            .name = name,
            .allowed = allowed,
            .read = read<Which>,
            .write = write<Which>};
}

u64 read_deadline(const LocalApic& apic) { return apic.read_tsc_deadline(); }
MsrOutcome write_deadline(LocalApic& apic, u64 value) {
    apic.write_tsc_deadline(value);
    return MsrOutcome::Done;
}

// clang-format off
#define EIGHT_WORDS(First, Name)                                                  \
    read_only<after(First, 0)>(Name "0"), read_only<after(First, 1)>(Name "1"),   \
    read_only<after(First, 2)>(Name "2"), read_only<after(First, 3)>(Name "3"),   \
    read_only<after(First, 4)>(Name "4"), read_only<after(First, 5)>(Name "5"),   \
    read_only<after(First, 6)>(Name "6"), read_only<after(First, 7)>(Name "7")

constexpr Row x2apic_msrs[] = {
    {.index = 0x6e0, .name = "IA32_TSC_DEADLINE", .needs = Needs::TscDeadline,
     .read = read_deadline, .write = write_deadline},
    read_only<Register::Id>("IA32_X2APIC_APICID"),
    read_only<Register::Version>("IA32_X2APIC_VERSION"),
    read_write<Register::TaskPriority>("IA32_X2APIC_TPR", 0xff),
    read_only<Register::ProcessorPriority>("IA32_X2APIC_PPR"),
    write_only<Register::EndOfInterrupt>("IA32_X2APIC_EOI", 0),
    read_only<Register::LogicalDestination>("IA32_X2APIC_LDR"),
    read_write<Register::SpuriousVector>("IA32_X2APIC_SIVR", svr::Defined),
    EIGHT_WORDS(Register::InService, "IA32_X2APIC_ISR"),
    EIGHT_WORDS(Register::TriggerMode, "IA32_X2APIC_TMR"),
    EIGHT_WORDS(Register::InterruptRequest, "IA32_X2APIC_IRR"),
    read_write<Register::ErrorStatus>("IA32_X2APIC_ESR", 0),
    read_write<Register::InterruptCommand>("IA32_X2APIC_ICR",
                                           0xffff'ffffull << 32 | icr::Defined),
    read_write<Register::LvtTimer>("IA32_X2APIC_LVT_TIMER", lvt_plain | lvt::TimerMode),
    read_write<Register::LvtThermal>("IA32_X2APIC_LVT_THERMAL", lvt_with_mode),
    read_write<Register::LvtPerformance>("IA32_X2APIC_LVT_PMI", lvt_with_mode),
    read_write<Register::LvtLint0>("IA32_X2APIC_LVT_LINT0", lvt_pin),
    read_write<Register::LvtLint1>("IA32_X2APIC_LVT_LINT1", lvt_pin),
    read_write<Register::LvtError>("IA32_X2APIC_LVT_ERROR", lvt_plain),
    read_write<Register::InitialCount>("IA32_X2APIC_INIT_COUNT", 0xffff'ffff),
    read_only<Register::CurrentCount>("IA32_X2APIC_CUR_COUNT"),
    read_write<Register::DivideConfiguration>("IA32_X2APIC_DIV_CONF", divide::Defined),
    write_only<Register::SelfIpi>("IA32_X2APIC_SELF_IPI", 0xff),
};
#undef EIGHT_WORDS
// clang-format on

}  // namespace

bool LocalApic::has(Needs what) const {
    switch (what) {
        case Needs::X2apicMode: return in_x2apic_mode();
        case Needs::TscDeadline: return wiring_.vcpu.has(Feature::TscDeadline);
    }
    UNREACHABLE();
}

void add_x2apic_msrs(LocalApic& apic, MsrSpace& msrs) {
    msrs.add(std::make_unique<TableMsrBank<LocalApic, Needs>>(apic, x2apic_msrs));
}

}  // namespace cpu
