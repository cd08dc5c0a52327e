// SPDX-License-Identifier: BSD-2-Clause
//
// What every device is, and how the bus talks to it.
//
// A device is built from three parts, kept apart in the class:
//   Config  what the user chose; fixed for the machine's life; never saved
//   Wiring  wires, timers and host ports handed in by the board; never saved
//   State   everything the guest can change; a plain struct; all of it saved
// State{} is the power-on state, so a cold reset is one assignment.
#pragma once

#include <string_view>

#include "fabric/state/saved_state.hpp"
#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

enum class ResetKind : u8 {
    PowerOn,  // Everything back to State{}.
    Platform  // The reset line: what the data sheet says survives, survives.
};

/// Called on the machine thread only, with time stopped; a device needs no locks.
class Device {
public:
    virtual ~Device() = default;

    virtual std::string_view name() const = 0;
    virtual void reset(ResetKind kind) = 0;
    virtual void save(StateWriter& out) const = 0;

    /// Silent: drives no wire, sends no byte, arms no timer. Those are other owners' state.
    virtual Result<> restore(StateReader& in) = 0;
};

/// One block of registers, on I/O ports or in memory. `offset` counts from the start of the block;
/// the bus has already checked it and `size` against what the block declared when it was mapped.
class IoHandler {
public:
    virtual ~IoHandler() = default;
    virtual u64 read(u64 offset, u32 size) = 0;
    virtual void write(u64 offset, u32 size, u64 value) = 0;
};

}  // namespace fabric
