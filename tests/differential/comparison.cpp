// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/comparison.hpp"

#include <Zydis/Zydis.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "cpu/decode/decoder.hpp"
#include "cpu/decode/disassembly.hpp"
#include "tests/differential/descriptors.hpp"

namespace test::differential {

using cpu::CodeMode;

namespace {
constexpr std::array<const char*, 16> gpr_names = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                                   "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                                   "r12", "r13", "r14", "r15"};
constexpr std::array<const char*, 6> segment_names = {"es", "cs", "ss", "ds", "fs", "gs"};

/// The instruction that faulted, or the last.
cpu::Instruction instruction_at_end(const Case& test, const Outcome& host) {
    const u64 at = host.registers.rip - test.before.rip;
    if (host.ending != Ending::Fault || at >= test.last_instruction) return test.decoded;
    cpu::Instruction found;
    const std::span<const u8> bytes(test.code.data() + at, test.code_size - at);
    const auto status = cpu::decode(bytes, test.mode, cpu::FeatureSet::all(), found);
    if (status != cpu::DecodeStatus::Ok) found.length = 0;
    return found;
}

const cpu::Form* form_at_end(const Case& test, const Outcome& host) {
    const cpu::Instruction found = instruction_at_end(test, host);
    return found.length == 0 ? nullptr : &cpu::form_of(found);
}

class Comparison {
public:
    Comparison(const Case& test, const Outcome& host, const Outcome& guest,
               const ComparisonOptions& options)
        : test_(test),
          host_(host),
          guest_(guest),
          options_(options),
          form_(form_at_end(test, host)) {}

    std::vector<std::string> run() {
        if (compare_ending()) {
            compare_registers();
            compare_extended();
        }
        return std::move(found_);
    }

private:
    bool check(std::string_view name, u64 host, u64 guest) {
        if (host == guest) return true;
        found_.push_back(fmt::format("{:12} host {:#x}  ours {:#x}", name, host, guest));
        return false;
    }
    void check_half(fmt::format_string<usize&> name, usize number, const XsaveImage::Half& host,
                    const XsaveImage::Half& guest) {
        if (host == guest) return;
        found_.push_back(fmt::format("{:12} host {:016x}'{:016x}  ours {:016x}'{:016x}",
                                     fmt::format(name, number), host.high, host.low, guest.high,
                                     guest.low));
    }

    static std::string ending_name(const Outcome& outcome) {
        switch (outcome.ending) {
            case Ending::Completed:
                return fmt::format("completed, rip {:#x}", outcome.registers.rip);
            case Ending::Hang: return "hung";
            case Ending::Fault: break;
        }
        return fmt::format("vector {} error {:#x} address {:#x} rip {:#x}", outcome.vector,
                           outcome.error_code, outcome.vector == 14 ? outcome.address : 0,
                           outcome.registers.rip);
    }

    bool compare_ending() {
        const bool same = host_.ending == guest_.ending &&
                          (host_.ending != Ending::Fault || host_.vector == guest_.vector);
        if (!same) {
            found_.push_back(fmt::format("ending       host {}  ours {}", ending_name(host_),
                                         ending_name(guest_)));
            return false;
        }
        if (host_.ending == Ending::Fault) {
            // Linux hides what is mapped in its half: every fault there looks like one of rights.
            constexpr u64 end_of_user_space = 0x7fff'ffff'f000;
            const u32 hidden = host_.vector == 14 && host_.address >= end_of_user_space;
            check("error code", host_.error_code | hidden, guest_.error_code | hidden);
            const u64 within_page = stumbles_anywhere() ? 0xfff : 0;
            if (host_.vector == 14) {
                check("cr2", host_.address | within_page, guest_.address | within_page);
            }
        }
        return true;
    }

    /// Which byte of the page a masked move or an x87 area stumbles over is a matter of microcode.
    bool stumbles_anywhere() const {
        using cpu::Semantic;
        if (!form_) return false;
        switch (form_->semantic) {
            case Semantic::maskmov:
            case Semantic::maskmov_load:
            case Semantic::maskmov_store:
            case Semantic::fnsave:
            case Semantic::frstor:
            case Semantic::fnstenv:
            case Semantic::fldenv: return true;
            default: return false;
        }
    }

    void compare_registers() {
        const Registers& host = host_.registers;
        const Registers& guest = guest_.registers;
        // On a way out of 64-bit code the upper halves are nobody's.
        const bool wide = test_.mode == CodeMode::Bits64 &&
                          (host.selector(cpu::SegReg::Cs) & 0xfffc) == (selectors::Code64 & 0xfffc);
        const u64 mask = wide ? ~u64{0} : 0xffff'ffff;
        for (usize i = 0; i < 16; ++i) {
            check(gpr_names[i], host.gpr[i] & mask, guest.gpr[i] & mask);
        }
        check("rip", host.rip, guest.rip);
        const u64 flags = ~undefined_flags();
        check("rflags", host.rflags & flags, guest.rflags & flags);
        for (usize i = 0; i < 6; ++i) {
            check(segment_names[i], visible(host.selectors[i]), visible(guest.selectors[i]));
        }
        check("fs base", host.fs_base, guest.fs_base);
        check("gs base", host.gs_base, guest.gs_base);
    }

