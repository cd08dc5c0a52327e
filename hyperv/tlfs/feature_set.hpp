// SPDX-License-Identifier: BSD-2-Clause
//
// A choice of what features.hpp lists, for those who only hand it on.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace hyperv {

enum class Feature : u8;

class FeatureSet {
public:
    constexpr FeatureSet() = default;
    constexpr FeatureSet(std::initializer_list<Feature> features) {
        for (const Feature feature : features) add(feature);
    }

    constexpr bool has(Feature feature) const { return (bits_ & bit(feature)) != 0; }
    constexpr bool has_all(FeatureSet others) const { return (others.bits_ & ~bits_) == 0; }
    constexpr bool empty() const { return bits_ == 0; }
    constexpr void add(Feature feature) { bits_ |= bit(feature); }
    constexpr void add(FeatureSet others) { bits_ |= others.bits_; }
    constexpr void remove(Feature feature) { bits_ &= ~bit(feature); }

    constexpr bool operator==(const FeatureSet&) const = default;

private:
    static constexpr u64 bit(Feature feature) { return u64{1} << static_cast<u8>(feature); }

    u64 bits_ = 0;
};

/// "off", "minimal", "windows", "full".
FeatureSet preset(std::string_view name);

/// "windows", "windows,-reset,+crash", "minimal,reference-tsc": a preset, and features more or
/// less. What a feature needs comes with it.
fabric::Result<FeatureSet> parse_features(const std::string& text);

/// As parse_features() takes it, from the nearest preset.
std::string text_of(FeatureSet features);

}  // namespace hyperv
