// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/unicorn_cpu.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <cstring>

#include "cpu/arch/control_registers.hpp"
#include "cpu/decode/decoder.hpp"
#include "fabric/support/verify.hpp"
#include "tests/differential/code_image.hpp"

namespace test::differential {

using cpu::SegReg;

namespace {
constexpr u64 most_passes = 20'000;
/// Translations pile up until all are dropped.
constexpr u64 cases_between_flushes = 1 << 14;

constexpr std::array<int, 16> gprs_64 = {
    UC_X86_REG_RAX, UC_X86_REG_RCX, UC_X86_REG_RDX, UC_X86_REG_RBX, UC_X86_REG_RSP, UC_X86_REG_RBP,
    UC_X86_REG_RSI, UC_X86_REG_RDI, UC_X86_REG_R8,  UC_X86_REG_R9,  UC_X86_REG_R10, UC_X86_REG_R11,
    UC_X86_REG_R12, UC_X86_REG_R13, UC_X86_REG_R14, UC_X86_REG_R15};
constexpr std::array<int, 8> gprs_32 = {UC_X86_REG_EAX, UC_X86_REG_ECX, UC_X86_REG_EDX,
                                        UC_X86_REG_EBX, UC_X86_REG_ESP, UC_X86_REG_EBP,
                                        UC_X86_REG_ESI, UC_X86_REG_EDI};
constexpr std::array<int, 6> selectors = {UC_X86_REG_ES, UC_X86_REG_CS, UC_X86_REG_SS,
                                          UC_X86_REG_DS, UC_X86_REG_FS, UC_X86_REG_GS};

fabric::Result<> checked(uc_err error, std::string_view doing) {
    if (error == UC_ERR_OK) return {};
    return fabric::Error{"Unicorn, " + std::string(doing) + ": " + uc_strerror(error)};
}

std::span<const int> gprs(FlatMode mode) {
    if (mode == FlatMode::Long) return gprs_64;
    return gprs_32;
}

/// Machine code as it is put together.
class Assembler {
public:
    Assembler& bytes(std::initializer_list<u8> values) {
        code_.insert(code_.end(), values);
        return *this;
    }
    Assembler& value(u64 value, usize size) {
        for (usize i = 0; i < size; ++i) code_.push_back(static_cast<u8>(value >> (8 * i)));
        return *this;
    }
    /// MOV EAX, value
    Assembler& eax(FlatMode mode, u64 number) {
        if (mode == FlatMode::Real) bytes({0x66});
        return bytes({0xb8}).value(number, 4);
    }
    std::span<const u8> code() const { return code_; }

private:
    std::vector<u8> code_;
};
}  // namespace

fabric::Result<std::unique_ptr<UnicornCpu>> UnicornCpu::create(FlatMode mode,
                                                               const SystemState& start) {
    std::unique_ptr<UnicornCpu> unicorn(new UnicornCpu(mode));
    TRY(unicorn->open());
    TRY(unicorn->bootstrap(start));
    TRY(checked(
        uc_mem_protect(unicorn->engine_, 0, flat::tables_size, UC_PROT_READ | UC_PROT_WRITE),
        "protecting its tables"));
    TRY(unicorn->add_hooks());
    TRY(checked(uc_context_alloc(unicorn->engine_, &unicorn->start_), "saving its state"));
    TRY(checked(uc_context_save(unicorn->engine_, unicorn->start_), "saving its state"));
    unicorn->usual_tables_.assign(unicorn->tables_, unicorn->tables_ + flat::tables_size);
    return unicorn;
}

UnicornCpu::~UnicornCpu() {
    if (start_ != nullptr) uc_context_free(start_);
    if (engine_ != nullptr) uc_close(engine_);
    if (mapping_ != nullptr) munmap(mapping_, flat::tables_size + arena_size + code_pages_size);
}

fabric::Result<> UnicornCpu::open() {
    const uc_mode mode = mode_ == FlatMode::Real        ? UC_MODE_16
                         : mode_ == FlatMode::Protected ? UC_MODE_32
                                                        : UC_MODE_64;
    TRY(checked(uc_open(UC_ARCH_X86, mode, &engine_), "opening it"));
    // Of its models one of those with the most instructions that it can translate.
    TRY(checked(uc_ctl_set_cpu_model(engine_, UC_CPU_X86_EPYC_ROME), "choosing a model"));
    constexpr usize size = flat::tables_size + arena_size + code_pages_size;
    void* mapping = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) return fabric::Error{"no memory for Unicorn's machine"};
    mapping_ = static_cast<u8*>(mapping);
    tables_ = mapping_;
    memory_ = tables_ + flat::tables_size;
    code_ = memory_ + arena_size;
    TRY(map(0, tables_, flat::tables_size, UC_PROT_ALL));  // It is started from there.
    TRY(map(arena_of(mode_), memory_, arena_size, UC_PROT_READ | UC_PROT_WRITE));
    TRY(map(code_pages_of(mode_), code_, code_pages_size, UC_PROT_ALL));
    std::ranges::copy(tables_for(mode_), tables_);
    std::memset(code_, breakpoint_opcode, code_pages_size);
    return {};
}

