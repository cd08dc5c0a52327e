// SPDX-License-Identifier: BSD-2-Clause
#include "devices/chipset/apm_port.hpp"

#include <catch2/catch.hpp>

#include "tests/support/device_conformance.hpp"
#include "tests/support/recording_irq_sink.hpp"

namespace {

struct Bench {
    test::RecordingIrqSink smi;
    devices::ApmPort port{{fabric::IrqLine{smi, 0}}};
};

}  // namespace

TEST_CASE("APM ports: the control port pulls SMI#, the status port is a byte", "[devices][apm]") {
    Bench bench;
    bench.port.write(1, 1, 0x5a);
    CHECK(bench.smi.times_driven == 0);
    bench.port.write(0, 1, 0x42);
    CHECK(bench.smi.times_driven == 2);
    CHECK_FALSE(bench.smi.level);
    CHECK(bench.port.read(0, 1) == 0x42);
    CHECK(bench.port.read(1, 1) == 0x5a);

    Bench restored;
    test::check_state_survives(bench.port, restored.port);
    CHECK(restored.smi.times_driven == 0);
    test::check_survives_any_access(bench.port, 2, 1);
}
