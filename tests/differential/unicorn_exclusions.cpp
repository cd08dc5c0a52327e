// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/unicorn_exclusions.hpp"

#include <algorithm>
#include <vector>

#include "cpu/arch/control_registers.hpp"
#include "cpu/decode/decoder.hpp"

namespace test::differential {

using cpu::Feature;
using cpu::Form;
using cpu::Semantic;

namespace {
struct FeatureRow {
    Feature feature;
    std::string_view reason;
};

constexpr std::string_view vex =
    "VEX: 128-bit forms run as the two-operand SSE ones, others are #UD (Unicorn #883, #1879)";
constexpr std::string_view unknown =
    "#UD, or another instruction of the same opcode, with every model it offers";

constexpr auto untranslated = std::to_array<FeatureRow>({
    {Feature::Avx, vex},          {Feature::Avx2, vex},           {Feature::Fma, vex},
    {Feature::F16c, vex},         {Feature::Bmi1, vex},           {Feature::Bmi2, vex},
    {Feature::Popcnt, unknown},   {Feature::Movbe, unknown},      {Feature::Xsave, unknown},
    {Feature::Xsaveopt, unknown}, {Feature::Xsavec, unknown},     {Feature::Xgetbv1, unknown},
    {Feature::Fsgsbase, unknown}, {Feature::Rdrand, unknown},     {Feature::Rdseed, unknown},
    {Feature::Sha, unknown},      {Feature::Pclmulqdq, unknown},  {Feature::Invpcid, unknown},
    {Feature::Rdpid, unknown},    {Feature::Adx, unknown},        {Feature::Lzcnt, unknown},
    {Feature::Clflush, unknown},  {Feature::Clflushopt, unknown}, {Feature::Clwb, unknown},
    {Feature::Smap, unknown},
});

std::string_view reason_by_semantic(FlatMode mode, const Form& form) {
    switch (form.semantic) {
        case Semantic::syscall:
        case Semantic::sysenter:
        case Semantic::sysret:
        case Semantic::sysexit: return "it only calls a hook, or leads to ring 3";
        case Semantic::cpuid: return "shows its model, not ours";
        case Semantic::rdtsc:
        case Semantic::rdtscp:
        case Semantic::rdpmc: return "the host's time";
        case Semantic::rdrand:
        case Semantic::rdseed: return "entropy";
        case Semantic::vmcall: return "a hypervisor's business";
        case Semantic::rsm: return "no SMM";
        case Semantic::native:
            if (!form.mnemonic.starts_with("PCMPESTR")) return {};
            return "it crashes where a length is the smallest integer";
        case Semantic::monitor:
        case Semantic::mwait: return "no monitor";
        case Semantic::int_n:
        case Semantic::int3:
        case Semantic::into:
            if (mode == FlatMode::Real) return {};
            return "it delivers nothing through an IDT";
        case Semantic::int1: return "it delivers nothing through an IDT";
        case Semantic::rdmsr:
        case Semantic::wrmsr:
            if (mode == FlatMode::Long) return {};
            return "only the bases of FS and GS can be compared";
        default: return {};
    }
}
}  // namespace

std::string_view exclusion_reason(FlatMode mode, const Form& form) {
    for (const FeatureRow& row : untranslated) {
        if (form.feature == row.feature) return row.reason;
    }
    if (form.encoding.starts_with("VEX")) return "VEX";
    return reason_by_semantic(mode, form);
}

namespace {
bool is_near_branch(const cpu::Form& form) {
    constexpr std::array which = {Semantic::jmp_relative,  Semantic::jmp_near, Semantic::jcc,
                                  Semantic::loop,          Semantic::jcxz,     Semantic::call_near,
                                  Semantic::call_relative, Semantic::ret_near};
    return std::ranges::find(which, form.semantic) != which.end();
}
}  // namespace

bool is_left_out(FlatMode mode, const Case& test) {
    return mode == FlatMode::Long && test.decoded.operand_size_prefix &&
           is_near_branch(cpu::form_of(test.decoded));
}

void Leniency::add(const Leniency& other) {
    all |= other.all;
    faults |= other.faults;
    flags |= other.flags;
    fsw |= other.fsw;
    fcw |= other.fcw;
    mxcsr |= other.mxcsr;
    cr0 |= other.cr0;
    x87 |= other.x87;
    top |= other.top;
    mmx_upper |= other.mmx_upper;
    vectors |= other.vectors;
    nans |= other.nans;
    gprs |= other.gprs;
    memory |= other.memory;
    system |= other.system;
}

namespace {
constexpr u64 everything = ~u64{0};
constexpr u64 upper_halves = 0xffff'ffff'0000'0000;
constexpr u64 status = cpu::rflags::Status;

bool is_semantic(const Judged& judged, std::initializer_list<Semantic> which) {
    return std::ranges::find(which, judged.form.semantic) != which.end();
}
bool loads_segment(const Judged& judged) {
    return is_semantic(
        judged, {Semantic::mov_to_segment, Semantic::pop_segment, Semantic::load_far_pointer});
}

bool is_long(const Judged& judged) { return judged.mode == FlatMode::Long; }
bool is_real(const Judged& judged) { return judged.mode == FlatMode::Real; }
/// The opcode of a map, of those that have one.
bool is_opcode(const Judged& judged, u8 map, std::initializer_list<u8> which) {
    return judged.test.decoded.map == map &&
           std::ranges::find(which, judged.test.decoded.opcode) != which.end();
}

bool we_raised(const Judged& judged, u8 vector) {
    return judged.ours.ending == Ending::Fault && judged.ours.vector == vector;
}
bool it_raised(const Judged& judged, u8 vector) {
    return judged.unicorn.ending == Ending::Fault && judged.unicorn.vector == vector;
}
bool we_raised_address_fault(const Judged& judged) {
    return we_raised(judged, 12) || we_raised(judged, 13);
}
bool it_completed(const Judged& judged) { return judged.unicorn.ending == Ending::Completed; }

/// The bytes before the opcode, as bits by what they are.
struct Prefixes {
    bool operand_size = false;
    bool repne = false;
    bool rep = false;
    bool old_segment = false;  // ES, CS, SS or DS.
    bool new_segment = false;  // FS or GS.
};

Prefixes prefixes_of(const Judged& judged) {
    Prefixes found;
    for (const u8 byte : judged.test.code) {
        switch (byte) {
            case 0x66: found.operand_size = true; break;
            case 0xf2: found.repne = true; break;
            case 0xf3: found.rep = true; break;
            case 0x26:
            case 0x2e:
            case 0x36:
            case 0x3e: found.old_segment = true; break;
            case 0x64:
            case 0x65: found.new_segment = true; break;
            case 0x67:
            case 0xf0: break;
            default: return found;
        }
    }
    return found;
}

bool has_rival_prefixes(const Judged& judged) {
    const Prefixes found = prefixes_of(judged);
    const bool rivals = found.repne && found.rep;
    if (judged.test.decoded.map == 0) return rivals;
    return rivals || (found.operand_size && (found.repne || found.rep));
}

// Rows: the predicate at the margin of the reason. clang-format would indent it by one.
// clang-format off
constexpr auto integer_rows = std::to_array<MaskRow>({
    // What it does not check.
    {"It reaches for memory that is not mapped where we fault",
    [](const Judged& judged) {
        return judged.unicorn.outside && judged.ours.ending == Ending::Fault;
    },
    {.faults = true}},
    {"Limits and rights of segments are not checked (SDM 3A 5.3, 5.5)",
    [](const Judged& judged) {
        const bool of_code = judged.test.decoded.segment == cpu::SegReg::Cs;
        const bool checked = is_real(judged) || (judged.mode == FlatMode::Protected && of_code);
        return checked && we_raised_address_fault(judged);
    },
    {.faults = true}},
    {"What it has written before it faults stays written (SDM 3A 6.6)",
    [](const Judged& judged) {
        const bool we_kept = judged.ours.registers.gpr == judged.test.before.gpr;
        return judged.ours.ending == Ending::Fault && judged.unicorn.ending == Ending::Fault &&
               (we_kept || judged.form.has(cpu::attribute::String));
    },
    {.gprs = everything, .memory = true}},
    {"Bases and targets of branches need not be canonical (SDM 2A JMP, LGDT; 2D WRMSR)",
    [](const Judged& judged) {
        const bool loads = is_semantic(judged, {Semantic::lgdt, Semantic::lidt, Semantic::wrmsr});
        return we_raised(judged, 13) && is_long(judged) && it_completed(judged) &&
               (loads || is_near_branch(judged.form));
    },
    {.faults = true}},
    {"Far returns and calls do not check the new RIP (SDM 2A CALL, IRET; 2B RET)",
    [](const Judged& judged) {
        return we_raised(judged, 13) && it_completed(judged) &&
               is_semantic(judged, {Semantic::ret_far, Semantic::iret, Semantic::call_far});
    },
    {.faults = true}},
    {"Far JMP and CALL compare all of a 64-bit offset with the limit of 32-bit code, which cuts it",
    [](const Judged& judged) {
        return judged.test.decoded.rex_w && it_raised(judged, 13) &&
               is_semantic(judged, {Semantic::jmp_far, Semantic::call_far});
    },
    {.faults = true}},
    {"Far CALL looks at the limit before the stack, and far returns take low memory for a stack "
    "that is not there (SDM 2A CALL)",
    [](const Judged& judged) {
        return is_long(judged) && (we_raised(judged, 12) || we_raised(judged, 14)) &&
               it_raised(judged, 13) &&
               is_semantic(judged, {Semantic::call_far, Semantic::ret_far, Semantic::iret});
    },
    {.faults = true}},
    {"Far CALL without REX.W pushes with 32 bits of RSP, also to 64-bit code",
    [](const Judged& judged) {
        return is_long(judged) && is_semantic(judged, {Semantic::call_far}) &&
               !judged.test.decoded.rex_w && it_completed(judged) &&
               (we_raised(judged, 12) || we_raised(judged, 14));
    },
    {.faults = true}},
    {"Far CALL with REX.W to 32-bit code pushes with all of RSP",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::call_far}) && judged.test.decoded.rex_w &&
               judged.unicorn.outside;
    },
    {.faults = true}},
    {"ENTER does not try to write at the stack pointer it ends with (SDM 2A ENTER)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::enter}) && it_completed(judged) &&
               (we_raised_address_fault(judged) || we_raised(judged, 14));
    },
    {.faults = true}},
    {"#NP, not #SS, for a stack segment that is not present on a way out (SDM 2A IRET, 2B RET)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::ret_far, Semantic::iret}) && we_raised(judged, 12) &&
               it_raised(judged, 11);
    },
    {.faults = true}},
    {"IRET does not load VIF and VIP at the highest privilege (SDM 2A IRET)",
    [](const Judged& judged) { return is_semantic(judged, {Semantic::iret}); },
    {.flags = cpu::rflags::VIF | cpu::rflags::VIP}},
    {"LTR takes a null selector (SDM 2A LTR)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::ltr}) && we_raised(judged, 13) &&
               it_completed(judged) && (judged.unicorn.system.tr & 0xfffc) == 0;
    },
    {.faults = true}},
    {"SS takes a null selector of another privilege than the CPL (SDM 2B MOV)",
    [](const Judged& judged) {
        const u16 ss = judged.unicorn.registers.selector(cpu::SegReg::Ss);
        return is_long(judged) && loads_segment(judged) && we_raised(judged, 13) &&
               it_completed(judged) && ss != 0 && ss <= 3;
    },
    {.faults = true}},
    {"It reads more of memory than asked: MOVSXD of 16 bits, POP of a segment, RETF, PUNPCKL, "
    "CVTPS2PD, ROUNDSS (SDM 2A, 2B)",
    [](const Judged& judged) {
        return judged.unicorn.outside &&
               (is_semantic(judged, {Semantic::pop_segment, Semantic::ret_far, Semantic::iret}) ||
                (is_opcode(judged, 0, {0x63}) && judged.test.decoded.operand_size == 2) ||
                judged.form.mnemonic.starts_with("CVT") ||
                judged.form.mnemonic.starts_with("ROUNDS") ||
                judged.form.mnemonic.starts_with("PUNPCKL"));
    },
    {.faults = true}},
    {"INT 6 ends the emulation as if it were #UD",
    [](const Judged& judged) {
        return it_raised(judged, 6) && is_semantic(judged, {Semantic::int_n});
    },
    {.faults = true}},
    {"CR8 has no reserved bits and reads as zero (SDM 3A 10.8.6.1)",
    [](const Judged& judged) {
        return judged.test.decoded.reg == 8 &&
               is_semantic(judged, {Semantic::mov_to_cr, Semantic::mov_from_cr});
    },
    {.faults = true, .gprs = everything}},
    {"66 cuts the base of LGDT and LIDT to 24 bits in 64-bit code (SDM 2A LGDT: ignored)",
    [](const Judged& judged) {
        return is_long(judged) && judged.test.decoded.operand_size_prefix &&
               is_semantic(judged, {Semantic::lgdt, Semantic::lidt});
    },
    {.system = true}},

    // How it reads bytes.
    {"Of several of 66, F2 and F3 it does not take the one that selects (SDM 2A 2.1.2)",
    has_rival_prefixes,
    {.all = true}},
    {"A CS, DS, ES or SS prefix takes the place of FS and GS in 64-bit code (SDM 1 3.4.4.1)",
    [](const Judged& judged) {
        const Prefixes found = prefixes_of(judged);
        return is_long(judged) && found.old_segment && found.new_segment;
    },
    {.all = true}},
    {"#UD: aliases that the manual leaves out, as F6 /1, and hints on registers",
    [](const Judged& judged) {
        const bool raised = it_raised(judged, 6) || judged.unicorn.outside;
        return raised && judged.form.has(cpu::attribute::Undocumented);
    },
    {.faults = true}},
    {"#UD: C6 /0 and C7 /0 with REX.R (SDM 2A 2.2.1.2: no part of an opcode)",
    [](const Judged& judged) {
        return it_raised(judged, 6) && is_opcode(judged, 0, {0xc6, 0xc7}) &&
               judged.test.decoded.reg == 8;
    },
    {.faults = true}},
    {"REX makes LAHF and SAHF work on SPL (SDM 2A LAHF: AH)",
    [](const Judged& judged) {
        return judged.test.decoded.rex && is_semantic(judged, {Semantic::lahf, Semantic::sahf});
    },
    {.flags = status, .gprs = everything}},
    {"F3 makes a NOP of XCHG R8, RAX (SDM 2B XCHG)",
    [](const Judged& judged) {
        return is_opcode(judged, 0, {0x90}) && judged.test.decoded.rm == 8 &&
               prefixes_of(judged).rep;
    },
    {.gprs = everything}},
    {"SHLD and SHRD: an address relative to RIP does not count the immediate (SDM 2A 2.2.1.6)",
    [](const Judged& judged) {
        return judged.test.decoded.rip_relative && is_opcode(judged, 1, {0xa4, 0xac});
    },
    {.all = true}},
    {"LFS, LGS, LSS with REX.W take an offset of 32 bits, as AMD's (SDM 2A LDS: m16:64)",
    [](const Judged& judged) {
        return judged.test.decoded.rex_w && is_semantic(judged, {Semantic::load_far_pointer});
    },
    {.all = true}},
    {"CRC32 of 16-bit code has its operand sizes swapped (SDM 2A CRC32)",
    [](const Judged& judged) {
        return is_real(judged) && is_semantic(judged, {Semantic::crc32}) &&
               is_opcode(judged, 2, {0xf1});
    },
    {.faults = true, .gprs = everything}},

    // Undefined, or left to the processor.
    {"PUSH of a segment register writes the upper half too (SDM 2B PUSH)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::push_segment}) &&
               judged.test.decoded.operand_size != 2;
    },
    {.memory = true}},
    {"Undefined: BSWAP of 16 bits (SDM 2A BSWAP)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::bswap}) && judged.test.decoded.operand_size == 2;
    },
    {.gprs = everything}},
    {"Undefined: the limit's bits in what LAR brings (SDM 2A LAR)",
    [](const Judged& judged) { return is_semantic(judged, {Semantic::lar}); },
    {.gprs = 0xf'0000}},
    {"Undefined: the upper bits of SMSW (SDM 2B SMSW)",
    [](const Judged& judged) { return is_semantic(judged, {Semantic::smsw}); },
    {.gprs = ~u64{0xffff}}},
    {"Undefined: BSF and BSR of zero (SDM 2A BSF)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::bsf, Semantic::bsr}) &&
               (judged.ours.registers.rflags & cpu::rflags::ZF) != 0;
    },
    {.gprs = everything}},
    {"CR0.PG is clear in its 64-bit machine",
    [](const Judged& judged) {
        return is_long(judged) && is_semantic(judged, {Semantic::mov_from_cr}) &&
               judged.test.decoded.reg == 0;
    },
    {.gprs = cpu::cr0::PG}},

    // Results.
    {"LOCK NEG computes flags from the wrong operand",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::neg}) && judged.test.decoded.lock;
    },
    {.flags = status}},
    {"RET n takes n for signed (SDM 2B RET)",
    [](const Judged& judged) {
        return judged.test.decoded.immediate >= 0x8000 &&
               is_semantic(judged, {Semantic::ret_near, Semantic::ret_far});
    },
    {.gprs = everything}},
    {"ENTER takes the frame's address in the wrong width where operand and stack differ (SDM 2A)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::enter}) &&
               is_real(judged) != (judged.test.decoded.operand_size == 2);
    },
    {.gprs = everything}},
    {"CMPXCHG of 32 bits writes RAX also if it was equal, and a register also if it was not, "
    "which clears the upper half (SDM 2A CMPXCHG)",
    [](const Judged& judged) {
        return is_long(judged) && is_semantic(judged, {Semantic::cmpxchg}) &&
               judged.test.decoded.operand_size == 4;
    },
    {.gprs = upper_halves}},
    {"A repeated string instruction of 32-bit addresses does not clear upper halves at count 0",
    [](const Judged& judged) {
        return is_long(judged) && judged.form.has(cpu::attribute::String) &&
               judged.test.decoded.address_size == 4 &&
               judged.test.decoded.rep != cpu::RepPrefix::None &&
               static_cast<u32>(judged.test.before.reg(cpu::Gpr::Rcx)) == 0;
    },
    {.gprs = upper_halves}},
});
// clang-format on

