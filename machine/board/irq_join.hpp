// SPDX-License-Identifier: BSD-2-Clause
//
// Interrupts that several devices share: each is high while any of its devices holds it high. And,
// while the HPET replaces the timers (legacy_route), interrupts 0 and 8 hear the HPET alone (IA-PC
// HPET 1.0a, 2.3.5).
#pragma once

#include <array>

#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"

namespace machine {

/// The wires of IrqSink are interrupt * sources + source.
class IrqJoin final : public fabric::Device, public fabric::IrqSink {
public:
    static constexpr u32 interrupts = 24;
    static constexpr u32 sources = 5;
    enum class Source : u32 { Isa, Pci, Sci, Hpet, SecondIsa };

    struct State {
        std::array<u8, interrupts> asserted{};  // A bit for each source.
        bool legacy_route = false;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& self, Visit& visit) {
            visit(1, "asserted", self.asserted);
            visit(2, "legacy_route", self.legacy_route);
        }
    };

    explicit IrqJoin(fabric::IrqSink& controllers) : controllers_(controllers) {}

    std::string_view name() const override { return "irq_join"; }
    void reset(fabric::ResetKind) override { state_ = {}; }
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    fabric::IrqLine line(u32 interrupt, Source source) {
        return {*this, interrupt * sources + static_cast<u32>(source)};
    }
    fabric::IrqLine legacy_route() { return {*this, legacy_route_wire}; }

    void set_level(u32 wire, bool high) override;

private:
    static constexpr u32 legacy_route_wire = interrupts * sources;

    bool level(u32 interrupt) const;
    template <class Change>
    void changing(u32 interrupt, Change change);

    fabric::IrqSink& controllers_;
    State state_;
};

}  // namespace machine
