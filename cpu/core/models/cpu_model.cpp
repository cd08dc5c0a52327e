// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/models/cpu_model.hpp"

#include <algorithm>
#include <vector>

#include "cpu/core/models/feature_bits.hpp"
#include "cpu/core/models/satori.hpp"

namespace cpu {

namespace {

/// Calls `visit` with every feature there is.
template <class Visit>
void for_each_feature(Visit visit) {
    for (u8 i = 1; i < static_cast<u8>(Feature::Count); ++i) visit(static_cast<Feature>(i));
}

/// How many letters must be changed, added or taken away.
usize edit_distance(std::string_view a, std::string_view b) {
    std::vector<usize> row(b.size() + 1);
    for (usize j = 0; j <= b.size(); ++j) row[j] = j;
    for (usize i = 1; i <= a.size(); ++i) {
        usize diagonal = row[0];
        row[0] = i;
        for (usize j = 1; j <= b.size(); ++j) {
            const usize changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({changed, row[j] + 1, row[j - 1] + 1});
        }
    }
    return row[b.size()];
}

std::string unknown_model(std::string_view name) {
    std::string_view nearest;
    usize distance = 4;  // Further off it is no slip of the finger.
    std::string known;
    for (const CpuModel& each : cpu_models()) {
        if (!known.empty()) known += ", ";
        known += each.name;
        const usize d = edit_distance(name, each.name);
        if (d < distance) {
            distance = d;
            nearest = each.name;
        }
    }
    std::string message = "unknown CPU model '" + std::string(name) + "'";
    if (!nearest.empty()) message += ": did you mean '" + std::string(nearest) + "'?";
    return message + " (known models: " + known + ")";
}

}  // namespace

u32 CpuModel::signature() const {
    return u32{stepping} | u32{model & 0xfu} << 4 | u32{family} << 8 | (u32{model} >> 4) << 16;
}

std::span<const CpuModel> cpu_models() { return models::satori; }

fabric::Result<const CpuModel*> find_cpu_model(std::string_view name) {
    for (const CpuModel& each : cpu_models()) {
        if (each.name == name) return &each;
    }
    return fabric::Error{unknown_model(name)};
}

const CpuModel& default_cpu_model(const FeatureSet& host) {
    for (auto each = cpu_models().rbegin(); each != cpu_models().rend(); ++each) {
        if (check_host_can_run(*each, host)) return *each;
    }
    return cpu_models().front();
}

FeatureSet features_on_host(const CpuModel& model, const FeatureSet& host) {
    FeatureSet left = model.features;
    for_each_feature([&](Feature feature) {
        if (!host.has(feature)) left.set(feature, false);
    });
    return left;
}

fabric::Result<> check_host_can_run(const CpuModel& model, const FeatureSet& host) {
    std::string missing;
    for_each_feature([&](Feature feature) {
        if (!missing.empty() || !model.level.has(feature) || host.has(feature)) return;
        missing = feature_name(feature);
    });
    if (missing.empty()) return {};
    return fabric::Error{"CPU model '" + std::string(model.name) + "' needs " + missing +
                         ", which this host's processor does not have; choose a lesser model"};
}

}  // namespace cpu
