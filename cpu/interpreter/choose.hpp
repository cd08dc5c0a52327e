// SPDX-License-Identifier: BSD-2-Clause
//
// Picking one instance of a handler template by what is known only when an instruction is lowered.
#pragma once

#include "cpu/interpreter/handler.hpp"

namespace cpu::interpreter {

/// `make.operator()<T>()` for the unsigned type of `bytes` bytes.
template <class Make>
Handler by_size(u32 bytes, Make make) {
    switch (bytes) {
        case 1: return make.template operator()<u8>();
        case 2: return make.template operator()<u16>();
        case 4: return make.template operator()<u32>();
        default: return make.template operator()<u64>();
    }
}

/// `make.operator()<How>()`.
template <class Make>
Handler by_address(Addressing how, Make make) {
    switch (how) {
        case Addressing::Base: return make.template operator()<Addressing::Base>();
        case Addressing::BaseIndex: return make.template operator()<Addressing::BaseIndex>();
        case Addressing::RipRelative: return make.template operator()<Addressing::RipRelative>();
        case Addressing::General: break;
    }
    return make.template operator()<Addressing::General>();
}

/// `make.operator()<T, How>()`.
template <class Make>
Handler by_size_and_address(u32 bytes, Addressing how, Make make) {
    return by_address(how, [&]<Addressing How>() {
        return by_size(bytes, [&]<class T>() { return make.template operator()<T, How>(); });
    });
}

/// Whether a handler makes the status flags, or is the stand-in where nobody will see them.
enum class Flags : u8 { Made, Unseen };

/// What `Operation` makes of the operands: by `apply` with flags, by `plain` without.
template <Flags Seen, class Operation, class... Operands>
[[gnu::always_inline]] inline auto compute(u32& status, Operands... operands) {
    if constexpr (Seen == Flags::Unseen) {
        return Operation::plain(operands...);
    } else {
        u16 flags = static_cast<u16>(status);
        const auto result = Operation::apply(operands..., flags);
        status = flags;
        return result;
    }
}

}  // namespace cpu::interpreter
