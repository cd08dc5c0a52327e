// SPDX-License-Identifier: BSD-2-Clause
//
// What the host's processor can compute for a guest: a model shows no more than this.
#pragma once

#include "cpu/arch/features.hpp"

namespace cpu {

/// Everything, less the instruction-set extensions that this host (or its kernel) lacks.
const FeatureSet& host_features();

/// Whether the host keeps 256-bit registers at all.
bool host_has_avx();

}  // namespace cpu
