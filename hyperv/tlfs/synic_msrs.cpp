// SPDX-License-Identifier: BSD-2-Clause
//
// The registers of the SynIC (TLFS, SynIC Registers) and of the synthetic timers (TLFS, Synthetic
// Timer Registers).
#include <fmt/format.h>

#include <array>
#include <utility>

#include "hyperv/tlfs/synthetic_msrs.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::MsrOutcome;

namespace {

using Owner = VirtualProcessor;

constexpr MsrOutcome done_if(bool accepted) {
    return accepted ? MsrOutcome::Done : MsrOutcome::GeneralProtection;
}

template <u64 (Synic::*Read)() const>
u64 read(const Owner& vp) {
    return (vp.synic().*Read)();
}
template <void (Synic::*Write)(u64)>
MsrOutcome write(Owner& vp, u64 value) {
    (vp.synic().*Write)(value);
    return MsrOutcome::Done;
}

template <usize Source>
u64 read_sint(const Owner& vp) {
    return vp.synic().sint(Source);
}
template <usize Source>
MsrOutcome write_sint(Owner& vp, u64 value) {
    return done_if(vp.synic().write_sint(Source, value));
}

template <usize Timer>
u64 read_configuration(const Owner& vp) {
    return vp.timers().configuration(Timer);
}
template <usize Timer>
MsrOutcome write_configuration(Owner& vp, u64 value) {
    return done_if(vp.timers().write_configuration(Timer, value));
}
template <usize Timer>
u64 read_count(const Owner& vp) {
    return vp.timers().count_register(Timer);
}
template <usize Timer>
MsrOutcome write_count(Owner& vp, u64 value) {
    vp.timers().write_count(Timer, value);
    return MsrOutcome::Done;
}

std::string flags_of(u64 value, std::span<const std::pair<unsigned, std::string_view>> names) {
    std::string text;
    for (const auto& [bit, name] : names) {
        if ((value >> bit) & 1) text += fmt::format(", {}", name);
    }
    return text;
}

std::string describe_sint(u64 value) {
    constexpr std::pair<unsigned, std::string_view> names[] = {
        {16, "masked"}, {17, "auto-EOI"}, {18, "polling"}};
    return fmt::format("vector {:#04x}{}", value & 0xff, flags_of(value, names));
}

std::string describe_timer(u64 value) {
    constexpr std::pair<unsigned, std::string_view> names[] = {
        {0, "enabled"}, {1, "periodic"}, {2, "lazy"}, {3, "auto-enable"}};
    constexpr u64 direct = 1 << 12;
    const std::string target = (value & direct) ? fmt::format("vector {:#04x}", (value >> 4) & 0xff)
                                                : fmt::format("SINT{}", (value >> 16) & 0xf);
    return target + flags_of(value, names);
}

constexpr SyntheticMsr controller[] = {
    {{.index = 0x4000'0080,
      .name = "HV_X64_MSR_SCONTROL",
      .needs = Feature::Synic,
      .read = read<&Synic::control>,
      .write = write<&Synic::write_control>}},
    {{.index = 0x4000'0081,
      .name = "HV_X64_MSR_SVERSION",
      .needs = Feature::Synic,
      .read = [](const Owner&) { return u64{1}; }}},
    {{.index = 0x4000'0082,
      .name = "HV_X64_MSR_SIEFP",
      .needs = Feature::Synic,
      .read = read<&Synic::event_flags_register>,
      .write = write<&Synic::write_event_flags_register>},
     describe_overlay},
    {{.index = 0x4000'0083,
      .name = "HV_X64_MSR_SIMP",
      .needs = Feature::Synic,
      .read = read<&Synic::messages_register>,
      .write = write<&Synic::write_messages_register>},
     describe_overlay},
    {{.index = 0x4000'0084,
      .name = "HV_X64_MSR_EOM",
      .needs = Feature::Synic,
      .read = [](const Owner&) { return u64{0}; },
      .write =
          [](Owner& vp, u64) {
              vp.synic().deliver_waiting();
              return MsrOutcome::Done;
          }}},
};

#define NAMED_BY_NUMBER(Prefix)                                                             \
    {                                                                                       \
        Prefix "0", Prefix "1", Prefix "2", Prefix "3", Prefix "4", Prefix "5", Prefix "6", \
            Prefix "7", Prefix "8", Prefix "9", Prefix "10", Prefix "11", Prefix "12",      \
            Prefix "13", Prefix "14", Prefix "15"                                           \
    }
constexpr std::array<std::string_view, Synic::sources> sint_names =
    NAMED_BY_NUMBER("HV_X64_MSR_SINT");
#undef NAMED_BY_NUMBER
constexpr std::array<std::string_view, SyntheticTimers::count> configuration_names = {
    "HV_X64_MSR_STIMER0_CONFIG", "HV_X64_MSR_STIMER1_CONFIG", "HV_X64_MSR_STIMER2_CONFIG",
    "HV_X64_MSR_STIMER3_CONFIG"};
constexpr std::array<std::string_view, SyntheticTimers::count> count_names = {
    "HV_X64_MSR_STIMER0_COUNT", "HV_X64_MSR_STIMER1_COUNT", "HV_X64_MSR_STIMER2_COUNT",
    "HV_X64_MSR_STIMER3_COUNT"};

template <usize Source>
constexpr SyntheticMsr sint_row() {
    return {{.index = 0x4000'0090 + Source,
             .name = sint_names[Source],
             .needs = Feature::Synic,
             .read = read_sint<Source>,
             .write = write_sint<Source>},
            describe_sint};
}

template <usize Timer>
constexpr SyntheticMsr configuration_row() {
    return {{.index = 0x4000'00b0 + 2 * Timer,
             .name = configuration_names[Timer],
             .needs = Feature::SyntheticTimers,
             .read = read_configuration<Timer>,
             .write = write_configuration<Timer>},
            describe_timer};
}

template <usize Timer>
constexpr SyntheticMsr count_row() {
    return {{.index = 0x4000'00b1 + 2 * Timer,
             .name = count_names[Timer],
             .needs = Feature::SyntheticTimers,
             .read = read_count<Timer>,
             .write = write_count<Timer>}};
}

constexpr auto sint_rows = []<usize... Each>(std::index_sequence<Each...>) {
    return std::array{sint_row<Each>()...};
}
(std::make_index_sequence<Synic::sources>{});

constexpr auto timer_rows = []<usize... Each>(std::index_sequence<Each...>) {
    return std::array{configuration_row<Each>()..., count_row<Each>()...};
}
(std::make_index_sequence<SyntheticTimers::count>{});

}  // namespace

std::span<const SyntheticMsr> synic_msrs() { return controller; }
std::span<const SyntheticMsr> sint_msrs() { return sint_rows; }
std::span<const SyntheticMsr> timer_msrs() { return timer_rows; }

}  // namespace hyperv
