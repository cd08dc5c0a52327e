// SPDX-License-Identifier: BSD-2-Clause
//
// Memory for generated functions, mapped twice: one view is written, the other executed, so no page
// is ever both.
#pragma once

#include <span>

#include "fabric/support/int_types.hpp"

namespace cpu {

class ThunkArena {
public:
    /// Everything that a guest asks for in earnest fits many times over; what does not fit is
    /// generated anew each time (native_thunks.cpp).
    static constexpr usize size = usize{8} << 20;

    ThunkArena();
    ThunkArena(const ThunkArena&) = delete;
    ThunkArena& operator=(const ThunkArena&) = delete;

    /// Where the code can be called, or null if the arena is full.
    const u8* add(std::span<const u8> code);
    /// Replaces what is at `place`, which must have come from add() with no less code.
    void replace(const u8* place, std::span<const u8> code);

    const u8* begin() const { return executable_; }
    const u8* end() const { return executable_ + size; }

private:
    u8* writable_ = nullptr;
    const u8* executable_ = nullptr;
    usize used_ = 0;
};

}  // namespace cpu
