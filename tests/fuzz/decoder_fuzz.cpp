// SPDX-License-Identifier: BSD-2-Clause
//
// Any bytes, in every mode, with any set of features: the decoder gives an instruction that keeps
// its own rules, or says why not, and nothing changes when more bytes follow.
#include <span>

#include "cpu/decode/decoder.hpp"
#include "fabric/support/verify.hpp"

namespace {

using cpu::DecodeStatus;
using cpu::Instruction;

/// Registers and sizes must be usable as indices by whoever gets the instruction.
void check_fields(const Instruction& instruction) {
    VERIFY(instruction.length >= 1 && instruction.length <= 15);
    VERIFY(instruction.form < cpu::forms().size());
    VERIFY(instruction.reg < 16 && instruction.rm < 16 && instruction.vvvv < 16);
    VERIFY(instruction.base <= cpu::no_register && instruction.index <= cpu::no_register);
    VERIFY(instruction.scale < 4);
    VERIFY(static_cast<u8>(instruction.segment) < 6);
    VERIFY(instruction.operand_size == 2 || instruction.operand_size == 4 ||
           instruction.operand_size == 8);
    VERIFY(instruction.address_size == 2 || instruction.address_size == 4 ||
           instruction.address_size == 8);
    const cpu::Form& form = cpu::form_of(instruction);
    for (usize i = 0; i < form.operand_count; ++i) {
        VERIFY(cpu::operand_bytes(instruction, form.operands[i]) <= 32);
    }
}

void decode_in(std::span<const u8> bytes, cpu::CodeMode mode, const cpu::FeatureSet& features) {
    Instruction instruction;
    const DecodeStatus status = cpu::decode(bytes, mode, features, instruction);
    VERIFY(instruction.length <= bytes.size() && instruction.length <= 15);
    VERIFY(status != DecodeStatus::Truncated || bytes.size() < 15);
    VERIFY(status != DecodeStatus::TooLong || bytes.size() >= 15);
    if (status != DecodeStatus::Ok) return;
    check_fields(instruction);
    Instruction alone;
    VERIFY(cpu::decode(bytes.first(instruction.length), mode, features, alone) == DecodeStatus::Ok);
    VERIFY(alone.length == instruction.length && alone.form == instruction.form);
    VERIFY(alone.immediate == instruction.immediate);
    VERIFY(alone.displacement == instruction.displacement);
    VERIFY(cpu::decode(bytes.first(instruction.length - 1u), mode, features, alone) ==
           DecodeStatus::Truncated);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    if (size < 2) return 0;
    // The first byte takes one feature away; the second starts the instruction.
    cpu::FeatureSet features = cpu::FeatureSet::all();
    const u8 absent = data[0] % static_cast<u8>(cpu::Feature::Count);
    features.set(static_cast<cpu::Feature>(absent), false);
    const std::span<const u8> bytes(data + 1, size - 1);
    for (const auto mode : {cpu::CodeMode::Bits16, cpu::CodeMode::Bits32, cpu::CodeMode::Bits64}) {
        decode_in(bytes, mode, features);
    }
    return 0;
}
