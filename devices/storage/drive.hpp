// SPDX-License-Identifier: BSD-2-Clause
//
// What an IDE channel and the drives on its cable are to each other.
#pragma once

#include <span>

#include "devices/storage/ata_registers.hpp"
#include "fabric/support/int_types.hpp"

namespace devices::ata {

/// The cable, as a drive sees it.
class Cable {
public:
    virtual ~Cable() = default;
    /// INTRQ rose or fell.
    virtual void interrupt_changed() = 0;
    /// DMARQ rose: dma() says what is to be moved. The data may be moved before this returns.
    virtual void dma_requested() = 0;
};

enum class DmaDirection : u8 { None, ToMemory, FromMemory };

class Drive {
public:
    virtual ~Drive() = default;

    virtual void plug_in(Cable& cable) = 0;

    // The command block, but for data. Both drives hear every write; a command is for the selected.

    /// Reading the status takes INTRQ back; read_alternate_status() does not.
    virtual u8 read_register(Register reg) = 0;
    virtual u8 read_alternate_status() const = 0;
    virtual void write_register(Register reg, u8 value) = 0;
    virtual void execute(u8 command) = 0;
    virtual void write_control(u8 value) = 0;

    /// A word of data by PIO.
    virtual u16 read_data() = 0;
    virtual void write_data(u16 value) = 0;

    virtual bool interrupt() const = 0;

    // DMA: the drive holds up bytes to take or to fill; the bus master moves some, from the front.

    virtual DmaDirection dma_direction() const = 0;
    virtual std::span<u8> dma_bytes() = 0;
    virtual void dma_moved(usize bytes) = 0;
};

}  // namespace devices::ata
