// SPDX-License-Identifier: BSD-2-Clause
//
// The TOML file of a VM. It has the options of `satori run` under the names they have there, in the
// table of their group; docs/command_line.md has an example. Relative paths are relative to the
// file's folder.
#pragma once

#include <string>
#include <vector>

#include "fabric/support/result.hpp"
#include "frontends/cli/option_table.hpp"

namespace frontends {

/// `path` is a file, or a folder with a vm.toml in it.
fabric::Result<std::vector<GivenOption>> read_vm_file(const std::string& path);

/// The same of text that is in memory. `name` is the file's, for errors; `folder` is where relative
/// paths begin, empty or ending in '/'.
fabric::Result<std::vector<GivenOption>> parse_vm_file(std::string_view text,
                                                       const std::string& name,
                                                       const std::string& folder);

}  // namespace frontends
