// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "cpu/core/vcpu.hpp"

namespace hyperv {

class VirtualProcessor;

/// VMCALL or VMMCALL, whichever instruction the processor at RIP has.
cpu::Step dispatch_hypercall(VirtualProcessor& caller);

}  // namespace hyperv
