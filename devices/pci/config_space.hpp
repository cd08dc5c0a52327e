// SPDX-License-Identifier: BSD-2-Clause
//
// The 256 bytes of configuration space of one PCI function (PCI Local Bus Specification 3.0,
// chapter 6): which bits a guest can change, which it clears by writing ones, the base address
// registers, the list of capabilities, and the interrupt pin behind the command register.
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "devices/pci/config_registers.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"

namespace devices::pci {

struct Identity {
    u16 vendor = 0;
    u16 device = 0;
    u8 revision = 0;
    u32 class_code = 0;  // 24 bits: class, sub-class, programming interface.
    u16 subsystem_vendor = 0;
    u16 subsystem = 0;
    u8 interrupt_pin = 0;  // 1 is INTA#, 4 INTD#; 0: needs none.
    bool multifunction = false;
};

enum class BarKind : u8 { Io, Memory32, Memory64, Rom };

/// A base address register and what answers at the address in it.
struct Bar {
    u32 index = 0;     // 0 to 5; a Memory64 takes two; a Rom is at 30h whatever its index.
    std::string name;  // Of the region in the address space: "ide.bus_master".
    BarKind kind = BarKind::Memory32;
    u64 size = 0;  // A power of two.
    bool prefetchable = false;
    u32 widest_access = 4;
    fabric::IoHandler* handler = nullptr;
    /// Without a handler: told where the memory is to be seen, whenever that changes.
    std::function<void(std::optional<u64> address)> moved;
};

enum class Space : u8 { Ports, Memory };

/// A range of addresses that a function answers, at this moment.
struct Window {
    std::string name;
    Space space = Space::Ports;
    u64 first = 0;
    u64 length = 0;
    u32 widest_access = 1;
    fabric::IoHandler* handler = nullptr;

    bool operator==(const Window&) const = default;
};

/// What a guest has made of a configuration space: part of a device's State. As differences from
/// what power-on shows, because that depends on the Config.
struct ConfigState {
    std::array<u8, 256> changed{};

    bool operator==(const ConfigState&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "changed", state.changed);
    }
};

class ConfigSpace {
public:
    /// `state` is a member of the device's State, and outlives this.
    ConfigSpace(ConfigState& state, const Identity& identity, std::vector<Bar> bars);
    ConfigSpace(const ConfigSpace&) = delete;
    ConfigSpace& operator=(const ConfigSpace&) = delete;

    // The shape, before the guest sees it.

    /// What 1, 2 or 4 bytes show at power-on and which bits of them a guest can write.
    void define(u32 offset, u32 size, u32 value, u32 writable);
    /// Bits that a guest clears by writing ones to them.
    void define_cleared_by_ones(u32 offset, u32 size, u32 bits);
    /// Puts a capability at `offset`, at the head of the list.
    void add_capability(u8 id, u8 offset);

    // The guest's side. `size` is 1, 2 or 4, and the access aligned.

    u32 read(u32 offset, u32 size) const;
    void write(u32 offset, u32 size, u32 value);

    // The device's side.

    u8 byte(u32 offset) const;
    u16 word(u32 offset) const { return static_cast<u16>(read(offset, 2)); }
    u32 dword(u32 offset) const { return read(offset, 4); }
    /// Changes what the guest reads, whether or not it could write it.
    void set(u32 offset, u32 size, u32 value);
    /// Back to what power-on shows.
    void reset();
    /// Windows follow: after a reset, a restored state, or a register that places one.
    void windows_changed() const {
        if (windows_changed_) windows_changed_();
    }

    bool allows(u16 command_bits) const {
        return (word(reg::Command) & command_bits) == command_bits;
    }
    /// The function's interrupt pin, as far as the command register lets it out.
    void set_interrupt(bool asserted);
    /// Where a BAR has its range, if it is switched on.
    std::optional<u64> address_of(const Bar& bar) const;
    const std::vector<Bar>& bars() const { return bars_; }
    void add_windows(std::vector<Window>& windows) const;

    /// By the bus: where the pin leads, and who must know when windows change.
    void connect(fabric::IrqLine pin, std::function<void()> windows_changed);

private:
    void define_bar(const Bar& bar);
    void drive_pin() const;

    ConfigState& state_;
    std::array<u8, 256> power_on_{};
    std::array<u8, 256> writable_{};
    std::array<u8, 256> cleared_by_ones_{};
    std::vector<Bar> bars_;
    fabric::IrqLine pin_;
    std::function<void()> windows_changed_;
};

}  // namespace devices::pci
