// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/decode/disassembly.hpp"

#include <capstone/capstone.h>

#include "fabric/support/verify.hpp"

namespace cpu {

namespace {

class Disassembler {
public:
    explicit Disassembler(cs_mode mode) {
        VERIFY(cs_open(CS_ARCH_X86, mode, &handle_) == CS_ERR_OK);
    }
    ~Disassembler() { cs_close(&handle_); }
    Disassembler(const Disassembler&) = delete;
    Disassembler& operator=(const Disassembler&) = delete;

    std::string text(std::span<const u8> bytes, u64 rip) const {
        cs_insn* found = nullptr;
        const usize count = cs_disasm(handle_, bytes.data(), bytes.size(), rip, 1, &found);
        if (count == 0) return "(bad)";
        std::string text = found->mnemonic;
        if (found->op_str[0] != '\0') text += std::string(" ") + found->op_str;
        cs_free(found, count);
        return text;
    }

private:
    csh handle_ = 0;
};

}  // namespace

std::string disassemble(std::span<const u8> bytes, CodeMode mode, u64 rip) {
    thread_local const Disassembler bits16(CS_MODE_16);
    thread_local const Disassembler bits32(CS_MODE_32);
    thread_local const Disassembler bits64(CS_MODE_64);
    switch (mode) {
        case CodeMode::Bits16: return bits16.text(bytes, rip);
        case CodeMode::Bits32: return bits32.text(bytes, rip);
        case CodeMode::Bits64: break;
    }
    return bits64.text(bytes, rip);
}

}  // namespace cpu
