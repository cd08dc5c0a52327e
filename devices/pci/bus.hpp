// SPDX-License-Identifier: BSD-2-Clause
//
// PCI bus 0: configuration mechanism 1 (PCI Local Bus Specification 3.0, 3.2.2.3.2), the windows of
// its functions in both address spaces, and their interrupt pins on four PIRQ lines.
//
// Two windows that overlap are a guest's mistake; the function with the lower number has the
// addresses, and what the board mapped has them before any function. Not modelled: bridges to other
// buses, special cycles, PERR# and SERR#.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "devices/pci/function.hpp"
#include "fabric/bus/io_space.hpp"
#include "fabric/bus/irq_line.hpp"

namespace devices::pci {

/// Ports CF8 to CFF are its registers: 8 bytes, at most 4 at a time.
class Bus final : public fabric::Device, public fabric::IoHandler, public fabric::IrqSink {
public:
    struct Config {
        std::string name = "pci";
    };

    struct Wiring {
        fabric::IoSpace& ports;
        fabric::IoSpace& memory;
        std::array<fabric::IrqLine, 4> pirq;  // A to D; high while any pin on it is asserted.
        fabric::IoHandler* cf9 = nullptr;     // The one byte port among CF8's four.
        fabric::Trace* trace = nullptr;
    };

    struct State {
        u32 address = 0;                      // CONFIG_ADDRESS.
        std::array<u64, 16> asserted_pins{};  // Four words for each PIRQ line, a bit per function.

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "address", state.address);
            visit(2, "asserted_pins", state.asserted_pins);
        }
    };

    Bus(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    /// The functions' pins are their own to take back.
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    /// By the board, once for each function.
    void attach(u32 slot, u32 function_number, Function& function);
    /// The function there, or null. For the monitor.
    Function* function_at(u32 slot, u32 function_number) const;

    /// Which PIRQ line (0 is A) a pin (1 is INTA#) of a slot is wired to: each slot one further.
    static constexpr u32 pirq_of(u32 slot, u32 pin) { return (slot + pin + 2) % 4; }

    /// From the functions' pins. Input: 4 * (8 * slot + function) + PIRQ line.
    void set_level(u32 input, bool high) override;

    const State& state() const { return state_; }

private:
    struct Placed {
        std::string name;
        Space space;
    };

    Function* addressed() const;
    void map_windows();
    void tell_moved_bars();

    Config config_;
    Wiring wiring_;
    State state_;
    std::map<u32, Function*> functions_;  // By 8 * slot + function.
    std::vector<Window> windows_;         // As last asked for.
    std::vector<Placed> placed_;          // Those of them that found room.
    std::map<const Bar*, std::optional<u64>> told_;
};

}  // namespace devices::pci
