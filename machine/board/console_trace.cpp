// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/console_trace.hpp"

namespace machine {

void ConsoleTrace::accept(u8 byte) {
    constexpr usize longest_line = 1000;
    out_.accept(byte);
    if (!trace_.listens_to(fabric::TraceCategory::Console)) return;
    const bool ends = byte == '\n' || line_.size() >= longest_line;
    if (byte >= ' ' && byte != 0x7f) line_.push_back(static_cast<char>(byte));
    if (!ends || line_.empty()) return;
    trace_.line(subject_, line_);
    line_.clear();
}

}  // namespace machine
