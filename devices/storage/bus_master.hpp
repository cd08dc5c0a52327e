// SPDX-License-Identifier: BSD-2-Clause
//
// The bus master of one IDE channel: moves data between a drive and the regions of memory that a
// table of physical region descriptors lists ("Programming Interface for Bus Master IDE
// Controller", revision 1.0; Intel 290562, 5.2).
#pragma once

#include "devices/storage/drive.hpp"
#include "fabric/memory/guest_memory.hpp"

namespace devices {

class BusMaster {
public:
    struct State {
        u8 command = 0;
        u8 status = 0;
        u32 table = 0;
        u32 next_descriptor = 0;
        u32 region = 0;       // What is left of the region at hand.
        u32 region_left = 0;  // In bytes.
        bool last_region = false;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "command", state.command);
            visit(2, "status", state.status);
            visit(3, "table", state.table);
            visit(4, "next_descriptor", state.next_descriptor);
            visit(5, "region", state.region);
            visit(6, "region_left", state.region_left);
            visit(7, "last_region", state.last_region);
        }
    };

    /// `state` is a member of the device's State.
    BusMaster(State& state, fabric::GuestMemory& memory) : state_(state), memory_(memory) {}

    // Eight registers, a byte each.
    u8 read(u32 offset) const;
    /// True if the bus master was started: the drive may have waited for it.
    bool write(u32 offset, u8 value);

    /// The drive asserted INTRQ.
    void note_interrupt();
    /// Moves what the drive has to move, as far as regions go.
    void move(ata::Drive& drive);

private:
    bool active() const;
    bool next_region();
    bool move_piece(std::span<u8> bytes, ata::DmaDirection direction);
    void fail();

    State& state_;
    fabric::GuestMemory& memory_;
};

}  // namespace devices
