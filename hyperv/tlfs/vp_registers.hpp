// SPDX-License-Identifier: BSD-2-Clause
//
// Registers of a virtual processor by the names that hypercalls give them (HV_REGISTER_NAME).
#pragma once

#include "fabric/support/int_types.hpp"
#include "hyperv/tlfs/status.hpp"

namespace hyperv {

class VirtualProcessor;

struct RegisterValue {
    u64 low = 0;
    u64 high = 0;

    bool operator==(const RegisterValue&) const = default;
};

/// InvalidParameter: there is no such register, or nobody may read it so.
Status read_register(VirtualProcessor& processor, u32 name, RegisterValue& into);

/// Without the side effects that an instruction has. InvalidParameter: it is read-only;
/// InvalidRegisterValue: it does not take this.
Status write_register(VirtualProcessor& processor, u32 name, RegisterValue value);

}  // namespace hyperv