constexpr auto reciprocals =
    std::to_array<std::string_view>({"RCPPS", "RCPSS", "RSQRTPS", "RSQRTSS"});

/// By mnemonic, for the table has one meaning for all that compute.
template <usize n>
bool is_one_of(const Judged& judged, const std::array<std::string_view, n>& names) {
    return std::ranges::find(names, judged.form.mnemonic) != names.end();
}
bool is_fxsave_area(const Judged& judged) {
    return is_semantic(judged, {Semantic::fxsave, Semantic::fxrstor});
}

// clang-format off
constexpr auto vector_rows = std::to_array<MaskRow>({
    {"The alignment of SSE operands is not checked (SDM 1 10.4.1.1)",
    [](const Judged& judged) {
        return judged.form.has(cpu::attribute::Sse) && judged.test.decoded.is_memory() &&
               we_raised(judged, 13);
    },
    {.faults = true}},
    {"FXSAVE's area: alignment comes before the segment, and addresses need not be canonical "
    "(SDM 2A FXSAVE)",
    [](const Judged& judged) {
        return is_fxsave_area(judged) && we_raised(judged, 12) && it_raised(judged, 13);
    },
    {.faults = true}},
    {"Reserved bits of MXCSR can be set (SDM 1 10.2.3)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::fxrstor, Semantic::ldmxcsr}) &&
               we_raised(judged, 13) && it_completed(judged) &&
               (judged.unicorn.registers.extended.mxcsr & 0xffff'0000) != 0;
    },
    {.faults = true}},
    {"Unmasked SIMD exceptions are not raised (SDM 1 11.5.2)",
    [](const Judged& judged) { return we_raised(judged, 19); },
    {.faults = true}},
    {"MASKMOVQ looks at no byte that the mask leaves out; whether others fault is left open (SDM "
    "2B)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::maskmov}) && judged.ours.ending == Ending::Fault;
    },
    {.faults = true}},
    {"CMPPS and its kin are #UD with bits 7:3 of the immediate set, which are ignored (SDM 2A)",
    [](const Judged& judged) {
        return judged.form.mnemonic.starts_with("CMP") && judged.form.has(cpu::attribute::Sse) &&
               judged.test.decoded.immediate > 7 && it_raised(judged, 6);
    },
    {.faults = true}},
    {"MXCSR's exception flags are not set (SDM 1 10.2.3.1)",
    [](const Judged& judged) { return judged.form.has(cpu::attribute::SimdFp); },
    {.mxcsr = 0x3f}},
    {"Of two NaNs the one with the larger significand comes out, as in the x87 (SDM 1 table 4-7)",
    [](const Judged& judged) { return judged.form.has(cpu::attribute::SimdFp); },
    {.nans = true}},
    {"RCPPS and RSQRTPS are approximations (SDM 2B)",
    [](const Judged& judged) { return is_one_of(judged, reciprocals); },
    {.vectors = true}},
    {"DPPS and DPPD add one product after the other, to a positive zero (SDM 2A: in pairs)",
    [](const Judged& judged) { return judged.form.mnemonic.starts_with("DPP"); },
    {.vectors = true}},
    {"PHADDW and its kin overwrite a source that is the destination (SDM 2B)",
    [](const Judged& judged) {
        const bool horizontal = judged.form.mnemonic.starts_with("PHADD") ||
                                judged.form.mnemonic.starts_with("PHSUB");
        const u8 distance = judged.test.decoded.reg ^ judged.test.decoded.rm;
        return horizontal && !judged.test.decoded.is_memory() && (distance & 7) == 0;
    },
    {.x87 = true, .vectors = true}},
    {"A write of an MMX register does not set bits 79:64 of it (SDM 1 9.2.1)",
    [](const Judged& judged) { return judged.form.has(cpu::attribute::Mmx); },
    {.mmx_upper = true}},
    {"Some MMX forms leave TOP and the tags alone (SDM 1 9.5.1)",
    [](const Judged& judged) { return judged.form.has(cpu::attribute::Mmx); },
    {.top = true}},
    {"CVTPI2PS and CVTPI2PD of memory change TOP and the tags, as those of MMX registers do",
    [](const Judged& judged) {
        return judged.form.mnemonic.starts_with("CVTPI2") && judged.test.decoded.is_memory();
    },
    {.top = true}},
    {"REX.R and REX.B count for MMX registers, of which there are eight (SDM 2A 2.2.1.2)",
    [](const Judged& judged) {
        return is_long(judged) && judged.test.decoded.rex &&
               judged.form.has(cpu::attribute::Mmx) && judged.test.decoded.map >= 2;
    },
    {.all = true}},
});
// clang-format on

