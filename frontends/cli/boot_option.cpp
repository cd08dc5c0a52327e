// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/boot_option.hpp"

#include <algorithm>
#include <array>

#include "fabric/support/nearest_word.hpp"
#include "frontends/cli/option_values.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;
using machine::PcBootDevice;

namespace {

/// By their numbers.
const std::vector<std::string> names = {"disk", "cdrom", "network"};

Result<PcBootDevice> parse_device(const std::string& text) {
    const auto found = std::ranges::find(names, text);
    if (found != names.end()) return static_cast<PcBootDevice>(found - names.begin());
    return Error{"there is no '" + text + "'" + fabric::did_you_mean(text, names)};
}

}  // namespace

Result<std::vector<PcBootDevice>> parse_boot_order(const std::string& text) {
    std::vector<PcBootDevice> order;
    for (const std::string& part : parts_of(text)) {
        const PcBootDevice device = TRY(parse_device(part));
        if (std::ranges::find(order, device) != order.end()) {
            return Error{"'" + part + "' stands there twice"};
        }
        order.push_back(device);
    }
    return order;
}

}  // namespace frontends
