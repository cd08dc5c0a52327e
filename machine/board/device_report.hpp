// SPDX-License-Identifier: BSD-2-Clause
//
// What the devices of a board look like at the moment, as text for a person: the monitor's "info".
// Looking changes nothing. Empty where a board has none of the kind.
#pragma once

#include <string>

#include "machine/board/board.hpp"

namespace machine {

std::string report_pics(const Board& board);
std::string report_io_apics(const Board& board);
std::string report_local_apic(const Board& board, u32 processor);
std::string report_pci(const Board& board);

}  // namespace machine
