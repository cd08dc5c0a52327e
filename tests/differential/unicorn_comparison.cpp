// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/unicorn_comparison.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "cpu/arch/control_registers.hpp"

namespace test::differential {

namespace {
constexpr std::array<const char*, 16> gpr_names = {"rax", "rcx", "rdx", "rbx", "rsp", "rbp",
                                                   "rsi", "rdi", "r8",  "r9",  "r10", "r11",
                                                   "r12", "r13", "r14", "r15"};
constexpr std::array<const char*, 6> segment_names = {"es", "cs", "ss", "ds", "fs", "gs"};

class FlatComparison {
public:
    FlatComparison(const Judged& judged, const Leniency& leniency)
        : judged_(judged),
          ours_(judged.ours),
          unicorn_(judged.unicorn),
          leniency_(leniency),
          wide_(judged.mode == FlatMode::Long) {}

    std::vector<std::string> run(const FlatMemory& ours, const FlatMemory& unicorn) {
        if (leniency_.all || !compare_ending()) return std::move(found_);
        compare_registers();
        compare_extended();
        compare_system();
        if (!leniency_.memory) {
            compare_memory("memory", arena_of(judged_.mode), ours.arena, unicorn.arena);
            compare_memory("tables", 0, ours.tables, unicorn.tables);
        }
        return std::move(found_);
    }

private:
    void check(std::string_view name, u64 ours, u64 unicorn) {
        if (ours == unicorn) return;
        found_.push_back(fmt::format("{:12} unicorn {:#x}  ours {:#x}", name, unicorn, ours));
    }
    void check_half(const std::string& name, const XsaveImage::Half& ours,
                    const XsaveImage::Half& unicorn) {
        if (ours == unicorn) return;
        found_.push_back(fmt::format("{:12} unicorn {:016x}'{:016x}  ours {:016x}'{:016x}", name,
                                     unicorn.high, unicorn.low, ours.high, ours.low));
    }

    static std::string ending_name(const FlatOutcome& outcome) {
        std::string text = fmt::format("rip {:#x}", outcome.registers.rip);
        if (outcome.ending == Ending::Hang) text += ", endless";
        if (outcome.ending == Ending::Fault) text += fmt::format(", vector {}", outcome.vector);
        if (outcome.halted) text += ", halted";
        if (outcome.outside) text += ", outside memory";
        return text;
    }

    /// Whether the rest can be compared.
    bool compare_ending() {
        const bool same = ours_.ending == unicorn_.ending && ours_.outside == unicorn_.outside &&
                          ours_.halted == unicorn_.halted &&
                          (ours_.ending != Ending::Fault || ours_.vector == unicorn_.vector);
        if (!same && !leniency_.faults) {
            found_.push_back(fmt::format("ending       unicorn {}  ours {}", ending_name(unicorn_),
                                         ending_name(ours_)));
        }
        return same && !ours_.outside;
    }

    void compare_registers() {
        const Registers& ours = ours_.registers;
        const Registers& unicorn = unicorn_.registers;
        const bool still_wide = wide_ && ours.selector(cpu::SegReg::Cs) == flat::code_64;
        const u64 mask = still_wide ? ~u64{0} : 0xffff'ffff;
        const u64 gpr_mask = mask & ~leniency_.gprs;
        for (usize i = 0; i < (still_wide ? 16u : 8u); ++i) {
            check(gpr_names[i], ours.gpr[i] & gpr_mask, unicorn.gpr[i] & gpr_mask);
        }
        check("rip", ours.rip & mask, unicorn.rip & mask);
        const u64 flags = ~u64{judged_.form.flags_undefined | leniency_.flags};
        check("rflags", ours.rflags & flags, unicorn.rflags & flags);
        for (usize i = 0; i < 6; ++i) {
            check(segment_names[i], ours.selectors[i], unicorn.selectors[i]);
        }
        if (wide_) {
            check("fs base", ours.fs_base, unicorn.fs_base);
            check("gs base", ours.gs_base, unicorn.gs_base);
        }
    }

    /// By physical register, from whichever top they are seen.
    static XsaveImage without_top(XsaveImage image) {
        const u32 top = (image.fsw >> 11) & 7;
        std::rotate(image.st.begin(), image.st.begin() + (8 - top) % 8, image.st.end());
        image.fsw &= static_cast<u16>(~0x3800);
        image.ftw = 0;
        return image;
    }

