// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/mmu/page_walk.hpp"

#include <array>

#include "cpu/arch/paging.hpp"
#include "cpu/core/device_access.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/mmu/translation_control.hpp"

namespace cpu {

namespace {

/// One entry on the way down, kept so that its accessed bit can be set once all checks have passed.
struct Visited {
    u64 address = 0;
    u64 value = 0;
};

/// What differs between the paging modes.
struct Format {
    u8 entry_size;
    u8 levels;
    u8 index_bits;
};

constexpr Format format_32{4, 2, 10};
constexpr Format format_pae{8, 2, 9};  // Below the four registers.
constexpr Format format_4_level{8, 4, 9};
constexpr u8 pdpte_shift = 30;

/// Of tables in MMIO, which are read as any are; but reading may do something.
enum class Devices : u8 { AreRead, AreLeftAlone };

class Walk {
public:
    Walk(Vcpu& vcpu, u64 linear, Devices devices)
        : vcpu_(vcpu), linear_(linear), devices_(devices), format_(choose_format()) {}

    /// Down to the page. False: not present, or a reserved bit (then `reserved` is set).
    bool descend();
    void set_accessed_and_dirty(bool dirty);
    Translation translation() const;
    /// Of the page, or of what the entry that is not there would have covered.
    u8 page_shift() const { return page_shift_; }

    bool reserved = false;

private:
    const Format& choose_format() const {
        if (vcpu_.long_mode()) return format_4_level;
        return (vcpu_.state.cr4 & cr4::PAE) ? format_pae : format_32;
    }
    std::optional<u64> root();
    bool may_read(u64 address) const;
    u8 shift_of(u8 level) const { return static_cast<u8>(12 + (level - 1) * format_.index_bits); }
    bool is_page(u8 level, u64 value) const;
    u64 reserved_bits(u8 level, u64 value, bool page) const;
    u64 page_address(u64 value) const;

