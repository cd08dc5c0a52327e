// SPDX-License-Identifier: BSD-2-Clause
#include "tests/cpu/decode/oracle/peers.hpp"

#include "fabric/support/verify.hpp"

namespace test::decode {

namespace {

cs_mode capstone_mode(cpu::CodeMode mode) {
    switch (mode) {
        case cpu::CodeMode::Bits16: return CS_MODE_16;
        case cpu::CodeMode::Bits32: return CS_MODE_32;
        case cpu::CodeMode::Bits64: break;
    }
    return CS_MODE_64;
}

}  // namespace

Capstone::Capstone(cpu::CodeMode mode) {
    VERIFY(cs_open(CS_ARCH_X86, capstone_mode(mode), &handle_) == CS_ERR_OK);
    instruction_ = cs_malloc(handle_);
    VERIFY(instruction_ != nullptr);
}

Capstone::~Capstone() {
    cs_free(instruction_, 1);
    cs_close(&handle_);
}

Verdict Capstone::verdict(std::span<const u8> bytes) {
    const u8* code = bytes.data();
    usize size = bytes.size();
    u64 address = 0;
    if (!cs_disasm_iter(handle_, &code, &size, &address, instruction_)) {
        return {Verdict::Kind::Invalid, 0};
    }
    return {Verdict::Kind::Valid, static_cast<u8>(instruction_->size)};
}

Zydis::Zydis(cpu::CodeMode mode) {
    ZydisMachineMode machine = ZYDIS_MACHINE_MODE_LONG_64;
    ZydisStackWidth width = ZYDIS_STACK_WIDTH_64;
    if (mode == cpu::CodeMode::Bits32) {
        machine = ZYDIS_MACHINE_MODE_LONG_COMPAT_32;
        width = ZYDIS_STACK_WIDTH_32;
    } else if (mode == cpu::CodeMode::Bits16) {
        machine = ZYDIS_MACHINE_MODE_LONG_COMPAT_16;
        width = ZYDIS_STACK_WIDTH_16;
    }
    VERIFY(ZYAN_SUCCESS(ZydisDecoderInit(&decoder_, machine, width)));
    // What our models do not have and therefore take as a no-operation, or as another instruction.
    for (const ZydisDecoderMode off :
         {ZYDIS_DECODER_MODE_MPX, ZYDIS_DECODER_MODE_CET, ZYDIS_DECODER_MODE_CLDEMOTE,
          ZYDIS_DECODER_MODE_WBNOINVD, ZYDIS_DECODER_MODE_KNC}) {
        VERIFY(ZYAN_SUCCESS(ZydisDecoderEnableMode(&decoder_, off, ZYAN_FALSE)));
    }
}

Verdict Zydis::verdict(std::span<const u8> bytes) {
    const ZyanStatus status = ZydisDecoderDecodeInstruction(&decoder_, &context_, bytes.data(),
                                                            bytes.size(), &instruction_);
    if (ZYAN_SUCCESS(status)) return {Verdict::Kind::Valid, instruction_.length};
    if (status == ZYDIS_STATUS_INSTRUCTION_TOO_LONG) return {Verdict::Kind::TooLong, 0};
    return {Verdict::Kind::Invalid, 0};
}

std::span<const ZydisDecodedOperand> Zydis::operands() {
    const auto count = instruction_.operand_count;
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeOperands(&decoder_, &context_, &instruction_,
                                                 operands_.data(), count))) {
        return {};
    }
    return {operands_.data(), count};
}

}  // namespace test::decode
