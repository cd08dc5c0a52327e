// SPDX-License-Identifier: BSD-2-Clause
//
// The partition: what the TLFS has once for a whole machine. It puts its registers into each
// processor's MSR space, its leaves into its CPUID space, and itself behind its hypercall door; no
// engine knows of it. What the TLFS has per processor is in virtual_processor.hpp.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cpu/apic/local_apic.hpp"
#include "cpu/core/vcpu.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/memory/guest_memory.hpp"
#include "hyperv/tlfs/connections.hpp"
#include "hyperv/tlfs/features.hpp"
#include "hyperv/tlfs/overlay_register.hpp"
#include "hyperv/tlfs/reference_time.hpp"

namespace hyperv {

class VirtualProcessor;

class Partition final : public fabric::Device {
public:
    struct Config {
        FeatureSet features = preset("windows");
        u64 tsc_hz = 0;
        u64 apic_hz = 0;  // Of the local APIC's timer, undivided.
        u8 physical_address_bits = 40;
    };

    struct Processor {
        cpu::Vcpu& vcpu;
        cpu::LocalApic& apic;
    };

    struct Wiring {
        fabric::GuestMemory& memory;
        fabric::EventQueue& events;
        fabric::Trace& trace;
        std::vector<Processor> processors;  // By VP index.
        std::function<void()> reset = [] {};
        std::function<void(const std::string&)> notice = {};  // For a person to read.
    };

    struct State {
        u64 guest_os_id = 0;
        OverlayRegister::State hypercall;
        OverlayRegister::State reference_tsc;
        u64 start_tick = 0;  // On the TSC's clock, when the partition's time began.
        u32 tsc_sequence = 1;
        u64 placements = 0;  // Of overlays.
        std::array<u64, 5> crash_parameters{};
        u64 crashes = 0;
        std::string crash_text;  // Of the last crash.

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "guest_os_id", state.guest_os_id);
            visit(2, "hypercall", state.hypercall);
            visit(3, "reference_tsc", state.reference_tsc);
            visit(4, "start_tick", state.start_tick);
            visit(5, "tsc_sequence", state.tsc_sequence);
            visit(6, "placements", state.placements);
            visit(7, "crash_parameters", state.crash_parameters);
            visit(8, "crashes", state.crashes);
            visit(9, "crash_text", state.crash_text);
        }
    };

    Partition(Config config, Wiring wiring);
    ~Partition() override;

    std::string_view name() const override { return "hyperv"; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state()); }
    fabric::Result<> restore(fabric::StateReader& in) override;
    /// After all was restored: pages are laid where they were, in their old order.
    void replace_overlays();

    State state() const;
    const Config& config() const { return config_; }
    bool has(Feature feature) const { return config_.features.has(feature); }
    const ReferenceTime& time() const { return time_; }
    fabric::GuestMemory& memory() { return wiring_.memory; }
    fabric::EventQueue& events() { return wiring_.events; }
    fabric::Trace& trace() const { return wiring_.trace; }

    usize processors() const { return processors_.size(); }
    VirtualProcessor& processor(usize index) { return *processors_[index]; }
    const VirtualProcessor& processor(usize index) const { return *processors_[index]; }

    /// Wiring of whoever is above; not saved.
    Connections& connections() { return connections_; }

    /// A number higher than that of any overlay placed before.
    u64 next_placement() { return ++state_.placements; }
    bool hypercalls_enabled() const { return hypercall_.enabled(); }

    // Registers that all processors share (partition_msrs.cpp, crash.cpp).

    u64 guest_os_id() const { return state_.guest_os_id; }
    void write_guest_os_id(u64 value);
    u64 hypercall_register() const { return hypercall_.value(); }
    cpu::MsrOutcome write_hypercall_register(u64 value);
    u64 reference_tsc_register() const { return reference_tsc_.value(); }
    void write_reference_tsc_register(u64 value);
    void request_reset() const { wiring_.reset(); }
    u64 crash_parameter(usize which) const { return state_.crash_parameters[which]; }
    void write_crash_parameter(usize which, u64 value) { state_.crash_parameters[which] = value; }
    void crash(u64 control);

    /// A processor's TSC was written to: whether RDTSC still shows the partition's time.
    void tsc_moved();

private:
    void fill_hypercall_page();
    void fill_reference_tsc_page();
    bool tsc_is_common() const;
    std::string crash_message(u64 control);

    Config config_;
    Wiring wiring_;
    State state_;  // Without its overlays: those are in the members below.
    ReferenceTime time_;
    OverlayRegister hypercall_;
    OverlayRegister reference_tsc_;
    Connections connections_;
    std::vector<std::unique_ptr<VirtualProcessor>> processors_;
};

}  // namespace hyperv
