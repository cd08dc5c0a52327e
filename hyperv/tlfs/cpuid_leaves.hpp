// SPDX-License-Identifier: BSD-2-Clause
#pragma once

namespace hyperv {

class VirtualProcessor;

/// The leaves from 4000'0000H on (TLFS, Feature and Interface Discovery), and the bits of the
/// model's leaves that a hypervisor changes.
void add_hypervisor_cpuid(VirtualProcessor& processor);

}  // namespace hyperv
