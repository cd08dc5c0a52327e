// SPDX-License-Identifier: BSD-2-Clause
//
// Model-specific registers, as tables.
//
// Every RDMSR and WRMSR ends in MsrSpace, whichever engine met it. Whoever owns a group of MSRs
// (the core, the local APIC, the Hyper-V layer) adds a bank. The same tables give the trace its
// names, KVM its exit filter, and tests a list to walk.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace cpu {

/// What the guest sees of a register access. The caller of the space raises the fault.
enum class [[nodiscard]] MsrOutcome : u8{Done, GeneralProtection};

class MsrBank {
public:
    virtual ~MsrBank() = default;
    virtual bool contains(u32 index) const = 0;
    virtual std::optional<u64> read(u32 index) const = 0;
    virtual MsrOutcome write(u32 index, u64 value) = 0;
    /// As the manual spells it.
    virtual std::string_view name(u32 index) const = 0;
    /// All that this bank contains now, in ascending order.
    virtual std::vector<u32> indices() const = 0;
};

/// All MSRs of one virtual processor.
class MsrSpace {
public:
    void add(std::unique_ptr<MsrBank> bank) { banks_.push_back(std::move(bank)); }

    /// Nothing: the access raises #GP(0).
    std::optional<u64> read(u32 index) const {
        const MsrBank* bank = find(index);
        return bank ? bank->read(index) : std::nullopt;
    }
    MsrOutcome write(u32 index, u64 value) {
        MsrBank* bank = find(index);
        return bank ? bank->write(index, value) : MsrOutcome::GeneralProtection;
    }
    std::string_view name(u32 index) const {
        const MsrBank* bank = find(index);
        return bank ? bank->name(index) : std::string_view{};
    }
    std::span<const std::unique_ptr<MsrBank>> banks() const { return banks_; }

private:
    MsrBank* find(u32 index) const {
        for (const auto& bank : banks_) {
            if (bank->contains(index)) return bank.get();
        }
        return nullptr;
    }

    std::vector<std::unique_ptr<MsrBank>> banks_;
};

}  // namespace cpu