fabric::Result<> UnicornCpu::map(u64 at, u8* bytes, usize size, u32 rights) {
    return checked(uc_mem_map_ptr(engine_, at, size, rights, bytes), "mapping memory");
}

fabric::Result<> UnicornCpu::run_bytes(std::span<const u8> bytes) {
    TRY(checked(uc_mem_write(engine_, flat::bootstrap, bytes.data(), bytes.size()), "starting"));
    return checked(uc_emu_start(engine_, flat::bootstrap, flat::bootstrap + bytes.size(), 0, 0),
                   "starting");
}

/// By instructions, for what is written by the API does not reach all that follows from it.
fabric::Result<> UnicornCpu::bootstrap(const SystemState& start) {
    // CR0.PG stays clear: with it Unicorn would walk page tables, and go to the linear address.
    Assembler code;
    code.eax(mode_, start.cr0 & ~cpu::cr0::PG).bytes({0x0f, 0x22, 0xc0});
    code.eax(mode_, start.cr4).bytes({0x0f, 0x22, 0xe0});
    constexpr u64 gdtr_image = flat::bootstrap + 0x800;
    constexpr u64 idtr_image = gdtr_image + 0x10;
    std::memcpy(tables_ + gdtr_image, &start.gdt_limit, 2);
    std::memcpy(tables_ + gdtr_image + 2, &start.gdt_base, 8);
    std::memcpy(tables_ + idtr_image, &start.idt_limit, 2);
    std::memcpy(tables_ + idtr_image + 2, &start.idt_base, 8);
    if (mode_ == FlatMode::Real) {
        code.bytes({0x0f, 0x01, 0x1e}).value(idtr_image, 2);  // LIDT
        TRY(run_bytes(code.code()));
        std::memset(tables_ + flat::bootstrap, 0, 0x1000);
        return {};
    }
    write(mode_ == FlatMode::Long ? UC_X86_REG_RSP : UC_X86_REG_ESP, flat::bootstrap + 0xf00);
    code.eax(mode_, start.cr3).bytes({0x0f, 0x22, 0xd8});
    code.eax(mode_, gdtr_image).bytes({0x0f, 0x01, 0x10, 0x0f, 0x01, 0x58, 0x10});
    const bool wide = mode_ == FlatMode::Long;
    const u64 return_to = flat::bootstrap + code.code().size() + (wide ? 9 : 8);
    code.bytes({0x6a, static_cast<u8>(wide ? flat::code_64 : flat::code_32), 0x68});
    code.value(return_to, 4);
    if (wide) code.bytes({0x48});
    code.bytes({0xcb});  // RETF
    code.eax(mode_, flat::data).bytes({0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xd0, 0x8e, 0xe0, 0x8e, 0xe8});
    code.eax(mode_, flat::ldt).bytes({0x0f, 0x00, 0xd0});
    code.eax(mode_, flat::tss).bytes({0x0f, 0x00, 0xd8});
    if (wide) code.eax(mode_, 0).bytes({0x8e, 0xd8, 0x8e, 0xc0, 0x8e, 0xe0, 0x8e, 0xe8});
    TRY(run_bytes(code.code()));
    std::memset(tables_ + flat::bootstrap, 0, 0x1000);
    return {};
}