    /// The host's way from its kernel to the handler clears the RPL of null selectors.
    static u16 visible(u16 selector) { return (selector & ~3) == 0 ? u16{0} : selector; }

    u64 undefined_flags() const {
        if (options_.undefined_flags == UndefinedFlags::Compare || !form_) return 0;
        return form_->flags_undefined;
    }

    /// An MMX store that faults has set TOP to 0 on Intel processors, which the restart will do
    /// anyway: what counts then is what the physical registers hold.
    static void remove_top(XsaveImage& image) {
        const u32 top = (image.fsw >> 11) & 7;
        std::rotate(image.st.begin(), image.st.begin() + (8 - top) % 8, image.st.end());
        image.fsw &= static_cast<u16>(~0x3800);
        image.ftw = 0;
    }
    bool faulted_in_mmx() const {
        return host_.ending == Ending::Fault && form_ && form_->has(cpu::attribute::Mmx);
    }

    void compare_extended() {
        XsaveImage host = host_.registers.extended;
        XsaveImage guest = guest_.registers.extended;
        if (faulted_in_mmx()) {
            remove_top(host);
            remove_top(guest);
        }
        check("fcw", host.fcw, guest.fcw);
        check("fsw", host.fsw, guest.fsw);
        check("ftw", host.ftw, guest.ftw);
        check("fop", host.fop, guest.fop);
        check("fip", host.fip & 0xffff'ffff, guest.fip & 0xffff'ffff);
        check("fdp", host.fdp & 0xffff'ffff, guest.fdp & 0xffff'ffff);
        check("mxcsr", host.mxcsr, guest.mxcsr);
        for (usize i = 0; i < 8; ++i) check_half("st{}", i, host.st[i], guest.st[i]);
        for (usize i = 0; i < 16; ++i) {
            check_half("xmm{}", i, host.xmm[i], guest.xmm[i]);
            check_half("ymm{} high", i, host.ymm_high[i], guest.ymm_high[i]);
        }
    }

