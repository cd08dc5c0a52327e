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

PcSerial::PcSerial(fabric::EventQueue& events, IrqJoin& irqs, const Lines& lines,
                   fabric::Trace& trace)
    : texts_{trace_of(0, lines, trace), trace_of(1, lines, trace), trace_of(2, lines, trace),
             trace_of(3, lines, trace)},
      ports_{make(0, events, irqs), make(1, events, irqs), make(2, events, irqs),
             make(3, events, irqs)} {}

ConsoleTrace PcSerial::trace_of(usize number, const Lines& lines, fabric::Trace& trace) {
    return {places[number].name, lines[number] ? *lines[number] : nobody_, trace};
}

devices::Uart16550 PcSerial::make(usize number, fabric::EventQueue& events, IrqJoin& irqs) {
    const Place& place = places[number];
    return devices::Uart16550({.name = place.name},
                              {events, irqs.line(place.irq, place.source), texts_[number]});
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

/// A recording may name ports that no PC has.
void PcSerial::lines_changed(std::span<const u8> changes) {
    for (; changes.size() >= 2; changes = changes.subspan(2)) {
        if (changes[0] < count) ports_[changes[0]].set_far_end(changes[1] != 0);
    }
}

}  // namespace machine