fabric::Result<> UnicornCpu::add_hooks() {
    uc_hook hook = 0;
    const auto add = [&](int type, auto* callback, int instruction) {
        return checked(uc_hook_add(engine_, &hook, type, reinterpret_cast<void*>(callback), this,
                                   u64{1}, u64{0}, instruction),
                       "adding a hook");
    };
    TRY(add(UC_HOOK_CODE, &on_code, 0));
    TRY(add(UC_HOOK_INTR, &on_interrupt, 0));
    TRY(add(UC_HOOK_INSN, &on_in, UC_X86_INS_IN));
    return add(UC_HOOK_INSN, &on_out, UC_X86_INS_OUT);
}

void UnicornCpu::on_code(uc_engine* engine, u64 address, u32 /*size*/, void* self) {
    auto& unicorn = *static_cast<UnicornCpu*>(self);
    if (address == unicorn.start_address_ && ++unicorn.passes_ < most_passes) return;
    unicorn.arrived_ = address != unicorn.start_address_;
    unicorn.arrival_ = address;
    uc_emu_stop(engine);
}

void UnicornCpu::on_interrupt(uc_engine* engine, u32 vector, void* self) {
    auto& unicorn = *static_cast<UnicornCpu*>(self);
    unicorn.vector_ = static_cast<u8>(vector);
    const cpu::Semantic semantic = unicorn.semantic_;
    const bool by_instruction = semantic == cpu::Semantic::int_n ||
                                semantic == cpu::Semantic::int3 || semantic == cpu::Semantic::into;
    if (unicorn.mode_ == FlatMode::Real && by_instruction)
        unicorn.deliver_through_ivt(vector);
    else
        unicorn.raised_ = true;
    uc_emu_stop(engine);
}

u32 UnicornCpu::on_in(uc_engine* /*engine*/, u32 port, int size, void* self) {
    const u32 value = port_value(port & 0xffff, static_cast<u32>(size));
    note_port_access(static_cast<UnicornCpu*>(self)->ports_, port, static_cast<u32>(size), false,
                     value);
    return value;
}

void UnicornCpu::on_out(uc_engine* /*engine*/, u32 port, int size, u32 value, void* self) {
    note_port_access(static_cast<UnicornCpu*>(self)->ports_, port, static_cast<u32>(size), true,
                     value);
}

void UnicornCpu::write(int reg, u64 value) const { uc_reg_write(engine_, reg, &value); }

u64 UnicornCpu::read(int reg) const {
    u64 value = 0;
    uc_reg_read(engine_, reg, &value);
    return value;
}

/// INT n as real mode has it (SDM 2A, INT n): Unicorn only says that it happened, with IP behind
/// it.
void UnicornCpu::deliver_through_ivt(u32 vector) {
    const auto ss = static_cast<u16>(read(UC_X86_REG_SS));
    auto sp = static_cast<u16>(read(UC_X86_REG_SP));
    const u64 flags = read(UC_X86_REG_EFLAGS);
    const auto push = [&](u64 value) {
        sp = static_cast<u16>(sp - 2);
        uc_mem_write(engine_, u64{ss} * 16 + sp, &value, 2);
    };
    push(flags);
    push(read(UC_X86_REG_CS));
    push(read(UC_X86_REG_IP));
    u32 target = 0;
    std::memcpy(&target, tables_ + u64{vector} * 4, 4);
    write(UC_X86_REG_SP, sp);
    write(UC_X86_REG_EFLAGS,
          flags & ~(cpu::rflags::IF | cpu::rflags::TF | cpu::rflags::AC | cpu::rflags::RF));
    write(UC_X86_REG_CS, target >> 16);
    write(UC_X86_REG_IP, target & 0xffff);
    delivered_ = true;
}

