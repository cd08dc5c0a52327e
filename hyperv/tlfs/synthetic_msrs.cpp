// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/synthetic_msrs.hpp"

#include <fmt/format.h>

#include "fabric/memory/guest_address.hpp"
#include "hyperv/tlfs/hyperv_trace.hpp"
#include "hyperv/tlfs/overlay_register.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

namespace {

using Entry = cpu::MsrEntry<VirtualProcessor, Feature>;

const std::vector<SyntheticMsr>& all_rows() {
    static const std::vector<SyntheticMsr> rows = [] {
        std::vector<SyntheticMsr> all;
        for (const auto part : {partition_msrs(), processor_msrs(), crash_msrs(), synic_msrs(),
                                sint_msrs(), timer_msrs()}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return rows;
}

const std::vector<Entry>& all_entries() {
    static const std::vector<Entry> entries = [] {
        std::vector<Entry> all;
        for (const SyntheticMsr& row : all_rows()) all.push_back(row.entry);
        return all;
    }();
    return entries;
}

/// Whoever looks on sees each access with the fields of its value.
class SyntheticMsrBank final : public cpu::MsrBank {
public:
    explicit SyntheticMsrBank(VirtualProcessor& processor)
        : processor_(processor), table_(processor, all_entries()) {}

    bool contains(u32 index) const override { return table_.contains(index); }
    std::optional<u64> read(u32 index) const override {
        const auto value = table_.read(index);
        if (traces_hyperv(processor_)) {
            trace_msr(processor_, MsrAccess::Read, name(index), index, value, text(index, value));
        }
        return value;
    }
    cpu::MsrOutcome write(u32 index, u64 value) override {
        const auto outcome = table_.write(index, value);
        if (traces_hyperv(processor_)) {
            const bool done = outcome == cpu::MsrOutcome::Done;
            trace_msr(processor_, MsrAccess::Write, name(index), index,
                      done ? std::optional(value) : std::nullopt, text(index, value));
        }
        return outcome;
    }
    std::string_view name(u32 index) const override { return table_.name(index); }
    std::vector<u32> indices() const override { return table_.indices(); }

private:
    static std::string text(u32 index, std::optional<u64> value) {
        if (!value) return {};
        for (const SyntheticMsr& row : all_rows()) {
            if (row.entry.index == index && row.describe) return row.describe(*value);
        }
        return {};
    }

    VirtualProcessor& processor_;
    cpu::TableMsrBank<VirtualProcessor, Feature> table_;
};

}  // namespace

void add_synthetic_msrs(VirtualProcessor& processor) {
    processor.vcpu().msrs.add(std::make_unique<SyntheticMsrBank>(processor));
}

std::string describe_overlay(u64 value) {
    if ((value & OverlayRegister::enable) == 0) return "off";
    return fmt::format("page at {:#x}", value & ~(fabric::page_size - 1));
}

}  // namespace hyperv
