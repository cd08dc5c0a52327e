// SPDX-License-Identifier: BSD-2-Clause
//
// CPUID leaves, from whoever owns them: the processor model, the local APIC, the Hyper-V layer.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace cpu {

struct CpuidLeaf {
    u32 eax = 0;
    u32 ebx = 0;
    u32 ecx = 0;
    u32 edx = 0;

    bool operator==(const CpuidLeaf&) const = default;
};

class CpuidBank {
public:
    virtual ~CpuidBank() = default;
    /// Nothing: not this bank's leaf.
    virtual std::optional<CpuidLeaf> read(u32 leaf, u32 subleaf) const = 0;
};

class CpuidSpace {
public:
    /// Banks added later are asked first: the Hyper-V layer may change a leaf of the model.
    void add(std::unique_ptr<CpuidBank> bank) { banks_.insert(banks_.begin(), std::move(bank)); }

    CpuidLeaf read(u32 leaf, u32 subleaf) const {
        for (const auto& bank : banks_) {
            if (const auto found = bank->read(leaf, subleaf)) return *found;
        }
        return {};
    }

private:
    std::vector<std::unique_ptr<CpuidBank>> banks_;
};

}  // namespace cpu
