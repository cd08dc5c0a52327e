// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <vector>

#include "devices/pci/config_space.hpp"

namespace devices::pci {

/// What a device is on the PCI bus, besides a Device. Its reset() ends with config().reset(), which
/// takes the pin back; its restore() with config().windows_changed(), since the windows are a
/// function of the state.
class Function {
public:
    virtual ~Function() = default;

    virtual ConfigSpace& config() = 0;

    /// The guest has written to these bytes, and config() shows the outcome.
    virtual void config_written(u32 /*offset*/, u32 /*size*/) {}
    /// Ranges that are placed by other registers than BARs.
    virtual void add_windows(std::vector<Window>& /*windows*/) const {}
};

}  // namespace devices::pci