constexpr auto transcendental = std::to_array<std::string_view>(
    {"F2XM1", "FYL2X", "FYL2XP1", "FPATAN", "FPTAN", "FSIN", "FCOS", "FSINCOS"});
constexpr auto x87_approximate =
    std::to_array<std::string_view>({"FLDL2T", "FLDL2E", "FLDPI", "FLDLG2", "FLDLN2", "FPREM",
                                     "FPREM1", "FSCALE", "FXTRACT", "FXAM", "FBSTP", "FBLD"});

bool is_x87(const Judged& judged) { return is_semantic(judged, {Semantic::x87}); }

/// What of the x87's exceptions this instruction has found on our side: it started without any.
bool x87_found(const Judged& judged, u16 flags) {
    return is_x87(judged) && (judged.ours.registers.extended.fsw & flags) != 0;
}
/// The same, of those that are not masked.
bool x87_kept_back(const Judged& judged) {
    constexpr u16 before_or_unlike = 0x1f;  // With an imprecise result alone nothing is kept back.
    const u32 masked = judged.test.before.extended.fcw;
    return x87_found(judged, static_cast<u16>(before_or_unlike & ~masked));
}

constexpr Leniency whole_x87 = {
    .faults = true, .flags = status, .fsw = 0xffff, .x87 = true, .memory = true};

