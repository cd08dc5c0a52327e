// SPDX-License-Identifier: BSD-2-Clause
#include "tests/cpu/decode/oracle/skip_list.hpp"

namespace test::decode {

namespace {

struct Foreign {
    ZydisISAExt extension;
    std::string_view why;
};

// clang-format off
constexpr Foreign foreign[] = {
    {ZYDIS_ISA_EXT_AMD3DNOW,          "3DNow!: AMD's, and gone"},
    {ZYDIS_ISA_EXT_AMD_INVLPGB,       "INVLPGB: AMD's"},
    {ZYDIS_ISA_EXT_AMX_BF16,          "AMX: not in the models"},
    {ZYDIS_ISA_EXT_AMX_INT8,          "AMX: not in the models"},
    {ZYDIS_ISA_EXT_AMX_TILE,          "AMX: not in the models"},
    {ZYDIS_ISA_EXT_AVX512EVEX,        "AVX-512: not in the models"},
    {ZYDIS_ISA_EXT_AVX512VEX,         "AVX-512 mask registers: not in the models"},
    {ZYDIS_ISA_EXT_AVX_VNNI,          "AVX-VNNI: not in the models"},
    {ZYDIS_ISA_EXT_CET,               "CET: not in the models, hint no-operations there"},
    {ZYDIS_ISA_EXT_CLDEMOTE,          "CLDEMOTE: a hint no-operation in the models"},
    {ZYDIS_ISA_EXT_CLZERO,            "CLZERO: AMD's"},
    {ZYDIS_ISA_EXT_ENQCMD,            "ENQCMD: not in the models"},
    {ZYDIS_ISA_EXT_FMA4,              "FMA4: AMD's, and gone"},
    {ZYDIS_ISA_EXT_GFNI,              "GFNI: not in the models"},
    {ZYDIS_ISA_EXT_HRESET,            "HRESET: not in the models"},
    {ZYDIS_ISA_EXT_KEYLOCKER,         "Key Locker: not in the models"},
    {ZYDIS_ISA_EXT_KEYLOCKER_WIDE,    "Key Locker: not in the models"},
    {ZYDIS_ISA_EXT_MCOMMIT,           "MCOMMIT: AMD's"},
    {ZYDIS_ISA_EXT_MONITORX,          "MONITORX: AMD's"},
    {ZYDIS_ISA_EXT_MOVDIR,            "MOVDIRI, MOVDIR64B: not in the models"},
    {ZYDIS_ISA_EXT_MPX,               "MPX: not in the models, hint no-operations there"},
    {ZYDIS_ISA_EXT_PADLOCK,           "PadLock: VIA's"},
    {ZYDIS_ISA_EXT_PCONFIG,           "PCONFIG: not in the models"},
    {ZYDIS_ISA_EXT_PKU,               "protection keys: not in the models"},
    {ZYDIS_ISA_EXT_PT,                "PTWRITE: not in the models"},
    {ZYDIS_ISA_EXT_RDPRU,             "RDPRU: AMD's"},
    {ZYDIS_ISA_EXT_RTM,               "TSX: not in the models"},
    {ZYDIS_ISA_EXT_SERIALIZE,         "SERIALIZE: not in the models"},
    {ZYDIS_ISA_EXT_SGX,               "SGX: not in the models"},
    {ZYDIS_ISA_EXT_SGX_ENCLV,         "SGX: not in the models"},
    {ZYDIS_ISA_EXT_SMX,               "SMX: not in the models"},
    {ZYDIS_ISA_EXT_SNP,               "SEV-SNP: AMD's"},
    {ZYDIS_ISA_EXT_SSE4A,             "SSE4a: AMD's"},
    {ZYDIS_ISA_EXT_SVM,               "SVM: AMD's"},
    {ZYDIS_ISA_EXT_TBM,               "TBM: AMD's, and gone"},
    {ZYDIS_ISA_EXT_TDX,               "TDX: not in the models"},
    {ZYDIS_ISA_EXT_TSX_LDTRK,         "TSX: not in the models"},
    {ZYDIS_ISA_EXT_UINTR,             "user interrupts: not in the models"},
    {ZYDIS_ISA_EXT_VAES,              "VAES: not in the models"},
    {ZYDIS_ISA_EXT_VMFUNC,            "VMX: not in the models"},
    {ZYDIS_ISA_EXT_VPCLMULQDQ,        "VPCLMULQDQ: not in the models"},
    {ZYDIS_ISA_EXT_VTX,               "VMX: not in the models, but VMCALL"},
    {ZYDIS_ISA_EXT_WAITPKG,           "WAITPKG: not in the models"},
    {ZYDIS_ISA_EXT_XOP,               "XOP: AMD's, and gone"},
    {ZYDIS_ISA_EXT_XSAVES,            "XSAVES: not in the models"},
};
// clang-format on

}  // namespace

std::string_view foreign_extension(const ZydisDecodedInstruction& instruction) {
    if (instruction.mnemonic == ZYDIS_MNEMONIC_VMCALL ||
        instruction.mnemonic == ZYDIS_MNEMONIC_VMMCALL) {
        return {};
    }
    for (const Foreign& each : foreign) {
        if (each.extension == instruction.meta.isa_ext) return each.why;
    }
    return {};
}

}  // namespace test::decode
