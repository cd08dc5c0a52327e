// SPDX-License-Identifier: BSD-2-Clause
//
// --net user[,hostfwd=tcp:HOST:PORT-GUEST:PORT][,mac=ADDRESS][,tftp=FOLDER][,bootfile=NAME]
// [,restrict=on][,ipv6=on][,rom=FILE][,capture=FILE][,model=e1000], or --net none, which takes back
// what was said before.
#pragma once

#include <string>
#include <vector>

#include "fabric/support/result.hpp"
#include "frontends/network/host_networks.hpp"

namespace frontends {

fabric::Result<> add_network(std::vector<NetworkChoice>& networks, const std::string& text);

}  // namespace frontends
