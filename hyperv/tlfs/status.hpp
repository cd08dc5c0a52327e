// SPDX-License-Identifier: BSD-2-Clause
//
// What a hypercall says of its outcome (TLFS appendix B; 0033h there is a misprint of 0013h).
#pragma once

#include <string_view>

#include "fabric/support/int_types.hpp"

namespace hyperv {

enum class [[nodiscard]] Status : u16{
    Success = 0x00,
    InvalidHypercallCode = 0x02,
    InvalidHypercallInput = 0x03,
    InvalidAlignment = 0x04,
    InvalidParameter = 0x05,
    AccessDenied = 0x06,
    InvalidPartitionState = 0x07,
    OperationDenied = 0x08,
    InvalidPartitionId = 0x0d,
    InvalidVpIndex = 0x0e,
    InvalidPortId = 0x11,
    InvalidConnectionId = 0x12,
    InsufficientBuffers = 0x13,
    InvalidVpState = 0x15,
    InvalidSynicState = 0x18,
    InvalidRegisterValue = 0x50,
    InvalidVtlState = 0x51,
    InvalidDeviceId = 0x57,
};

/// As the TLFS spells it.
std::string_view name_of(Status status);

}  // namespace hyperv
