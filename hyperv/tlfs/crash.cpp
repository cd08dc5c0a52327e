// SPDX-License-Identifier: BSD-2-Clause
//
// A guest that crashes says so (TLFS, Partition Crash Enlightenment): five numbers, and a text if
// it has one. A person is told at once; the guest goes on, to write its dump.
#include <fmt/format.h>

#include <algorithm>

#include "hyperv/tlfs/guest_os_id.hpp"
#include "hyperv/tlfs/hyperv_trace.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/synthetic_msrs.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::MsrOutcome;

namespace {

namespace control {
constexpr u64 Notify = u64{1} << 63;
constexpr u64 Message = u64{1} << 62;  // P3 is its address, P4 its length.
constexpr u64 NoDump = u64{1} << 61;
constexpr u64 PreOs = u64{7} << 58;
}  // namespace control

constexpr u64 longest_message = 4096;

template <usize Which>
constexpr SyntheticMsr parameter(std::string_view name) {
    return {
        {.index = 0x4000'0100 + Which,
         .name = name,
         .needs = Feature::Crash,
         .read = [](const VirtualProcessor& vp) { return vp.partition().crash_parameter(Which); },
         .write =
             [](VirtualProcessor& vp, u64 value) {
                 vp.partition().write_crash_parameter(Which, value);
                 return MsrOutcome::Done;
             }}};
}

MsrOutcome write_control(VirtualProcessor& vp, u64 value) {
    if (value & control::Notify) vp.partition().crash(value);
    return MsrOutcome::Done;
}

constexpr SyntheticMsr rows[] = {
    parameter<0>("HV_X64_MSR_CRASH_P0"),
    parameter<1>("HV_X64_MSR_CRASH_P1"),
    parameter<2>("HV_X64_MSR_CRASH_P2"),
    parameter<3>("HV_X64_MSR_CRASH_P3"),
    parameter<4>("HV_X64_MSR_CRASH_P4"),
    {{.index = 0x4000'0105,
      .name = "HV_X64_MSR_CRASH_CTL",
      .needs = Feature::Crash,
      .allowed = control::Notify | control::Message | control::NoDump | control::PreOs,
      .read =
          [](const VirtualProcessor&) {
              return control::Notify | control::Message | control::NoDump | control::PreOs;
          },
      .write = write_control}},
};

/// Kernels hand over the end of their log: lines, and whatever else stands in that memory.
std::string printable(std::span<const u8> bytes) {
    std::string text;
    for (const u8 byte : bytes) {
        if (byte == 0) break;
        const bool shown = (byte >= 0x20 && byte < 0x7f) || byte == '\n' || byte == '\t';
        text += shown ? static_cast<char>(byte) : '?';
    }
    return text;
}

}  // namespace

std::span<const SyntheticMsr> crash_msrs() { return rows; }

std::string Partition::crash_message(u64 value) {
    if ((value & control::Message) == 0) return {};
    const u64 address = state_.crash_parameters[3];
    std::vector<u8> bytes(std::min(state_.crash_parameters[4], longest_message));
    if (!wiring_.memory.read(fabric::Gpa{address}, bytes)) return {};
    return printable(bytes);
}

void Partition::crash(u64 value) {
    const auto& p = state_.crash_parameters;
    ++state_.crashes;
    state_.crash_text =
        fmt::format("the guest ({}) reports a crash: {:#x} {:#x} {:#x} {:#x} {:#x}",
                    describe_guest_os(state_.guest_os_id), p[0], p[1], p[2], p[3], p[4]);
    if (value & control::PreOs) state_.crash_text += ", before the system ran";
    if (value & control::NoDump) state_.crash_text += ", no dump will be written";
    const std::string message = crash_message(value);
    if (!message.empty()) state_.crash_text += "\n" + message;
    trace_crash(*this, state_.crash_text);
    if (wiring_.notice) wiring_.notice(state_.crash_text);
}

}  // namespace hyperv
