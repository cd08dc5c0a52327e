// SPDX-License-Identifier: BSD-2-Clause
//
// The monitor's "info" subjects.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cpu/arch/paging.hpp"
#include "cpu/core/arch_msrs.hpp"
#include "cpu/decode/disassembly.hpp"
#include "frontends/monitor/monitor.hpp"
#include "machine/board/device_report.hpp"

namespace frontends {

namespace {

constexpr usize most_lines = 4096;

std::string_view name_of(cpu::CodeMode mode) {
    switch (mode) {
        case cpu::CodeMode::Bits16: return "16-bit";
        case cpu::CodeMode::Bits32: return "32-bit";
        case cpu::CodeMode::Bits64: return "64-bit";
    }
    return {};
}

std::string_view name_of(cpu::Activity activity) {
    switch (activity) {
        case cpu::Activity::Running: return "running";
        case cpu::Activity::Halted: return "halted";
        case cpu::Activity::MonitorWait: return "in MWAIT";
        case cpu::Activity::WaitForSipi: return "waits for SIPI";
        case cpu::Activity::Shutdown: return "shut down";
    }
    return {};
}

std::string rights_of(const cpu::Translation& translation) {
    return fmt::format("{}r{}{}{}{}", translation.user ? 'u' : '-',
                       translation.writable ? 'w' : '-', translation.executable ? 'x' : '-',
                       translation.global ? 'g' : '-', translation.dirty ? 'd' : '-');
}

std::string text_of(std::string_view name, const cpu::Segment& segment) {
    return fmt::format("{:>5} {:04x} base {:016x} limit {:08x} attributes {:04x}\n", name,
                       segment.selector, segment.base, segment.limit, segment.attributes);
}

std::string regions_of(const fabric::IoSpace& space, int digits) {
    std::string text;
    for (const fabric::IoRegion& region : space.regions()) {
        text += fmt::format("{:0{}x}-{:0{}x} {}\n", region.first, digits,
                            region.first + region.length - 1, digits, region.name);
    }
    return text;
}

/// Neighbours that agree make one line.
class Ranges {
public:
    void add(u64 first, u64 last, const std::string& what) {
        if (!what_.empty() && what == what_ && first == last_ + 1) {
            last_ = last;
            return;
        }
        flush();
        first_ = first;
        last_ = last;
        what_ = what;
    }
    std::string take() {
        flush();
        return lines_ >= most_lines ? text_ + "and so on\n" : text_;
    }
    bool full() const { return lines_ >= most_lines; }

private:
    void flush() {
        if (what_.empty() || full()) return;
        text_ += fmt::format("{:016x}-{:016x} {}\n", first_, last_, what_);
        ++lines_;
        what_.clear();
    }

