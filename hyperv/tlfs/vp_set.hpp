// SPDX-License-Identifier: BSD-2-Clause
//
// Which virtual processors a hypercall is for: a mask of the first 64, or an HV_VP_SET.
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"
#include "hyperv/tlfs/status.hpp"

namespace hyperv {

class VpSet {
public:
    static VpSet all();
    static VpSet of_mask(u64 mask);
    /// `bytes`: format, mask of valid banks, and one bank for each bit of it. No byte more.
    static Status read(std::span<const u8> bytes, VpSet& into);

    bool has(u32 index) const;

private:
    static constexpr u32 bank_bits = 64;

    bool all_ = false;
    u64 valid_banks_ = 0;
    std::span<const u8> banks_ = {};
    u64 first_bank_ = 0;  // Where there are no banks to look into: a mask.
};

}  // namespace hyperv
