// SPDX-License-Identifier: BSD-2-Clause
//
// A register that lays a page over guest memory: bit 0 enables it, bits 63:12 are its frame, the
// others are kept as they are written (TLFS, overlay pages). The page has storage of its own, which
// stays when it is moved or taken away.
#pragma once

#include <string>
#include <vector>

#include "fabric/memory/guest_memory.hpp"
#include "fabric/state/saved_state.hpp"

namespace hyperv {

class OverlayRegister {
public:
    static constexpr u64 enable = 1;

    struct State {
        u64 value = 0;
        u64 order = 0;             // Of several overlays on one frame the last placed is seen.
        std::vector<u8> contents;  // Empty for a page of zeroes.

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "value", state.value);
            visit(2, "order", state.order);
            visit(3, "contents", state.contents);
        }
    };

    OverlayRegister(fabric::GuestMemory& memory, std::string name, fabric::GuestAccess access,
                    u8 physical_address_bits);

    u64 value() const { return value_; }
    bool enabled() const { return (value_ & enable) != 0; }
    fabric::Gpa address() const { return {value_ & ~(fabric::page_size - 1)}; }
    /// A page that the partition's physical addresses can name.
    bool is_in_space(u64 value) const { return (value >> physical_address_bits_) == 0; }

    /// `order` is larger than any before. A page out of the address space is nowhere.
    void write(u64 value, u64 order);

    std::span<u8> bytes() { return memory_.overlay_bytes(id_); }
    std::span<const u8> bytes() const { return memory_.overlay_bytes(id_); }
    /// Puts bytes into the page, and tells who has derived something from it.
    void store(u64 offset, std::span<const u8> from);

    /// As after power-on: the page is nowhere, and zero.
    void reset();
    State state() const;
    static bool is_state(const State& state);
    /// The page is where it was until replace().
    void restore(const State& state);
    void replace();
    u64 order() const { return order_; }

private:
    fabric::GuestMemory& memory_;
    fabric::OverlayId id_;
    u8 physical_address_bits_;
    u64 value_ = 0;
    u64 order_ = 0;
};

}  // namespace hyperv
