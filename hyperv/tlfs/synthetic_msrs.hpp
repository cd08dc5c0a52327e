// SPDX-License-Identifier: BSD-2-Clause
//
// The MSRs from 4000'0000H on, as tables: a row has the number, the name as the TLFS spells it, the
// feature without which it is not there, what it does, and how a trace shows its value.
#pragma once

#include <span>
#include <string>

#include "cpu/core/msr_table.hpp"
#include "hyperv/tlfs/features.hpp"

namespace hyperv {

class VirtualProcessor;

struct SyntheticMsr {
    cpu::MsrEntry<VirtualProcessor, Feature> entry;
    std::string (*describe)(u64 value) = nullptr;  // Null: the number says it all.
};

void add_synthetic_msrs(VirtualProcessor& processor);

// Where the rows are.
std::span<const SyntheticMsr> partition_msrs();
std::span<const SyntheticMsr> processor_msrs();
std::span<const SyntheticMsr> crash_msrs();
std::span<const SyntheticMsr> synic_msrs();
std::span<const SyntheticMsr> sint_msrs();
std::span<const SyntheticMsr> timer_msrs();

/// "page at 0x12345000", "off": of a register that lays a page.
std::string describe_overlay(u64 value);

}  // namespace hyperv
