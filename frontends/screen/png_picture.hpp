// SPDX-License-Identifier: BSD-2-Clause
//
// A picture as a PNG file: 8 bits each of red, green and blue, the dots as the screen has them.
#pragma once

#include <string>

#include "fabric/support/result.hpp"
#include "machine/board/pc.hpp"

namespace frontends {

/// The file is there whole, or not at all. Equal pictures make equal files.
fabric::Result<> write_png(const std::string& path, const devices::Frame& picture);

}  // namespace frontends
