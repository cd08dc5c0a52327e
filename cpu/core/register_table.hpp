// SPDX-License-Identifier: BSD-2-Clause
//
// A processor's registers by name, for people and debuggers: one row for each, read and written
// between two instructions. Writing goes by the rules that the guest's own instructions have, so
// that no state results that a processor cannot be in.
#pragma once

#include <array>
#include <span>
#include <string_view>

#include "cpu/core/vcpu.hpp"

namespace cpu {

enum class RegisterKind : u8 {
    General,
    Pc,  // Linear: with the base of CS where that is not zero. See register_table.cpp.
    Flags,
    Selector,
    X87Data,
    X87Control,
    Vector,  // The lower half: XMM.
    Mxcsr,
    VectorUpper,  // The upper half of YMM.
    SegmentBase,
    KernelGsBase,
    Control,
    ExtendedFeatures,  // EFER.
};

/// Low word first.
using RegisterValue = std::array<u64, 2>;

struct NamedRegister {
    std::string_view name;
    RegisterKind kind = RegisterKind::General;
    u8 number = 0;  // Of its kind.
    u8 bytes = 8;
};

/// The order is the one debuggers number them in.
std::span<const NamedRegister> register_table();
const NamedRegister* find_register(std::string_view name);

RegisterValue read_register(const Vcpu& vcpu, const NamedRegister& which);
/// A value that the processor would refuse changes nothing; of others, bits that it does not have
/// are left out.
void write_register(Vcpu& vcpu, const NamedRegister& which, const RegisterValue& value);

}  // namespace cpu
