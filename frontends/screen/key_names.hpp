// SPDX-License-Identifier: BSD-2-Clause
//
// Keys by the names and characters that people know them by, as USB HID usages of page 7.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace frontends {

struct TypedKey {
    u8 usage = 0;
    bool shifted = false;
};

/// On a US keyboard.
std::optional<TypedKey> key_of_character(char character);

/// "enter", "f12", "ctrl", "kp+": 0 if no key is called so.
u8 usage_of_name(std::string_view name);

/// All that usage_of_name() knows, for whoever mistyped one.
const std::vector<std::string>& key_names();

/// Shift, Control, Alt and GUI, the left ones and the right ones.
bool is_modifier(u8 usage);

}  // namespace frontends