    const Case& test_;
    const Outcome& host_;
    const Outcome& guest_;
    const ComparisonOptions& options_;
    const cpu::Form* form_;  // Of the instruction that it ended with; null: undecodable.
    std::vector<std::string> found_;
};

bool plainly_equal(const Outcome& host, const Outcome& guest) {
    const Registers& left = host.registers;
    const Registers& right = guest.registers;
    const XsaveImage& x = left.extended;
    const XsaveImage& y = right.extended;
    return host.ending == guest.ending && host.ending == Ending::Completed &&
           left.gpr == right.gpr && left.rip == right.rip && left.rflags == right.rflags &&
           left.selectors == right.selectors && left.fs_base == right.fs_base &&
           left.gs_base == right.gs_base && x.fcw == y.fcw && x.fsw == y.fsw && x.ftw == y.ftw &&
           x.fop == y.fop && x.fip == y.fip && x.fdp == y.fdp && x.mxcsr == y.mxcsr &&
           x.st == y.st && x.xmm == y.xmm && x.ymm_high == y.ymm_high;
}

std::string hex_bytes(std::span<const u8> bytes) {
    std::string text;
    for (const u8 byte : bytes) text += fmt::format("{:02x} ", byte);
    return text;
}
}  // namespace

std::vector<std::string> differences(const Case& test, const Outcome& host, const Outcome& guest,
                                     const ComparisonOptions& options) {
    if (plainly_equal(host, guest)) return {};
    return Comparison(test, host, guest, options).run();
}

std::vector<std::string> memory_differences(std::span<const u8> host, std::span<const u8> guest) {
    std::vector<std::string> found;
    if (std::memcmp(host.data(), guest.data(), host.size()) == 0) return found;
    constexpr usize shown = 16;
    const auto [left, right] = std::mismatch(host.begin(), host.end(), guest.begin());
    if (left == host.end()) return found;
    const auto at = static_cast<usize>(left - host.begin());
    const usize size = std::min(shown, host.size() - at);
    found.push_back(fmt::format("memory       at {:#x}: host {} ours {}", arena + at,
                                hex_bytes(host.subspan(at, size)),
                                hex_bytes(guest.subspan(at, size))));
    return found;
}

bool may_leave_parts(const Case& test, const Outcome& host) {
    using cpu::Semantic;
    const cpu::Instruction instruction = instruction_at_end(test, host);
    if (host.ending != Ending::Fault || instruction.length == 0) return false;
    switch (cpu::form_of(instruction).semantic) {
        case Semantic::enter:
        case Semantic::pusha:
        case Semantic::call_far:
        case Semantic::fxsave:
        case Semantic::xsave:
        case Semantic::xsavec:
        case Semantic::fnsave:
        case Semantic::fnstenv: return true;
        case Semantic::x87: return instruction.is_memory();  // Eight bytes, then two more.
        default: return false;
    }
}

std::string describe(const Case& test) {
    const Registers& before = test.before;
    const std::span<const u8> bytes(test.code.data(), test.code_size);
    const std::span<const u8> last = bytes.subspan(test.last_instruction);
    const int bits = test.mode == CodeMode::Bits64 ? 64 : test.mode == CodeMode::Bits32 ? 32 : 16;
    std::string text =
        fmt::format("{} bits at {:#x}: {}  {}\n", bits, test.code_address, hex_bytes(bytes),
                    test.decoded.length == 0
                        ? "(not decoded)"
                        : cpu::disassemble(last, test.mode, before.rip + test.last_instruction));
    const cpu::Form& form = cpu::forms()[test.form];
    text += fmt::format("    form {} {}\n   ", form.encoding, form.mnemonic);
    for (usize i = 0; i < (bits == 64 ? 16u : 8u); ++i) {
        text += fmt::format(" {}={:x}", gpr_names[i], before.gpr[i]);
    }
    text += fmt::format("\n    rip={:x} rflags={:x} fcw={:x} fsw={:x} ftw={:x} mxcsr={:x}",
                        before.rip, before.rflags, before.extended.fcw, before.extended.fsw,
                        before.extended.ftw, before.extended.mxcsr);
    for (usize i = 0; i < 6; ++i)
        text += fmt::format(" {}={:x}", segment_names[i], before.selectors[i]);
    text += fmt::format(" bases fs={:x} gs={:x}\n", before.fs_base, before.gs_base);
    for (const MemoryPatch& patch : test.patches) {
        text += fmt::format(
            "    [{:x}] {}\n", patch.linear,
            hex_bytes(std::span(patch.bytes).first(std::min<usize>(patch.bytes.size(), 32))));
    }
    return text;
}

namespace {
/// AVX-512's prefix is BOUND's opcode outside 64-bit code, if a memory operand follows.
bool has_evex_prefix(const Case& test) {
    constexpr std::string_view prefixes = "\x2e\x36\x3e\x26\x64\x65\x66\x67\xf0\xf2\xf3";
    const auto is_prefix = [&](u8 byte) {
        const bool rex = test.mode == CodeMode::Bits64 && (byte & 0xf0) == 0x40;
        return rex || prefixes.find(static_cast<char>(byte)) != prefixes.npos;
    };
    usize at = test.last_instruction;
    while (at + 1 < test.code.size() && is_prefix(test.code[at])) ++at;
    if (at + 1 >= test.code.size() || test.code[at] != 0x62) return false;
    return test.mode == CodeMode::Bits64 || test.code[at + 1] >= 0xc0;
}
}  // namespace

std::string foreign_extension(const Case& test) {
    if (has_evex_prefix(test)) return "AVX512EVEX";
    static constexpr auto foreign = std::to_array<std::string_view>(
        {"AMX_BF16", "AMX_INT8",  "AMX_TILE", "AVX512EVEX", "AVX512VEX",  "AVX_VNNI",  "CET",
         "CLDEMOTE", "ENQCMD",    "GFNI",     "HRESET",     "KEYLOCKER",  "MOVDIR",    "MPX",
         "PCONFIG",  "PKU",       "PT",       "PTWRITE",    "RTM",        "SERIALIZE", "SGX",
         "TDX",      "TSX_LDTRK", "UINTR",    "VAES",       "VPCLMULQDQ", "VTX",       "WAITPKG"});
    ZydisDecoder decoder;
    switch (test.mode) {
        case CodeMode::Bits64:
            ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_64, ZYDIS_STACK_WIDTH_64);
            break;
        case CodeMode::Bits32:
            ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_COMPAT_32, ZYDIS_STACK_WIDTH_32);
            break;
        case CodeMode::Bits16:
            ZydisDecoderInit(&decoder, ZYDIS_MACHINE_MODE_LONG_COMPAT_16, ZYDIS_STACK_WIDTH_16);
            break;
    }
    ZydisDecodedInstruction found;
    const usize size = std::min<usize>(15, test.code.size() - test.last_instruction);
    if (!ZYAN_SUCCESS(ZydisDecoderDecodeInstruction(
            &decoder, nullptr, test.code.data() + test.last_instruction, size, &found))) {
        return {};
    }
    const char* name = ZydisISAExtGetString(found.meta.isa_ext);
    return name && std::ranges::find(foreign, std::string_view(name)) != foreign.end() ? name : "";
}

}  // namespace test::differential
