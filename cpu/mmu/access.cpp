// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/mmu/access.hpp"

#include <algorithm>
#include <bit>

#include "cpu/arch/paging.hpp"
#include "cpu/core/debug.hpp"
#include "cpu/core/device_access.hpp"
#include "cpu/mmu/page_walk.hpp"

namespace cpu {

namespace {

/// What must stand between an access and the bytes of a page.
bool writes_must_be_told(const fabric::PhysicalPage& page) {
    constexpr u8 told =
        fabric::page_flag::Code | fabric::page_flag::Clean | fabric::page_flag::Watched;
    return (page.flags & told) != 0;
}

u64 frame_of(u64 physical) { return physical >> 12; }

/// Raises #SS(0) for the stack segment and #GP(0) for the others.
std::nullopt_t segment_fault(Vcpu& vcpu, SegReg segment) {
    (void)vcpu.raise(segment == SegReg::Ss ? Vector::SS : Vector::GP, 0);
    return std::nullopt;
}

bool within_limit(const Segment& segment, bool expand_down, u64 offset, usize size) {
    const u64 last = offset + size - 1;
    if (expand_down) {
        const u64 top = segment.has(Segment::Big) ? 0xffff'ffff : 0xffff;
        return offset > segment.limit && last <= top;
    }
    // A segment of 4 GiB has no end: what runs over goes on at zero (SDM 3A 5.3 leaves it open).
    return last <= segment.limit || segment.limit == 0xffff'ffff;
}

bool type_allows(const Segment& segment, Access access) {
    const bool code = segment.has(Segment::Code);
    if (access == Access::Write) return !code && segment.has(Segment::Writable);
    if (access == Access::Execute) return true;  // CLFLUSH reaches code that cannot be read.
    return !code || segment.has(Segment::Readable);
}

/// #AC concerns the program's own accesses at CPL 3 (SDM 3A 6.15, interrupt 17).
bool misaligned(const Vcpu& vcpu, u64 linear, usize size) {
    if (vcpu.state.cpl != 3 || (vcpu.state.cr0 & cr0::AM) == 0 ||
        (vcpu.state.other_flags & rflags::AC) == 0) {
        return false;
    }
    if (size > 8) return false;  // Vectors and areas have rules of their own.
    return (size & (size - 1)) == 0 && (linear & (size - 1)) != 0;
}

void read_page(Vcpu& vcpu, u64 physical, std::span<u8> into) {
    physical = through_a20(vcpu, physical);
    const auto page = vcpu.ports.memory.page(frame_of(physical));
    if (page.host && !is_apic_page(vcpu, frame_of(physical))) {
        std::memcpy(into.data(), page.host + (physical & page_mask), into.size());
        return;
    }
    while (!into.empty()) {
        const usize size = std::min<usize>(std::bit_floor(into.size()), 8);
        const u64 value = read_mmio(vcpu, physical, static_cast<u32>(size));
        std::memcpy(into.data(), &value, size);
        physical += size;
        into = into.subspan(size);
    }
}

void write_page(Vcpu& vcpu, u64 physical, std::span<const u8> from) {
    physical = through_a20(vcpu, physical);
    const auto page = vcpu.ports.memory.page(frame_of(physical));
    if (page.host && !is_apic_page(vcpu, frame_of(physical))) {
        if ((page.flags & fabric::page_flag::Writable) == 0) {  // ROM takes no notice.
            vcpu.ports.memory.write_behind(fabric::Gpa{physical}, from);
            return;
        }
        if (writes_must_be_told(page)) {
            vcpu.ports.memory.note_write(fabric::Gpa{physical}, from.size());
        }
        std::memcpy(page.host + (physical & page_mask), from.data(), from.size());
        return;
    }
    while (!from.empty()) {
        const usize size = std::min<usize>(std::bit_floor(from.size()), 8);
        u64 value = 0;
        std::memcpy(&value, from.data(), size);
        write_mmio(vcpu, physical, static_cast<u32>(size), value);
        physical += size;
        from = from.subspan(size);
    }
}

/// The physical addresses of an access that may cross one page boundary.
struct Pieces {
    u64 first = 0;
    u64 second = 0;
    usize in_first = 0;
};

std::optional<Pieces> locate(Vcpu& vcpu, u64 linear, usize size, Access access, Privilege who) {
    if (!is_canonical(linear)) {
        (void)vcpu.raise(Vector::GP, 0);
        return std::nullopt;
    }
    const auto first = translate_or_fault(vcpu, linear, access, who);
    if (!first) return std::nullopt;
    Pieces pieces{.first = first->physical_page + (linear & page_mask),
                  .in_first = std::min<usize>(size, page_size - (linear & page_mask))};
    if (pieces.in_first < size) {
        u64 next = linear + pieces.in_first;
        if (vcpu.code_mode() != CodeMode::Bits64 && (linear >> 32) == 0) next &= 0xffff'ffff;
        const auto second = translate_or_fault(vcpu, next, access, who);
        if (!second) return std::nullopt;
        pieces.second = second->physical_page;
    }
    return pieces;
}

/// The page's entry in the first-level TLB, or one made from what `translation()` gives.
template <class Translate>
u8* find_host(Vcpu& vcpu, u64 linear, usize size, Access access, Privilege who,
              Translate translation) {
    const TlbEntry& entry = vcpu.first_level.entry(who, linear);
    const u64 tag = access == Access::Write ? entry.write_tag : entry.read_tag;
    if (linear - tag <= page_size - size) return reinterpret_cast<u8*>(linear + entry.addend);

    if ((linear & page_mask) > page_size - size || !is_canonical(linear)) return nullptr;
    if (data_breakpoint_on_page(vcpu, linear)) return nullptr;
    const std::optional<Translation> found = translation();
    if (!found) return nullptr;
    const u64 frame = frame_of(through_a20(vcpu, found->physical_page));
    const auto page = vcpu.ports.memory.page(frame);
    if (!page.host || is_apic_page(vcpu, frame)) return nullptr;
    const bool writable = (page.flags & fabric::page_flag::Writable) && !writes_must_be_told(page);
    if (access == Access::Write && !writable) return nullptr;
    vcpu.first_level.fill(who, linear, page.host, access == Access::Write);
    return page.host + (linear & page_mask);
}

}  // namespace

Privilege data_privilege(const Vcpu& vcpu) {
    if (vcpu.state.cpl == 3) return Privilege::User;
    const bool smap = (vcpu.state.cr4 & cr4::SMAP) && !(vcpu.state.other_flags & rflags::AC);
    return smap ? Privilege::SupervisorNoUser : Privilege::Supervisor;
}

Privilege system_privilege(const Vcpu& vcpu) {
    return (vcpu.state.cr4 & cr4::SMAP) ? Privilege::SupervisorNoUser : Privilege::Supervisor;
}

bool alignment_fault(Vcpu& vcpu, u64 linear, usize size) {
    if (!misaligned(vcpu, linear, size)) return false;
    (void)vcpu.raise(Vector::AC, 0);
    return true;
}

std::optional<u64> linear_address(Vcpu& vcpu, SegReg segment, u64 offset, usize size,
                                  Access access) {
    const auto linear = linear_address_at_any_alignment(vcpu, segment, offset, size, access);
    if (linear) return alignment_fault(vcpu, *linear, size) ? std::nullopt : linear;
    // Alignment comes before the end of what is canonical.
    if (size > 1 && vcpu.code_mode() == CodeMode::Bits64) {
        const Exception raised = vcpu.exception;
        const auto first = linear_address_at_any_alignment(vcpu, segment, offset, 1, access);
        if (!first || !alignment_fault(vcpu, *first, size)) vcpu.exception = raised;
    }
    return std::nullopt;
}

std::optional<u64> linear_address_at_any_alignment(Vcpu& vcpu, SegReg segment, u64 offset,
                                                   usize size, Access access) {
    const Segment& hidden = vcpu.state.segment(segment);
    u64 linear = offset;
    if (vcpu.code_mode() == CodeMode::Bits64) {
        if (segment == SegReg::Fs || segment == SegReg::Gs) linear += hidden.base;
        if (!is_canonical(linear) || !is_canonical(linear + size - 1)) {
            return segment_fault(vcpu, segment);
        }
    } else {
        const bool checked = vcpu.protected_mode() && !vcpu.virtual_8086();
        if (checked && (!hidden.usable() || !type_allows(hidden, access))) {
            return segment_fault(vcpu, segment);
        }
        const bool expand_down = !hidden.has(Segment::Code) && hidden.has(Segment::ExpandDown);
        if (!within_limit(hidden, expand_down, offset, size)) return segment_fault(vcpu, segment);
        linear = (hidden.base + offset) & 0xffff'ffff;
    }
    return linear;
}

u8* host_pointer(Vcpu& vcpu, u64 linear, usize size, Access access, Privilege who) {
    return find_host(vcpu, linear, size, access, who, [&] {
        u32 error_code = 0;
        return translate(vcpu, linear, access, who, error_code);
    });
}

u8* known_host_pointer(Vcpu& vcpu, u64 linear, usize size, Access access, Privilege who) {
    return find_host(vcpu, linear, size, access, who,
                     [&] { return known_translation(vcpu, linear, access, who); });
}

bool read_linear(Vcpu& vcpu, u64 linear, std::span<u8> into, Privilege who) {
    const auto pieces = locate(vcpu, linear, into.size(), Access::Read, who);
    if (!pieces) return false;
    note_data_breakpoint(vcpu, linear, into.size(), Access::Read);
    read_page(vcpu, pieces->first, into.first(pieces->in_first));
    if (pieces->in_first < into.size()) {
        read_page(vcpu, pieces->second, into.subspan(pieces->in_first));
    }
    return true;
}

bool write_linear(Vcpu& vcpu, u64 linear, std::span<const u8> from, Privilege who) {
    const auto pieces = locate(vcpu, linear, from.size(), Access::Write, who);
    if (!pieces) return false;
    note_data_breakpoint(vcpu, linear, from.size(), Access::Write);
    write_page(vcpu, pieces->first, from.first(pieces->in_first));
    if (pieces->in_first < from.size()) {
        write_page(vcpu, pieces->second, from.subspan(pieces->in_first));
    }
    return true;
}

bool probe_linear(Vcpu& vcpu, u64 linear, usize size, Access access, Privilege who) {
    return locate(vcpu, linear, size, access, who).has_value();
}

u64 read_physical(Vcpu& vcpu, u64 address, usize size) {
    u64 value = 0;
    read_page(vcpu, address, {reinterpret_cast<u8*>(&value), size});
    return value;
}

void read_physical_bytes(Vcpu& vcpu, u64 address, std::span<u8> into) {
    read_page(vcpu, address, into);
}

void write_physical(Vcpu& vcpu, u64 address, usize size, u64 value) {
    write_page(vcpu, address, {reinterpret_cast<const u8*>(&value), size});
}

}  // namespace cpu
