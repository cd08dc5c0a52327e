// SPDX-License-Identifier: BSD-2-Clause
//
// The four serial ports of a PC. A port that the host connects nothing to is there all the same;
// what is sent there is lost.
#pragma once

#include <array>
#include <span>

#include "devices/serial/uart16550.hpp"
#include "fabric/bus/io_space.hpp"
#include "fabric/host/byte_sink.hpp"
#include "fabric/host/input_journal.hpp"
#include "machine/board/console_trace.hpp"
#include "machine/board/irq_join.hpp"

namespace machine {

class PcSerial {
public:
    static constexpr usize count = 4;

    /// By port; null for one that is not connected.
    using Lines = std::array<fabric::ByteSink*, count>;

    PcSerial(fabric::EventQueue& events, IrqJoin& irqs, const Lines& lines, fabric::Trace& trace);

    std::array<fabric::Device*, count> devices();
    fabric::Result<> map(fabric::IoSpace& ports);

    /// Pairs of a port and whether somebody is at its far end.
    void lines_changed(std::span<const u8> changes);

    devices::Uart16550& port(usize number) { return ports_[number]; }
    const devices::Uart16550& port(usize number) const { return ports_[number]; }

private:
    class Nobody final : public fabric::ByteSink {
    public:
        void accept(u8) override {}
    };

    ConsoleTrace trace_of(usize number, const Lines& lines, fabric::Trace& trace);
    devices::Uart16550 make(usize number, fabric::EventQueue& events, IrqJoin& irqs);

    Nobody nobody_;
    std::array<ConsoleTrace, count> texts_;
    std::array<devices::Uart16550, count> ports_;
};

}  // namespace machine
