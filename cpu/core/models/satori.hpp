// SPDX-License-Identifier: BSD-2-Clause
//
// The models as data, the least able first.
#pragma once

#include <array>

#include "cpu/core/models/cpu_model.hpp"

namespace cpu::models {

extern const std::array<CpuModel, 2> satori;

}  // namespace cpu::models
