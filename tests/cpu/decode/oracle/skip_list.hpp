// SPDX-License-Identifier: BSD-2-Clause
//
// Where the peers know more than our processor models have, and why that is no difference.
#pragma once

#include <Zydis/Zydis.h>
#include <string_view>

namespace test::decode {

/// The extension a Zydis instruction belongs to, if our models lack it. Empty if they have it.
std::string_view foreign_extension(const ZydisDecodedInstruction& instruction);

}  // namespace test::decode