// clang-format off
constexpr auto x87_rows = std::to_array<MaskRow>({
    {"A pending x87 error is not reported but by FWAIT (SDM 1 8.6)",
    [](const Judged& judged) { return we_raised(judged, 16); },
    {.faults = true}},
    {"x87 arithmetic keeps neither the exception flags nor C1 (SDM 1 8.1.3)",
    is_x87,
    {.fsw = 0x82ff}},
    {"An x87 stack fault is not found (SDM 1 8.5.1.1)",
    [](const Judged& judged) { return x87_found(judged, 0x40); }, whole_x87},
    {"An unmasked x87 exception does not keep the result back (SDM 1 8.5)",
    x87_kept_back, whole_x87},
    {"FLD and FST of memory do not make a signalling NaN quiet (SDM 1 4.8.3.5)",
    [](const Judged& judged) {
        return x87_found(judged, 0x01) && judged.test.decoded.is_memory() &&
               (judged.form.mnemonic == "FLD" || judged.form.mnemonic.starts_with("FST"));
    },
    {.x87 = true, .memory = true}},
    {"FISTTP of what is out of range does not store the integer indefinite (SDM 2A)",
    [](const Judged& judged) {
        return x87_found(judged, 0x01) && judged.form.mnemonic == "FISTTP";
    },
    {.memory = true}},
    {"Sums and differences of denormals lose the carry (SDM 1 4.8.3.2)",
    [](const Judged& judged) {
        return x87_found(judged, 0x02) && (judged.form.mnemonic.starts_with("FADD") ||
                                           judged.form.mnemonic.starts_with("FSUB"));
    },
    {.x87 = true}},
    {"Transcendental functions are computed in double precision (SDM 1 8.3.10 asks for more)",
    [](const Judged& judged) { return is_one_of(judged, transcendental); }, whole_x87},
    {"x87 constants are not rounded by RC; FPREM, FSCALE, FXTRACT, FXAM and BCD miss corners",
    [](const Judged& judged) { return is_one_of(judged, x87_approximate); }, whole_x87},
    {"FINCSTP, FDECSTP and FSQRT leave condition codes undefined (SDM 2A)",
    [](const Judged& judged) {
        return judged.form.mnemonic == "FINCSTP" || judged.form.mnemonic == "FDECSTP" ||
               judged.form.mnemonic == "FSQRT";
    },
    {.fsw = 0x4700}},
    {"FCOMI and its kin leave OF, SF and AF (SDM 2A: cleared)",
    [](const Judged& judged) { return is_x87(judged) && judged.form.flags_written != 0; },
    {.flags = cpu::rflags::OF | cpu::rflags::SF | cpu::rflags::AF}},
    {"A store to an empty x87 register leaves its tag empty (SDM 1 8.1.7)",
    [](const Judged& judged) {
        return judged.form.mnemonic.starts_with("FST") && !judged.test.decoded.is_memory();
    },
    {.top = true}},
    {"D9 /3, an alias of FSTP that the manual leaves out, looks at no tags",
    [](const Judged& judged) {
        return is_x87(judged) && judged.form.has(cpu::attribute::Undocumented) &&
               is_opcode(judged, 0, {0xd9});
    },
    {.x87 = true}},
    {"Pseudo-denormals: FRNDINT leaves them, comparisons do not see what they equal (SDM 1 8.2.2)",
    [](const Judged& judged) {
        return x87_found(judged, 0x02) && (judged.form.mnemonic == "FRNDINT" ||
                                           judged.form.mnemonic.starts_with("FCOM") ||
                                           judged.form.mnemonic.starts_with("FUCOM"));
    },
    {.flags = status, .fsw = 0x4500, .x87 = true}},
    {"FNSTENV and FNSAVE clear reserved halves; FXSAVE leaves FOP out (SDM 1 8.1.10, 10.5.1)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::fnstenv, Semantic::fnsave, Semantic::fxsave});
    },
    {.memory = true}},
    {"FNSTENV does not mask the exceptions (SDM 2A FSTENV)",
    [](const Judged& judged) { return is_semantic(judged, {Semantic::fnstenv}); },
    {.fcw = 0x3f}},
    {"ES and B do not follow from the errors and masks that are loaded (SDM 1 8.1.3.3)",
    [](const Judged& judged) {
        return is_semantic(judged, {Semantic::fxrstor, Semantic::fldenv, Semantic::frstor,
                                    Semantic::fldcw, Semantic::fnstenv});
    },
    {.fsw = 0x8080}},
    {"Reserved bits of the x87 control word are kept as written (SDM 1 8.1.5)",
    [](const Judged& judged) {
        return is_semantic(
            judged, {Semantic::fldcw, Semantic::fldenv, Semantic::frstor, Semantic::fxrstor});
    },
    {.fcw = 0xe0c0}},
    {"FNSAVE's image has another size under REX.W (SDM 2A 2.2.1.2)",
    [](const Judged& judged) {
        return judged.test.decoded.rex_w &&
               is_semantic(judged, {Semantic::frstor, Semantic::fnsave});
    },
    {.all = true}},
});
// clang-format on

static_assert(integer_rows.size() + vector_rows.size() + x87_rows.size() <= most_mask_rows);
}  // namespace

std::span<const MaskRow> mask_rows() {
    static const std::vector<MaskRow> rows = [] {
        std::vector<MaskRow> all(integer_rows.begin(), integer_rows.end());
        all.insert(all.end(), vector_rows.begin(), vector_rows.end());
        all.insert(all.end(), x87_rows.begin(), x87_rows.end());
        return all;
    }();
    return rows;
}

}  // namespace test::differential