void UnicornCpu::restore_tables() {
    if (std::memcmp(tables_, usual_tables_.data(), usual_tables_.size()) != 0) {
        std::ranges::copy(usual_tables_, tables_);
    }
}

void UnicornCpu::place_code(const Case& test) {
    if (++cases_ % cases_between_flushes == 0) uc_ctl_flush_tlb(engine_);
    std::array<u8, 160> filler{};
    filler.fill(breakpoint_opcode);
    if (dirty_size_ != 0) {
        uc_mem_write(engine_, dirty_code_, filler.data(), dirty_size_);
        uc_ctl_remove_cache(engine_, dirty_code_, dirty_code_ + dirty_size_);
    }
    const u64 room = code_pages_of(mode_) + code_pages_size - test.code_address;
    dirty_code_ = test.code_address;
    dirty_size_ = std::min<u64>(test.code_size, room);
    uc_mem_write(engine_, dirty_code_, test.code.data(), dirty_size_);
    uc_ctl_remove_cache(engine_, dirty_code_, dirty_code_ + dirty_size_);
}

void UnicornCpu::load_x87(const XsaveImage& image) {
    const u32 top = (image.fsw >> 11) & 7;
    u16 tags = 0;
    for (u32 i = 0; i < 8; ++i) {
        std::array<u8, 16> value{};
        std::memcpy(value.data(), &image.st[(i - top) & 7], value.size());
        uc_reg_write(engine_, UC_X86_REG_FP0 + static_cast<int>(i), value.data());
        if ((image.ftw >> i & 1) == 0) tags |= static_cast<u16>(3 << (2 * i));
    }
    write(UC_X86_REG_FPSW, image.fsw);
    write(UC_X86_REG_FPCW, image.fcw);
    write(UC_X86_REG_FPTAG, tags);
    write(UC_X86_REG_FIP, image.fip);
    write(UC_X86_REG_FDP, image.fdp);
    write(UC_X86_REG_FOP, image.fop);
    write(UC_X86_REG_MXCSR, image.mxcsr);
}

void UnicornCpu::load(const Case& test) {
    const Registers& before = test.before;
    const auto names = gprs(mode_);
    for (usize i = 0; i < names.size(); ++i) write(names[i], before.gpr[i]);
    write(UC_X86_REG_EFLAGS, before.rflags);
    if (mode_ == FlatMode::Real) {
        for (usize i = 0; i < 6; ++i) write(selectors[i], before.selectors[i]);
    }
    if (mode_ == FlatMode::Long) {
        write(UC_X86_REG_FS_BASE, before.fs_base);
        write(UC_X86_REG_GS_BASE, before.gs_base);
    }
    load_x87(before.extended);
    for (int i = 0; i < static_cast<int>(names.size()); ++i) {
        uc_reg_write(engine_, UC_X86_REG_XMM0 + i, &before.extended.xmm[static_cast<usize>(i)]);
    }
}

FlatOutcome UnicornCpu::run(const Case& test, u64 landing) {
    uc_context_restore(engine_, start_);
    place_code(test);
    load(test);
    start_address_ = test.code_address;
    passes_ = 0;
    arrived_ = raised_ = delivered_ = false;
    ports_.clear();
    semantic_ = cpu::forms()[test.form].semantic;
    const uc_err error = uc_emu_start(engine_, test.code_address, landing, 0, 0);
    return outcome(error);
}

void UnicornCpu::take_x87(XsaveImage& image) const {
    image.fsw = static_cast<u16>(read(UC_X86_REG_FPSW));
    image.fcw = static_cast<u16>(read(UC_X86_REG_FPCW));
    const u64 tags = read(UC_X86_REG_FPTAG);
    image.ftw = 0;
    const u32 top = (image.fsw >> 11) & 7;
    for (u32 i = 0; i < 8; ++i) {
        if ((tags >> (2 * i) & 3) != 3) image.ftw |= static_cast<u8>(1 << i);
        auto& into = image.st[(i - top) & 7];
        std::array<u8, 16> value{};
        uc_reg_read(engine_, UC_X86_REG_FP0 + static_cast<int>(i), value.data());
        std::memcpy(&into, value.data(), value.size());
    }
    image.fip = read(UC_X86_REG_FIP);
    image.fdp = read(UC_X86_REG_FDP);
    image.fop = static_cast<u16>(read(UC_X86_REG_FOP));
    image.mxcsr = static_cast<u32>(read(UC_X86_REG_MXCSR));
}

