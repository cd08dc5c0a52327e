// SPDX-License-Identifier: BSD-2-Clause
//
// What the comparison with the host leaves out, and why.
#pragma once

#include <string_view>

#include "cpu/decode/form.hpp"

namespace test::differential {

/// Why no case is made from this row; empty: it is tested.
std::string_view skip_reason(const cpu::Form& form);

}  // namespace test::differential
