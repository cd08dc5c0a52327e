// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/pc_serial.hpp"

namespace machine {

using fabric::Result;

namespace {

struct Place {
    const char* name;
    u64 first_port;
    u32 irq;
    IrqJoin::Source source;
};

// Two ports on one interrupt, as ever since the PC AT; drivers know.
constexpr std::array<Place, PcSerial::count> places = {{
    {"com1", 0x3f8, 4, IrqJoin::Source::Isa},
    {"com2", 0x2f8, 3, IrqJoin::Source::Isa},
    {"com3", 0x3e8, 4, IrqJoin::Source::SecondIsa},
    {"com4", 0x2e8, 3, IrqJoin::Source::SecondIsa},
}};

constexpr u64 registers = 8;

}  // namespace

PcSerial::PcSerial(fabric::EventQueue& events, IrqJoin& irqs, const Lines& lines)
    : ports_{make(0, events, irqs, lines), make(1, events, irqs, lines),
             make(2, events, irqs, lines), make(3, events, irqs, lines)} {}

devices::Uart16550 PcSerial::make(usize number, fabric::EventQueue& events, IrqJoin& irqs,
                                  const Lines& lines) {
    const Place& place = places[number];
    fabric::ByteSink& line = lines[number] ? *lines[number] : nobody_;
    return devices::Uart16550({.name = place.name},
                              {events, irqs.line(place.irq, place.source), line});
}

std::array<fabric::Device*, PcSerial::count> PcSerial::devices() {
    return {&ports_[0], &ports_[1], &ports_[2], &ports_[3]};
}

Result<> PcSerial::map(fabric::IoSpace& ports) {
    for (usize i = 0; i < count; ++i) {
        TRY(ports.map({.name = places[i].name,
                       .first = places[i].first_port,
                       .length = registers,
                       .handler = &ports_[i]}));
    }
    return {};
}

}  // namespace machine
