// SPDX-License-Identifier: BSD-2-Clause
//
// What --trace hyperv shows: every way between guest and hypervisor, in the TLFS's own words.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cpu/core/cpuid_space.hpp"
#include "hyperv/tlfs/hypercall.hpp"

namespace hyperv {

class Partition;
class VirtualProcessor;

/// Whether anybody looks: otherwise no text need be made.
bool traces_hyperv(const VirtualProcessor& processor);

enum class MsrAccess : u8 { Read, Write };

/// No value: it raised #GP.
void trace_msr(const VirtualProcessor& processor, MsrAccess access, std::string_view name,
               u32 index, std::optional<u64> value, const std::string& described);
void trace_cpuid_leaf(const VirtualProcessor& processor, std::string_view name, u32 leaf,
                      const cpu::CpuidLeaf& found);

struct TracedHypercall {
    HypercallControl control;
    const HypercallRow* row;  // Null: there is no such call.
    const std::string& described;
    Status status;
    u32 reps_done;
};
void trace_hypercall(const VirtualProcessor& processor, const TracedHypercall& call);

/// To a source of this processor: "posted", "delivered".
void trace_message(const VirtualProcessor& processor, usize source, u32 type,
                   std::string_view what);
void trace_event_flag(const VirtualProcessor& processor, usize source, usize flag);

void trace_crash(const Partition& partition, const std::string& text);

}  // namespace hyperv
