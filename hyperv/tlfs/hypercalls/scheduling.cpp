// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/yield.hpp"
#include "hyperv/tlfs/hypercalls/handlers.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

/// As PAUSE: the others run, one of which holds the lock.
Status notify_long_spin_wait(const Hypercall& call) {
    call.caller.vcpu().attention |= cpu::attention::Yield;
    return Status::Success;
}

std::string describe_long_spin_wait(const Hypercall& call) {
    return std::to_string(call.field<u32>(0)) + " spins";
}

}  // namespace hyperv
