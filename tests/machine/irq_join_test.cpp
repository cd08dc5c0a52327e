// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/irq_join.hpp"

#include <catch2/catch.hpp>

#include <array>

using machine::IrqJoin;
using Source = IrqJoin::Source;

namespace {

struct Controllers final : fabric::IrqSink {
    void set_level(u32 interrupt, bool high) override { levels[interrupt] = high; }
    std::array<bool, IrqJoin::interrupts> levels{};
};

}  // namespace

TEST_CASE("Shared interrupts: high while any source holds them", "[machine][pc]") {
    Controllers controllers;
    IrqJoin join(controllers);
    join.line(9, Source::Sci).set(true);
    join.line(9, Source::Pci).set(true);
    join.line(9, Source::Sci).set(false);
    CHECK(controllers.levels[9]);
    join.line(9, Source::Pci).set(false);
    CHECK_FALSE(controllers.levels[9]);
}

TEST_CASE("Shared interrupts: the HPET replaces the timers", "[machine][pc]") {
    Controllers controllers;
    IrqJoin join(controllers);
    join.line(0, Source::Isa).set(true);
    join.line(8, Source::Hpet).set(true);
    join.line(4, Source::Isa).set(true);
    join.legacy_route().set(true);
    CHECK_FALSE(controllers.levels[0]);
    CHECK(controllers.levels[8]);
    CHECK(controllers.levels[4]);
    join.line(8, Source::Isa).set(true);
    join.line(8, Source::Hpet).set(false);
    CHECK_FALSE(controllers.levels[8]);
    join.legacy_route().set(false);
    CHECK(controllers.levels[0]);
    CHECK(controllers.levels[8]);
}