    Vcpu& vcpu_;
    u64 linear_;
    Devices devices_;
    const Format& format_;
    std::array<Visited, 4> visited_{};
    u8 depth_ = 0;
    u8 page_shift_ = 12;
    bool writable_ = true;
    bool user_ = true;
    bool executable_ = true;
};

std::optional<u64> Walk::root() {
    if (&format_ != &format_pae) {
        const u64 mask = &format_ == &format_32 ? 0xffff'f000 : pte::Address;
        return vcpu_.state.cr3 & mask;
    }
    const u64 pointer = vcpu_.state.pdpte[(linear_ >> 30) & 3];
    if ((pointer & pte::Present) == 0) return std::nullopt;
    return pointer & pte::Address;
}

bool Walk::is_page(u8 level, u64 value) const {
    if (level == 1) return true;
    if ((value & pte::Large) == 0) return false;
    if (&format_ == &format_32) return (vcpu_.state.cr4 & cr4::PSE) != 0;
    return level == 2 || (level == 3 && vcpu_.features.has(Feature::Page1G));
}

/// SDM 3A tables 4-4 to 4-20: the bits that must be zero.
u64 Walk::reserved_bits(u8 level, u64 value, bool page) const {
    if (&format_ == &format_32) {
        if (!page || level == 1) return 0;
        // PSE-36: bits 20:13 are address bits 39:32, as far as the processor has them.
        const unsigned high_bits =
            vcpu_.model.physical_address_bits < 40 ? vcpu_.model.physical_address_bits - 32u : 8u;
        return (0x3f'e000u & ~((((1u << high_bits) - 1) << 13))) | 1u << 21;
    }
    u64 bits = pte::Address & ~((u64{1} << vcpu_.model.physical_address_bits) - 1);
    if (&format_ == &format_pae) bits |= 0x7ff0'0000'0000'0000;
    if ((vcpu_.state.msr.efer & efer::NXE) == 0) bits |= pte::NoExecute;
    if (page && level > 1) bits |= ((u64{1} << shift_of(level)) - 1) & ~u64{0x1fff};
    if (!page && level > 2 && (value & pte::Large)) bits |= pte::Large;
    return bits;
}

u64 Walk::page_address(u64 value) const {
    const u64 within = (u64{1} << page_shift_) - 1;
    if (&format_ == &format_32 && page_shift_ == 22) {
        return (value & 0xffc0'0000) | ((value >> 13) & 0xff) << 32;
    }
    return value & pte::Address & ~within;
}

bool Walk::may_read(u64 address) const {
    if (devices_ == Devices::AreRead) return true;
    const u64 frame = through_a20(vcpu_, address) >> 12;
    return vcpu_.ports.memory.page(frame).host && !is_apic_page(vcpu_, frame);
}

bool Walk::descend() {
    page_shift_ = pdpte_shift;
    const std::optional<u64> top = root();
    if (!top) return false;
    u64 table = *top;
    for (u8 level = format_.levels; level >= 1; --level) {
        const u64 index = (linear_ >> shift_of(level)) & ((u64{1} << format_.index_bits) - 1);
        const u64 address = table + index * format_.entry_size;
        page_shift_ = shift_of(level);
        if (!may_read(address)) return false;
        const u64 value = read_physical(vcpu_, address, format_.entry_size);
        if ((value & pte::Present) == 0) return false;
        const bool page = is_page(level, value);
        if (value & reserved_bits(level, value, page)) {
            reserved = true;
            return false;
        }
        visited_[depth_++] = {address, value};
        writable_ = writable_ && (value & pte::Writable);
        user_ = user_ && (value & pte::User);
        executable_ = executable_ && !(format_.entry_size == 8 && (value & pte::NoExecute));
        if (page) return true;
        table = value & (format_.entry_size == 4 ? 0xffff'f000 : pte::Address);
    }
    UNREACHABLE();
}

void Walk::set_accessed_and_dirty(bool dirty) {
    for (u8 i = 0; i < depth_; ++i) {
        Visited& entry = visited_[i];
        const u64 wanted = pte::Accessed | (dirty && i + 1 == depth_ ? pte::Dirty : 0);
        if ((entry.value & wanted) == wanted) continue;
        entry.value |= wanted;
        write_physical(vcpu_, entry.address, format_.entry_size, entry.value);
    }
}

Translation Walk::translation() const {
    const u64 leaf = visited_[depth_ - 1u].value;
    const u64 within = linear_ & ((u64{1} << page_shift_) - 1) & ~page_mask;
    return {.physical_page = page_address(leaf) + within,
            .page_shift = page_shift_,
            .writable = writable_,
            .user = user_,
            .executable = executable_,
            .global = (leaf & pte::Global) && (vcpu_.state.cr4 & cr4::PGE),
            .dirty = (leaf & pte::Dirty) != 0};
}

u32 fault_code(const Vcpu& vcpu, Access access, Privilege who) {
    u32 code = 0;
    if (access == Access::Write) code |= page_fault::Write;
    if (who == Privilege::User) code |= page_fault::User;
    const bool no_execute = (vcpu.state.msr.efer & efer::NXE) && (vcpu.state.cr4 & cr4::PAE);
    if (access == Access::Execute && (no_execute || (vcpu.state.cr4 & cr4::SMEP))) {
        code |= page_fault::Fetch;
    }
    return code;
}

Translation identity(u64 linear) {
    return {.physical_page = linear & ~page_mask,
            .writable = true,
            .user = true,
            .executable = true,
            .dirty = true};
}

}  // namespace

bool permits(const Vcpu& vcpu, const Translation& translation, Access access, Privilege who) {
    if (who == Privilege::User) {
        if (!translation.user) return false;
        if (access == Access::Write) return translation.writable;
        return access == Access::Read || translation.executable;
    }
    if (access == Access::Execute) {
        const bool smep = (vcpu.state.cr4 & cr4::SMEP) != 0;
        return translation.executable && !(smep && translation.user);
    }
    if (translation.user && who == Privilege::SupervisorNoUser) return false;
    if (access == Access::Read) return true;
    return translation.writable || (vcpu.state.cr0 & cr0::WP) == 0;
}

WalkResult walk_page_tables(Vcpu& vcpu, u64 linear, Access access, Privilege who) {
    Walk walk(vcpu, linear, Devices::AreRead);
    const u32 code = fault_code(vcpu, access, who);
    if (!walk.descend()) {
        const u32 reserved = page_fault::Present | page_fault::Reserved;
        return {std::nullopt, code | (walk.reserved ? reserved : 0)};
    }
    Translation found = walk.translation();
    if (!permits(vcpu, found, access, who)) return {std::nullopt, code | page_fault::Present};
    walk.set_accessed_and_dirty(access == Access::Write);
    found.dirty = found.dirty || access == Access::Write;
    return {found, 0};
}

std::optional<u64> peek_physical(Vcpu& vcpu, u64 linear) {
    if (!vcpu.paging()) return through_a20(vcpu, linear & 0xffff'ffff);
    const auto found = peek_translation(vcpu, linear).translation;
    if (!found) return std::nullopt;
    return through_a20(vcpu, found->physical_page + (linear & page_mask));
}

PeekedTranslation peek_translation(Vcpu& vcpu, u64 linear) {
    if (!vcpu.paging()) return {identity(linear & 0xffff'ffff)};
    Walk walk(vcpu, linear, Devices::AreLeftAlone);
    const bool mapped = walk.descend();
    return {mapped ? std::optional(walk.translation()) : std::nullopt, walk.page_shift()};
}

std::optional<Translation> known_translation(Vcpu& vcpu, u64 linear, Access access, Privilege who) {
    if (!vcpu.paging()) return identity(linear);
    const auto known = vcpu.tlb.find(linear, current_asid(vcpu));
    if (!known || !permits(vcpu, *known, access, who)) return std::nullopt;
    if (access == Access::Write && !known->dirty) return std::nullopt;
    return known;
}

std::optional<Translation> translate(Vcpu& vcpu, u64 linear, Access access, Privilege who,
                                     u32& error_code) {
    if (const auto known = known_translation(vcpu, linear, access, who)) return known;
    const WalkResult walked = walk_page_tables(vcpu, linear, access, who);
    error_code = walked.error_code;
    if (walked.translation) {
        const u64 generation = vcpu.tlb.generation();
        vcpu.tlb.insert(linear, current_asid(vcpu), *walked.translation);
        if (vcpu.tlb.generation() != generation) switch_address_space(vcpu);
    }
    return walked.translation;
}

std::optional<Translation> translate_or_fault(Vcpu& vcpu, u64 linear, Access access,
                                              Privilege who) {
    u32 error_code = 0;
    auto found = translate(vcpu, linear, access, who, error_code);
    if (!found) {
        vcpu.exception = {.vector = Vector::PF,
                          .has_error_code = true,
                          .error_code = error_code,
                          .address = linear};
        // A faulting walk drops what the TLB held for the address (SDM 3A 4.10.4.1).
        if (vcpu.tlb.find(linear, current_asid(vcpu))) flush_page(vcpu, linear);
    }
    return found;
}

}  // namespace cpu
