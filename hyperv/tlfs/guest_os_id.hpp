// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "fabric/support/int_types.hpp"

namespace hyperv {

/// What a guest says it is: "Linux 6.1.0", "Windows NT 10.0 build 20348" (TLFS, Reporting the Guest
/// OS Identity).
std::string describe_guest_os(u64 identity);

}  // namespace hyperv
