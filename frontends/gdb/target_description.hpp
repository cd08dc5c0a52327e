// SPDX-License-Identifier: BSD-2-Clause
//
// Which registers GDB sees, by which numbers, and the XML that tells it so (GDB manual, appendices
// G.2 and G.5.5). The registers come from cpu/core/register_table.hpp.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cpu/core/register_table.hpp"
#include "fabric/support/result.hpp"

namespace frontends::gdb {

/// What GDB takes the processor for, which decides how it disassembles and unwinds. It cannot
/// change its mind in a session; X86_64 is for 64-bit kernels, the others are for code that never
/// gets so far.
enum class Architecture : u8 { X86_64, I386, I8086 };

fabric::Result<Architecture> parse_architecture(const std::string& name);

class TargetDescription {
public:
    struct Shown {
        const cpu::NamedRegister* which = nullptr;
        std::string name;
        u8 bytes = 8;  // The lower ones of the register.
    };

    explicit TargetDescription(Architecture architecture);

    /// In GDB's order: the index is the number.
    std::span<const Shown> registers() const { return registers_; }
    const std::string& xml() const { return xml_; }

private:
    std::vector<Shown> registers_;
    std::string xml_;
};

}  // namespace frontends::gdb
