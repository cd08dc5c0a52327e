// SPDX-License-Identifier: BSD-2-Clause
//
// One hypercall, as its handler sees it; and what a row of the hypercall table says of it. Where
// parameters come from, what is aligned and what may be asked for at all is the dispatcher's
// business (hypercall_dispatch.cpp), once for all calls.
#pragma once

#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "fabric/support/verify.hpp"
#include "hyperv/tlfs/features.hpp"
#include "hyperv/tlfs/status.hpp"

namespace hyperv {

class VirtualProcessor;

/// The hypercall input value (TLFS, Hypercall Inputs).
struct HypercallControl {
    u64 value = 0;

    u16 code() const { return static_cast<u16>(value); }
    bool fast() const { return ((value >> 16) & 1) != 0; }
    usize variable_bytes() const { return ((value >> 17) & 0x3ff) * 8; }
    u32 reps() const { return static_cast<u32>((value >> 32) & 0xfff); }
    u32 start() const { return static_cast<u32>((value >> 48) & 0xfff); }
    bool has_reserved_bits() const {
        constexpr u64 reserved = u64{0x1f} << 27 | u64{0xf} << 44 | u64{0xf} << 60;
        return (value & reserved) != 0;
    }
    HypercallControl with_start(u32 start) const {
        return {(value & ~(u64{0xfff} << 48)) | u64{start} << 48};
    }
};

struct Hypercall {
    VirtualProcessor& caller;
    std::span<const u8> header;        // With its variable part behind the fixed one.
    std::span<const u8> element = {};  // Of a rep call: the one to be seen to.
    std::span<u8> output = {};         // Of a rep call: of this element. Zero at first.

    /// A field of the header.
    template <class T>
    T field(usize offset) const {
        return value_at<T>(header, offset);
    }
    template <class T>
    T element_field(usize offset) const {
        return value_at<T>(element, offset);
    }
    template <class T>
    void put(usize offset, T value) const {
        VERIFY(offset + sizeof(T) <= output.size());
        std::memcpy(output.data() + offset, &value, sizeof(T));
    }

private:
    template <class T>
    static T value_at(std::span<const u8> bytes, usize offset) {
        VERIFY(offset + sizeof(T) <= bytes.size());
        T value;
        std::memcpy(&value, bytes.data() + offset, sizeof(T));
        return value;
    }
};

/// Of an HV_INPUT_VTL: no other level than 0 is there, which nobody need name.
constexpr bool means_vtl_0(u8 input_vtl) {
    const bool named = (input_vtl & 0x10) != 0;
    return (input_vtl & 0xe0) == 0 && (!named || (input_vtl & 0x0f) == 0);
}

/// By its number, or as "self".
constexpr u64 this_partition = 1;
constexpr bool is_own_partition(u64 partition) {
    return partition == this_partition || partition == ~u64{0};
}

struct HypercallRow {
    enum class Header : u8 { Fixed, Variable };

    u16 code = 0;
    std::string_view name;  // As the TLFS spells it.
    Feature needs{};
    Status without = Status::InvalidHypercallCode;  // What a partition without the feature is told.
    bool rep = false;
    Header header = Header::Fixed;
    u16 header_bytes = 0;  // Of the fixed part.
    u16 element_bytes = 0;
    u16 output_bytes = 0;  // Of a rep call: of each element.
    /// Simple calls: all of it. Rep calls: one element.
    Status (*handle)(const Hypercall&) = nullptr;
    /// "spins 4096": the input, for a trace.
    std::string (*describe)(const Hypercall&) = nullptr;
};

std::span<const HypercallRow> hypercall_table();
const HypercallRow* find_hypercall(u16 code);

}  // namespace hyperv
