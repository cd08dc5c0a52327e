// SPDX-License-Identifier: BSD-2-Clause
//
// What tests/systems/media.py has put together, as what a PC starts with.
#pragma once

#include <string>

#include "machine/board/pc.hpp"

namespace test {

/// The path of a file that is there; empty, and says so, where it is not.
std::string system_file(const std::string& name);

/// SeaBIOS, and so much memory.
machine::PcConfig system_config(u64 mebibytes);

/// The same, with this CD.
machine::PcConfig system_with_cd(u64 mebibytes, const std::string& path);

/// The same, with a kernel from the media and, if it is named, an initrd.
machine::PcConfig system_with_kernel(u64 mebibytes, const std::string& kernel,
                                     const std::string& initrd, const std::string& command_line);

}  // namespace test
