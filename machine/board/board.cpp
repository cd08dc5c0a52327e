// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/board.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cpu/core/interrupts.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/fpu/host_features.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"
#include "machine/board/poke.hpp"

namespace machine {

using fabric::Error;
using fabric::Result;

Result<const cpu::CpuModel*> choose_model(const std::string& name) {
    const cpu::FeatureSet host = cpu::host_features();
    if (name.empty()) return &cpu::default_cpu_model(host);
    const cpu::CpuModel* model = TRY(cpu::find_cpu_model(name));
    TRY(cpu::check_host_can_run(*model, host));
    return model;
}

std::vector<OfferedModel> offered_models() {
    const cpu::FeatureSet& host = cpu::host_features();
    std::vector<OfferedModel> offered;
    for (const cpu::CpuModel& model : cpu::cpu_models()) {
        const auto able = cpu::check_host_can_run(model, host);
        offered.push_back({model, &model == &cpu::default_cpu_model(host),
                           able ? std::string() : able.error().message});
    }
    return offered;
}

std::string text_of(const BoardIdentity& identity) {
    const auto after_comma = [](const std::string& text) {
        return text.empty() ? text : ", " + text;
    };
    return fmt::format("{}, {} MiB, {} x {}, firmware {:016x}{}{}{}", identity.board,
                       identity.ram_bytes >> 20, identity.processors, identity.model,
                       identity.firmware, after_comma(identity.drives),
                       after_comma(identity.network),
                       identity.hyperv.empty() ? "" : ", Hyper-V " + identity.hyperv);
}

Result<> check_same(const BoardIdentity& found, const BoardIdentity& here) {
    if (found.board != here.board) {
        return Error{"it is of the board '" + found.board + "', and this is '" + here.board + "'"};
    }
    if (found.ram_bytes != here.ram_bytes || found.model != here.model ||
        found.processors != here.processors) {
        const std::string memory = std::to_string(found.ram_bytes >> 20);
        const std::string count = std::to_string(found.processors);
        return Error{"it is of a machine with " + memory + " MiB and " + count + " of processor " +
                     found.model + "; give it --memory " + memory + "M --cpu " + found.model +
                     (found.processors == here.processors ? "" : " --cpus " + count)};
    }
    if (found.firmware != here.firmware) {
        return Error{
            "it is of a machine with another ROM, kernel or boot order; "
            "start with those it was made with"};
    }
    if (found.drives != here.drives) {
        const auto named = [](const std::string& drives) {
            return drives.empty() ? std::string("no drives") : drives;
        };
        return Error{"it is of a machine with " + named(found.drives) + ", and this has " +
                     named(here.drives) + "; give it the same --disk and --cdrom"};
    }
    if (found.network != here.network) {
        const auto named = [](const std::string& network) {
            return network.empty() ? std::string("no network") : network;
        };
        return Error{"it is of a machine with " + named(found.network) + ", and this has " +
                     named(here.network) + "; give it the same --net"};
    }
    if (found.hyperv != here.hyperv) {
        const auto named = [](const std::string& features) {
            return features.empty() ? std::string("off") : features;
        };
        return Error{"it is of a machine with --hyperv " + named(found.hyperv) + ", and this has " +
                     named(here.hyperv) + "; give it --hyperv " + named(found.hyperv)};
    }
    return {};
}

Board::Board(BoardIdentity identity, Parts parts)
    : identity_(std::move(identity)), memory_(std::move(parts.memory)), engine_(*memory_) {
    ports_.set_trace(&trace_);
    mmio_.set_trace(&trace_);
    events_.set_trace(&trace_);
    apic_bus_.set_trace(trace_);
    parts.journal.set_trace(trace_);
    identity_.ram_bytes = memory_->ram().size();
    identity_.model = parts.model.name;
    identity_.processors = parts.processors;
    for (u32 number = 0; number < parts.processors; ++number) {
        auto vcpu = std::make_unique<cpu::Vcpu>(parts.model, cpu::VcpuPorts{.memory = *memory_,
                                                                            .io_ports = ports_,
                                                                            .mmio = mmio_,
                                                                            .entropy = &entropy_,
                                                                            .clock = &parts.clock,
                                                                            .trace = &trace_});
        vcpu->topology = {.apic_id = number, .processors = parts.processors};
        engine_.attach(*vcpu);
        if (number == 0) smi_pin_.attach(*vcpu);
        local_apics_.push_back(std::make_unique<cpu::LocalApic>(
            cpu::LocalApic::Config{.name = "apic" + std::to_string(number),
                                   .timer_hz = parts.model.crystal_hz},
            cpu::LocalApic::Wiring{events_, *vcpu, apic_bus_, &inta_}));
        add_device(*local_apics_.back());
        vcpus_.push_back(std::move(vcpu));
    }
    add_partition(parts);
    entropy_input_ =
        parts.journal.add_port("entropy", [this](auto bytes) { entropy_.seed(bytes); });
    poke_input_ = parts.journal.add_port("poke", [this](auto bytes) { apply_poke(*this, bytes); });
    add_device(entropy_);
}

Board::~Board() = default;

void Board::add_partition(const Parts& parts) {
    if (parts.hyperv.empty()) return;
    identity_.hyperv = hyperv::text_of(parts.hyperv);
    hyperv::Partition::Wiring wiring{.memory = *memory_,
                                     .events = events_,
                                     .trace = trace_,
                                     .processors = {},
                                     .reset = [this] { reset_requested_by_guest(); },
                                     .notice = parts.notice};
    for (usize i = 0; i < vcpus_.size(); ++i) {
        wiring.processors.push_back({*vcpus_[i], *local_apics_[i]});
    }
    partition_ = std::make_unique<hyperv::Partition>(
        hyperv::Partition::Config{.features = parts.hyperv,
                                  .tsc_hz = parts.model.tsc_hz,
                                  .apic_hz = parts.model.crystal_hz,
                                  .physical_address_bits = parts.model.physical_address_bits},
        std::move(wiring));
    add_device(*partition_);
    for (usize i = 0; i < vcpus_.size(); ++i) add_device(partition_->processor(i));
}

void Board::devices_restored() {
    if (partition_) partition_->replace_overlays();
}

void Board::turn_begins(usize number, u64 at_retired) {
    if (partition_) partition_->processor(number).turn_begins(at_retired);
}

void Board::turn_ends(usize number, u64 at_retired) {
    if (partition_) partition_->processor(number).turn_ends(at_retired);
}

std::vector<std::string> Board::trace_subjects() const {
    std::vector<std::string> names = events_.timer_names();
    for (const fabric::Device* device : devices_) names.emplace_back(device->name());
    for (const fabric::IoSpace* space : {&ports_, &mmio_}) {
        names.push_back(space->name());
        for (const fabric::IoRegion& region : space->regions()) names.push_back(region.name);
    }
    std::ranges::sort(names);
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

u16 Board::add_serial_input(fabric::InputJournal& journal, fabric::InputJournal::Deliver deliver) {
    serial_input_ = journal.add_port("com1", std::move(deliver));
    return serial_input_;
}

void SmiPin::set_level(u32, bool asserted) {
    if (asserted) cpu::signal_smi(*vcpu_);
}

void Board::reset(fabric::ResetKind kind, u64 retired) {
    for (fabric::Device* device : devices_) device->reset(kind);
    for (const auto& vcpu : vcpus_) {
        vcpu->state.retired = retired;
        cpu::power_on(*vcpu);
    }
    wires_reset(kind);
}

}  // namespace machine