SystemState UnicornCpu::system_state() const {
    SystemState state;
    state.cr0 = read(UC_X86_REG_CR0);
    state.cr2 = read(UC_X86_REG_CR2);
    state.cr3 = read(UC_X86_REG_CR3);
    state.cr4 = read(UC_X86_REG_CR4);
    const auto table = [&](int reg) {
        uc_x86_mmr value{};
        uc_reg_read(engine_, reg, &value);
        return value;
    };
    const uc_x86_mmr gdtr = table(UC_X86_REG_GDTR);
    const uc_x86_mmr idtr = table(UC_X86_REG_IDTR);
    state.gdt_base = gdtr.base;
    state.gdt_limit = static_cast<u16>(gdtr.limit);
    state.idt_base = idtr.base;
    state.idt_limit = static_cast<u16>(idtr.limit);
    state.ldt = table(UC_X86_REG_LDTR).selector;
    state.tr = table(UC_X86_REG_TR).selector;
    for (int i = 0; i < 8; ++i) state.dr[static_cast<usize>(i)] = read(UC_X86_REG_DR0 + i);
    return state;
}

/// RIP of a place in the code segment. Before a hook Unicorn's own RIP is the linear address.
u64 UnicornCpu::offset_within_cs(u64 linear, u16 cs) const {
    if (mode_ == FlatMode::Real) return static_cast<u32>(linear - u64{cs} * 16);
    const u64 descriptor = descriptor_at(usual_tables_, cs);
    if ((descriptor >> 53 & 1) != 0 && mode_ == FlatMode::Long) return linear;
    const u64 base = ((descriptor >> 16) & 0xff'ffff) | ((descriptor >> 56) & 0xff) << 24;
    return static_cast<u32>(linear - base);
}

FlatOutcome UnicornCpu::outcome(uc_err error) const {
    FlatOutcome result;
    Registers& after = result.registers;
    const auto names = gprs(mode_);
    for (usize i = 0; i < names.size(); ++i) after.gpr[i] = read(names[i]);
    for (usize i = 0; i < 6; ++i) after.selectors[i] = static_cast<u16>(read(selectors[i]));
    after.rflags = read(UC_X86_REG_EFLAGS) & ~cpu::rflags::RF;
    after.rip = read(mode_ == FlatMode::Long ? UC_X86_REG_RIP : UC_X86_REG_EIP);
    if (arrived_) after.rip = offset_within_cs(arrival_, after.selector(SegReg::Cs));
    after.fs_base = read(UC_X86_REG_FS_BASE);
    after.gs_base = read(UC_X86_REG_GS_BASE);
    take_x87(after.extended);
    for (int i = 0; i < static_cast<int>(names.size()); ++i) {
        uc_reg_read(engine_, UC_X86_REG_XMM0 + i, &after.extended.xmm[static_cast<usize>(i)]);
    }
    result.system = system_state();
    result.ports = ports_;
    if (passes_ >= most_passes && !arrived_) result.ending = Ending::Hang;
    const bool fetched = passes_ != 0;
    const bool landed = error == UC_ERR_FETCH_UNMAPPED || error == UC_ERR_FETCH_PROT;
    if (error == UC_ERR_INSN_INVALID || raised_) {
        result.ending = Ending::Fault;
        result.vector = raised_ ? vector_ : u8{6};
    } else if (error != UC_ERR_OK && !(landed && fetched)) {
        result.outside = true;
    } else {
        result.halted = semantic_ == cpu::Semantic::hlt && !arrived_;
    }
    return result;
}

}  // namespace test::differential
