// SPDX-License-Identifier: BSD-2-Clause
//
// The MSI capability of a function: 64-bit addresses, up to 32 vectors, each of which can be masked
// (PCI Local Bus Specification 3.0, 6.8.1). What is in it is part of the configuration space.
#pragma once

#include "devices/pci/config_space.hpp"
#include "fabric/bus/msi.hpp"

namespace devices::pci {

class Msi {
public:
    static constexpr u32 bytes = 24;

    /// Adds the capability at `offset`. `vectors`: 1, 2, 4, 8, 16 or 32.
    Msi(ConfigSpace& config, fabric::MsiSink& sink, u8 offset, u32 vectors);

    /// While it is, the function asserts no pin.
    bool enabled() const;
    /// An event of this number. Goes out now, or once it is unmasked.
    void send(u32 vector);
    /// After the guest wrote to the configuration space: what became unmasked goes out.
    void config_written();

private:
    void deliver(u32 vector) const;

    ConfigSpace& config_;
    fabric::MsiSink& sink_;
    u8 offset_;
    u32 vectors_;
};

}  // namespace devices::pci