    void compare_extended() {
        XsaveImage ours = ours_.registers.extended;
        XsaveImage unicorn = unicorn_.registers.extended;
        if (leniency_.top) {
            ours = without_top(ours);
            unicorn = without_top(unicorn);
        }
        const u16 fcw = static_cast<u16>(~leniency_.fcw);
        check("fcw", ours.fcw & fcw, unicorn.fcw & fcw);
        const u16 fsw = static_cast<u16>(~leniency_.fsw);
        check("fsw", ours.fsw & fsw, unicorn.fsw & fsw);
        check("mxcsr", ours.mxcsr & ~leniency_.mxcsr, unicorn.mxcsr & ~leniency_.mxcsr);
        if (!leniency_.x87) compare_x87(ours, unicorn);
        for (usize i = 0; !leniency_.vectors && i < (wide_ ? 16u : 8u); ++i) {
            if (leniency_.nans && same_but_nans(ours.xmm[i], unicorn.xmm[i])) continue;
            check_half(fmt::format("xmm{}", i), ours.xmm[i], unicorn.xmm[i]);
        }
    }

    static bool both_nan_32(u32 left, u32 right) {
        constexpr u32 infinity = 0xff00'0000;
        return u32{left << 1} > infinity && u32{right << 1} > infinity;
    }
    static bool same_but_nans(u64 left, u64 right) {
        constexpr u64 infinity = 0xffe0'0000'0000'0000;
        if (left == right || (left << 1 > infinity && right << 1 > infinity)) return true;
        const auto equal = [](u64 x, u64 y) {
            return static_cast<u32>(x) == static_cast<u32>(y) ||
                   both_nan_32(static_cast<u32>(x), static_cast<u32>(y));
        };
        return equal(left, right) && equal(left >> 32, right >> 32);
    }
    static bool same_but_nans(const XsaveImage::Half& left, const XsaveImage::Half& right) {
        return same_but_nans(left.low, right.low) && same_but_nans(left.high, right.high);
    }

    void compare_x87(const XsaveImage& ours, const XsaveImage& unicorn) {
        const u64 upper = leniency_.mmx_upper ? 0 : 0xffff;
        check("ftw", ours.ftw, unicorn.ftw);
        for (usize i = 0; i < 8; ++i) {
            check_half(fmt::format("st{}", i), {ours.st[i].low, ours.st[i].high & upper},
                       {unicorn.st[i].low, unicorn.st[i].high & upper});
        }
    }

    void compare_system() {
        if (leniency_.system) return;
        const SystemState& ours = ours_.system;
        const SystemState& unicorn = unicorn_.system;
        // Unicorn's machine of 64 bits is one without paging.
        const u64 cr0 = ~((wide_ ? cpu::cr0::PG : 0) | leniency_.cr0);
        check("cr0", ours.cr0 & cr0, unicorn.cr0 & cr0);
        check("cr2", ours.cr2, unicorn.cr2);
        check("cr3", ours.cr3, unicorn.cr3);
        check("cr4", ours.cr4, unicorn.cr4);
        check("gdtr base", ours.gdt_base, unicorn.gdt_base);
        check("gdtr limit", ours.gdt_limit, unicorn.gdt_limit);
        check("idtr base", ours.idt_base, unicorn.idt_base);
        check("idtr limit", ours.idt_limit, unicorn.idt_limit);
        check("ldtr", ours.ldt, unicorn.ldt);
        check("tr", ours.tr, unicorn.tr);
        for (usize i = 0; i < 8; ++i) check(fmt::format("dr{}", i), ours.dr[i], unicorn.dr[i]);
        if (ours_.ports != unicorn_.ports) {
            found_.push_back(
                fmt::format("ports        unicorn {}  ours {}", ports(unicorn_), ports(ours_)));
        }
    }

    static std::string ports(const FlatOutcome& outcome) {
        std::string text = "{";
        for (const PortAccess& access : outcome.ports) {
            if (text.size() > 100) return text + " ...}";
            text += fmt::format(" {}[{:x}]={:x}", access.write ? "out" : "in", access.port,
                                access.value);
        }
        return text + " }";
    }

    void compare_memory(std::string_view name, u64 start, std::span<const u8> ours,
                        std::span<const u8> unicorn) {
        const auto [left, right] = std::mismatch(ours.begin(), ours.end(), unicorn.begin());
        if (left == ours.end()) return;
        constexpr usize shown = 16;
        const auto at = static_cast<usize>(left - ours.begin());
        const usize size = std::min(shown, ours.size() - at);
        std::string bytes_ours;
        std::string bytes_unicorn;
        for (usize i = at; i < at + size; ++i) {
            bytes_ours += fmt::format("{:02x} ", ours[i]);
            bytes_unicorn += fmt::format("{:02x} ", unicorn[i]);
        }
        found_.push_back(fmt::format("{:12} at {:#x}: unicorn {} ours {}", name, start + at,
                                     bytes_unicorn, bytes_ours));
    }

    const Judged& judged_;
    const FlatOutcome& ours_;
    const FlatOutcome& unicorn_;
    const Leniency& leniency_;
    bool wide_;
    std::vector<std::string> found_;
};
}  // namespace

std::vector<std::string> differences(const Judged& judged, const FlatMemory& ours,
                                     const FlatMemory& unicorn, const Leniency& leniency) {
    return FlatComparison(judged, leniency).run(ours, unicorn);
}

}  // namespace test::differential
