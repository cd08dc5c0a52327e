// SPDX-License-Identifier: BSD-2-Clause
//
// A bank of MSRs made from a table of rows, bound to the object whose registers they are.
#pragma once

#include <algorithm>
#include <span>

#include "cpu/core/msr_space.hpp"
#include "fabric/support/verify.hpp"

namespace cpu {

/// `Needs` is what the owner's has() takes: a Feature, or a privilege.
template <class Owner, class Needs>
struct MsrEntry {
    u32 index = 0;
    std::string_view name;                // As the manual spells it, so that a search finds it.
    Needs needs{};                        // Without it the MSR is not there.
    u64 allowed = ~u64{0};                // A write that sets any other bit raises #GP(0).
    u64 (*read)(const Owner&) = nullptr;  // Null: reading raises #GP(0).
    MsrOutcome (*write)(Owner&, u64) = nullptr;  // Null: writing raises #GP(0).
};

template <class Owner, class Needs>
class TableMsrBank final : public MsrBank {
public:
    using Entry = MsrEntry<Owner, Needs>;

    TableMsrBank(Owner& owner, std::span<const Entry> table) : owner_(owner) {
        for (const Entry& entry : table) by_index_.push_back(&entry);
        std::sort(by_index_.begin(), by_index_.end(),
                  [](const Entry* a, const Entry* b) { return a->index < b->index; });
        const auto twice =
            std::adjacent_find(by_index_.begin(), by_index_.end(),
                               [](const Entry* a, const Entry* b) { return a->index == b->index; });
        VERIFY(twice == by_index_.end());
    }

    bool contains(u32 index) const override { return find(index) != nullptr; }

    std::optional<u64> read(u32 index) const override {
        const Entry* entry = find(index);
        if (!entry || !entry->read) return std::nullopt;
        return entry->read(owner_);
    }

    MsrOutcome write(u32 index, u64 value) override {
        const Entry* entry = find(index);
        if (!entry || !entry->write || (value & ~entry->allowed)) {
            return MsrOutcome::GeneralProtection;
        }
        return entry->write(owner_, value);
    }

    std::string_view name(u32 index) const override {
        const Entry* entry = find(index);
        return entry ? entry->name : std::string_view{};
    }

    std::vector<u32> indices() const override {
        std::vector<u32> present;
        for (const Entry* entry : by_index_) {
            if (owner_.has(entry->needs)) present.push_back(entry->index);
        }
        return present;
    }

private:
    const Entry* find(u32 index) const {
        const auto at =
            std::lower_bound(by_index_.begin(), by_index_.end(), index,
                             [](const Entry* entry, u32 wanted) { return entry->index < wanted; });
        if (at == by_index_.end() || (*at)->index != index) return nullptr;
        return owner_.has((*at)->needs) ? *at : nullptr;
    }

    Owner& owner_;
    std::vector<const Entry*> by_index_;
};

}  // namespace cpu
