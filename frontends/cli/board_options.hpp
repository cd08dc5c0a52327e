// SPDX-License-Identifier: BSD-2-Clause
//
// From options to a board.
#pragma once

#include <array>

#include "fabric/host/byte_sink.hpp"
#include "fabric/support/result.hpp"
#include "frontends/cli/run_options.hpp"
#include "machine/board/board.hpp"

namespace frontends {

/// Where a board's bytes and frames go. The sinks outlive the machine.
struct BoardSinks {
    std::array<fabric::ByteSink*, 4> serial;  // By port; null for one that is not connected.
    fabric::ByteSink& debug;
    std::vector<machine::PcLine> lines;  // Of the network adapters.
};

fabric::Result<machine::MakeBoard> board_maker(const RunOptions& options, BoardSinks sinks);

}  // namespace frontends
