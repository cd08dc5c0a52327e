// SPDX-License-Identifier: BSD-2-Clause
//
// The decoders that ours is compared with.
#pragma once

#include <Zydis/Zydis.h>
#include <capstone/capstone.h>
#include <array>
#include <optional>
#include <span>

#include "cpu/arch/registers.hpp"
#include "tests/cpu/decode/oracle/verdict.hpp"

namespace test::decode {

class Capstone {
public:
    explicit Capstone(cpu::CodeMode mode);
    ~Capstone();
    Capstone(const Capstone&) = delete;
    Capstone& operator=(const Capstone&) = delete;

    Verdict verdict(std::span<const u8> bytes);

private:
    csh handle_ = 0;
    cs_insn* instruction_ = nullptr;
};

class Zydis {
public:
    explicit Zydis(cpu::CodeMode mode);

    Verdict verdict(std::span<const u8> bytes);
    /// Of the last valid verdict.
    const ZydisDecodedInstruction& instruction() const { return instruction_; }
    std::span<const ZydisDecodedOperand> operands();

private:
    ZydisDecoder decoder_{};
    ZydisDecoderContext context_{};
    ZydisDecodedInstruction instruction_{};
    std::array<ZydisDecodedOperand, ZYDIS_MAX_OPERAND_COUNT> operands_{};
};

}  // namespace test::decode
