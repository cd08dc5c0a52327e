// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/vp_set.hpp"

#include <bit>
#include <cstring>

namespace hyperv {

namespace {

constexpr u64 sparse = 0;
constexpr u64 everyone = 1;
constexpr usize fixed_bytes = 16;

u64 word_at(std::span<const u8> bytes, usize offset) {
    u64 word = 0;
    std::memcpy(&word, bytes.data() + offset, sizeof(word));
    return word;
}

}  // namespace

VpSet VpSet::all() {
    VpSet set;
    set.all_ = true;
    return set;
}

VpSet VpSet::of_mask(u64 mask) {
    VpSet set;
    set.first_bank_ = mask;
    return set;
}

Status VpSet::read(std::span<const u8> bytes, VpSet& into) {
    const u64 format = word_at(bytes, 0);
    if (format == everyone) {
        into = all();
        return Status::Success;
    }
    if (format != sparse) return Status::InvalidParameter;
    into = {};
    into.valid_banks_ = word_at(bytes, 8);
    into.banks_ = bytes.subspan(fixed_bytes);
    const auto banks = static_cast<usize>(std::popcount(into.valid_banks_));
    return into.banks_.size() == banks * 8 ? Status::Success : Status::InvalidHypercallInput;
}

bool VpSet::has(u32 index) const {
    if (all_) return true;
    const u32 bank = index / bank_bits;
    const u32 bit = index % bank_bits;
    if (banks_.empty()) return bank == 0 && ((first_bank_ >> bit) & 1) != 0;
    if (bank >= 64 || ((valid_banks_ >> bank) & 1) == 0) return false;
    const u64 below = valid_banks_ & ((u64{1} << bank) - 1);
    const auto position = static_cast<usize>(std::popcount(below));
    return ((word_at(banks_, position * 8) >> bit) & 1) != 0;
}

}  // namespace hyperv
