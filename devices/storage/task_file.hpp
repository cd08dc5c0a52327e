// SPDX-License-Identifier: BSD-2-Clause
//
// The registers of an ATA device's command block, as each device of a channel has them: those for
// addresses and counts are two deep (ATA/ATAPI-6, 6.20).
#pragma once

#include "devices/storage/ata_registers.hpp"

namespace devices::ata {

struct TaskFile {
    /// A register of which the byte before the last is kept for 48-bit commands.
    struct Deep {
        u8 current = 0;
        u8 previous = 0;

        bool operator==(const Deep&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "current", state.current);
            visit(2, "previous", state.previous);
        }

        void push(u8 value) {
            previous = current;
            current = value;
        }
        void set(u16 value) {
            current = static_cast<u8>(value);
            previous = static_cast<u8>(value >> 8);
        }
        u16 both() const { return static_cast<u16>(previous << 8 | current); }
    };

    Deep features;
    Deep count;
    Deep lba_low;
    Deep lba_mid;
    Deep lba_high;
    u8 device = 0;
    u8 error = 0;
    u8 status = 0;
    u8 control = 0;

    bool operator==(const TaskFile&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "features", state.features);
        visit(2, "count", state.count);
        visit(3, "lba_low", state.lba_low);
        visit(4, "lba_mid", state.lba_mid);
        visit(5, "lba_high", state.lba_high);
        visit(6, "device", state.device);
        visit(7, "error", state.error);
        visit(8, "status", state.status);
        visit(9, "control", state.control);
    }

    /// Of a register that is no command. Ignored while the device is at work (6.20.2).
    void write(Register reg, u8 value) {
        control &= static_cast<u8>(~control::HighOrderByte);
        if ((status & (status::Busy | status::DataRequest)) != 0) return;
        switch (reg) {
            case Register::Features: features.push(value); break;
            case Register::Count: count.push(value); break;
            case Register::LbaLow: lba_low.push(value); break;
            case Register::LbaMid: lba_mid.push(value); break;
            case Register::LbaHigh: lba_high.push(value); break;
            case Register::Device: device = value; break;
            case Register::Data:
            case Register::Command: break;
        }
    }

    u8 read(Register reg) const {
        // While a device is busy, the whole block shows its status.
        if ((status & status::Busy) != 0) return status;
        const auto half = [this](const Deep& deep) {
            return (control & control::HighOrderByte) != 0 ? deep.previous : deep.current;
        };
        switch (reg) {
            case Register::Data: return 0;
            case Register::Features: return error;
            case Register::Count: return half(count);
            case Register::LbaLow: return half(lba_low);
            case Register::LbaMid: return half(lba_mid);
            case Register::LbaHigh: return half(lba_high);
            case Register::Device: return device | device::Obsolete;
            case Register::Command: return status;
        }
        return 0xff;
    }

    /// What tells disks and packet devices apart after a reset (9.12).
    void set_signature(u8 mid, u8 high) {
        count.set(1);
        lba_low.set(1);
        lba_mid.set(mid);
        lba_high.set(high);
        device = 0;
        error = error::DiagnosticPassed;
    }
};

}  // namespace devices::ata
