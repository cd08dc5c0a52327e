// SPDX-License-Identifier: BSD-2-Clause
//
// Handlers for particular registers.
//
// A handler that takes the numbers of its registers from the operation reads and writes CpuState at
// computed addresses, and a value passes from one to the next through the host's store buffer, in
// five cycles or more. At addresses that are constants the host's renaming sees through it, in none
// (measured: chains of dependent instructions run twice as fast). So what carries values from
// instruction to instruction most often has a handler for each register or pair of registers.
#pragma once

#include <array>
#include <utility>

#include "cpu/interpreter/handler.hpp"

namespace cpu::interpreter {

template <u8 Destination>
struct FixedDestination : AnyRegisters {
    static constexpr u8 destination(const Op*) { return Destination * 8; }
};

template <u8 Destination, u8 Source>
struct FixedPair : AnyRegisters {
    static constexpr u8 destination(const Op*) { return Destination * 8; }
    static constexpr u8 source(const Op*) { return Source * 8; }
};

/// A base of 16 is none: CpuState::gpr has a zero there.
template <u8 Destination, u8 Base>
struct FixedBase : AnyRegisters {
    static constexpr u8 destination(const Op*) { return Destination * 8; }
    static constexpr u8 base(const Op*) { return Base * 8; }
};

namespace fixed {

constexpr usize registers = 16;
constexpr usize bases = registers + 1;

template <class Make, usize... Each>
constexpr auto destination_table(std::index_sequence<Each...>) {
    return std::array<Handler, sizeof...(Each)>{
        Make{}.template operator()<FixedDestination<Each>>()...};
}

template <class Make, usize... Each>
constexpr auto pair_table(std::index_sequence<Each...>) {
    return std::array<Handler, sizeof...(Each)>{
        Make{}.template operator()<FixedPair<Each / registers, Each % registers>>()...};
}

template <class Make, usize... Each>
constexpr auto base_table(std::index_sequence<Each...>) {
    return std::array<Handler, sizeof...(Each)>{
        Make{}.template operator()<FixedBase<Each / bases, Each % bases>>()...};
}

/// Sanitizers are not about speed, and thousands of handlers take them minutes to compile. Bytes
/// may be AH to BH, and 16-bit code is not what anybody waits for.
template <class T>
constexpr bool worth_fixing = SATORI_TAIL_CALLS && sizeof(T) >= 4;

}  // namespace fixed

/// `make.operator()<Registers>()` for the destination in `op`.
template <class T, class Make>
Handler for_destination(const Op& op, Make make) {
    if constexpr (fixed::worth_fixing<T>) {
        static constexpr auto table =
            fixed::destination_table<Make>(std::make_index_sequence<fixed::registers>());
        return table[op.destination / 8];
    }
    return make.template operator()<AnyRegisters>();
}

/// The same for destination and source.
template <class T, class Make>
Handler for_pair(const Op& op, Make make) {
    if constexpr (fixed::worth_fixing<T>) {
        constexpr usize pairs = fixed::registers * fixed::registers;
        static constexpr auto table = fixed::pair_table<Make>(std::make_index_sequence<pairs>());
        return table[op.destination / 8 * fixed::registers + op.source / 8];
    }
    return make.template operator()<AnyRegisters>();
}

/// The same for destination and base.
template <class T, Addressing How, class Make>
Handler for_base(const Op& op, Make make) {
    constexpr bool from_registers = How == Addressing::Base || How == Addressing::BaseIndex;
    if constexpr (fixed::worth_fixing<T> && from_registers) {
        constexpr usize pairs = fixed::registers * fixed::bases;
        static constexpr auto table = fixed::base_table<Make>(std::make_index_sequence<pairs>());
        return table[op.destination / 8 * fixed::bases + op.base / 8];
    }
    return make.template operator()<AnyRegisters>();
}

}  // namespace cpu::interpreter
