// SPDX-License-Identifier: BSD-2-Clause
//
// The host's random numbers. They reach the machine through the input journal, like any input.
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

Result<> fill_with_host_entropy(std::span<u8> into);

}  // namespace fabric