    u64 first_ = 0;
    u64 last_ = 0;
    std::string what_;
    std::string text_;
    usize lines_ = 0;
};

}  // namespace

std::string Monitor::describe_registers() {
    const cpu::CpuState& state = vcpu().state;
    std::string text;
    usize shown = 0;
    for (const cpu::NamedRegister& row : cpu::register_table()) {
        if (row.kind != cpu::RegisterKind::General) continue;
        text += fmt::format("{:>5} {:016x}{}", row.name, state.gpr[row.number],
                            ++shown % 4 == 0 ? "\n" : "");
    }
    text += fmt::format("  rip {:016x} rflags {:08x} cpl {} {} {}{}\n", state.rip, state.rflags(),
                        state.cpl, name_of(vcpu().code_mode()), name_of(state.activity),
                        state.smm ? " in SMM" : "");
    constexpr std::array segments = {"es", "cs", "ss", "ds", "fs", "gs"};
    for (usize i = 0; i < segments.size(); ++i) text += text_of(segments[i], state.segments[i]);
    text += text_of("ldtr", state.ldtr) + text_of("tr", state.tr);
    text += fmt::format("  gdt {:016x}+{:04x}   idt {:016x}+{:04x}\n", state.gdtr.base,
                        state.gdtr.limit, state.idtr.base, state.idtr.limit);
    text += fmt::format("  cr0 {:016x} cr2 {:016x} cr3 {:016x} cr4 {:016x} cr8 {:x}\n", state.cr0,
                        state.cr2, state.cr3, state.cr4, state.cr8);
    text += fmt::format("  dr0 {:016x} dr1 {:016x} dr2 {:016x} dr3 {:016x} dr6 {:08x} dr7 {:08x}\n",
                        state.dr[0], state.dr[1], state.dr[2], state.dr[3], state.dr6, state.dr7);
    text += fmt::format(" efer {:016x} kernel_gs_base {:016x} xcr0 {:x} apic_base {:x}\n",
                        state.msr.efer, state.msr.kernel_gs_base, state.xcr0, state.msr.apic_base);
    return text;
}

std::string Monitor::describe_vectors() {
    const cpu::CpuState& state = vcpu().state;
    std::string text;
    for (usize i = 0; i < state.x87.st.size(); ++i) {
        text += fmt::format("  st{} {:04x}:{:016x}\n", i, state.x87.st[i].sign_exponent,
                            state.x87.st[i].significand);
    }
    text += fmt::format("  fcw {:04x} fsw {:04x} ftw {:02x} mxcsr {:08x}\n", state.x87.control,
                        state.x87.status, state.x87.tags, state.mxcsr);
    for (usize i = 0; i < state.vector.size(); ++i) {
        const auto& lanes = state.vector[i].lanes;
        text += fmt::format("{:>5} {:016x}_{:016x}_{:016x}_{:016x}\n", fmt::format("ymm{}", i),
                            lanes[3], lanes[2], lanes[1], lanes[0]);
    }
    return text;
}

std::string Monitor::describe_processors() {
    constexpr usize longest_instruction = 15;
    std::string text;
    machine::Machine& machine = debugger_.machine();
    for (u32 i = 0; i < debugger_.processors(); ++i) {
        const cpu::Vcpu& each = machine.board().vcpu(i);
        const u64 linear = cpu::linear_rip(each);
        std::array<u8, longest_instruction> bytes{};
        const usize there = debugger_.read_memory(i, linear, bytes);
        const std::string code =
            there == 0 ? "(no memory)"
                       : cpu::disassemble(std::span(bytes).first(there), each.code_mode(), linear);
        text += fmt::format("{}{} {:016x} cpl {} {} {:<14} {}\n",
                            i == machine.current_processor() ? "*" : " ", i, linear, each.state.cpl,
                            name_of(each.code_mode()), name_of(each.state.activity), code);
    }
    return text;
}

std::string Monitor::describe_translations() {
    if (!vcpu().paging()) return "paging is off: linear addresses are physical ones\n";
    Ranges ranges;
    const bool wide = vcpu().long_mode();
    const u64 end = wide ? 0 : u64{1} << 32;
    u64 linear = 0;
    do {
        const auto [translation, shift] = debugger_.translation_of(processor_, linear);
        const u64 next = ((linear >> shift) + 1) << shift;
        if (translation) ranges.add(linear, next - 1, rights_of(*translation));
        linear = wide && !cpu::is_canonical(next) ? 0xffff'8000'0000'0000 : next;
    } while (linear != end && !ranges.full());
    return ranges.take();
}

std::string Monitor::describe_tlb() {
    std::string text;
    const auto entries = vcpu().tlb.entries();
    for (usize i = 0; i < std::min(entries.size(), most_lines); ++i) {
        const cpu::LogicalTlb::Entry& entry = entries[i];
        text +=
            fmt::format("{:016x} {:>5} -> {:012x} {} pcid {:03x}\n", entry.page,
                        entry.translation.page_shift == 12   ? "4K"
                        : entry.translation.page_shift == 21 ? "2M"
                        : entry.translation.page_shift == 22 ? "4M"
                                                             : "1G",
                        entry.translation.physical_page, rights_of(entry.translation), entry.asid);
    }
    return text + fmt::format("{} of {} entries\n", entries.size(), cpu::LogicalTlb::capacity);
}

std::string Monitor::describe_memory() {
    machine::Board& board = debugger_.machine().board();
    fabric::GuestMemory& memory = board.memory();
    const u64 end = (u64{4} << 30 >> 12) + (memory.ram().size() >> 12);
    Ranges ranges;
    for (u64 frame = 0; frame < end; ++frame) {
        const auto page = memory.page(frame);
        if (!page.host) continue;
        const bool writable = (page.flags & fabric::page_flag::Writable) != 0;
        ranges.add(frame << 12, ((frame + 1) << 12) - 1, writable ? "RAM" : "read-only");
    }
    return ranges.take() + regions_of(board.mmio(), 16);
}

std::string Monitor::describe_ports() { return regions_of(debugger_.machine().board().ports(), 4); }

std::string Monitor::describe_pics() { return report_pics(debugger_.machine().board()); }

std::string Monitor::describe_local_apic() {
    return report_local_apic(debugger_.machine().board(), processor_);
}

std::string Monitor::describe_io_apics() { return report_io_apics(debugger_.machine().board()); }

std::string Monitor::describe_pci() { return report_pci(debugger_.machine().board()); }

std::string Monitor::describe_drives() {
    const std::string& drives = debugger_.machine().board().identity().drives;
    return drives.empty() ? "" : drives + " (sectors)\n";
}

std::string Monitor::describe_time() {
    machine::Machine& machine = debugger_.machine();
    const auto now = machine.now();
    const auto deadline = machine.board().events().next_deadline();
    std::string text = fmt::format("virtual time  {} ns\ninstructions  {}\nTSC           {}\n",
                                   now.time.ns, now.retired, cpu::read_tsc(vcpu()));
    if (deadline) text += fmt::format("next deadline {} ns\n", deadline->ns);
    return text;
}

}  // namespace frontends
