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

/// Op::segment_rule of operations without a memory operand: what they can be fused with.
namespace fusible {
constexpr u8 Compare = 0x80;
constexpr u8 Test = 0x01;
constexpr u8 Immediate = 0x02;
constexpr u8 ConditionalJump = 0x40;
}  // namespace fusible

}  // namespace cpu::interpreter
