// SPDX-License-Identifier: BSD-2-Clause
//
// A memory operand of several items, each of which is addressed for itself: its offset is cut to
// the address size, so that an area over the end of a 16-bit segment goes on at the segment's
// start.
#pragma once

#include <algorithm>

#include "cpu/semantics/operands.hpp"

namespace cpu {

class MemoryArea {
public:
    /// `item`: the bytes of what is accessed at once, from the start of each piece.
    MemoryArea(Vcpu& vcpu, const Instruction& instruction, usize item = 8)
        : vcpu_(vcpu),
          segment_(instruction.segment),
          offset_(effective_offset(vcpu, instruction)),
          mask_(instruction.address_size == 8 ? ~u64{0}
                                              : (u64{1} << (8 * instruction.address_size)) - 1),
          item_(item),
          who_(data_privilege(vcpu)) {}

    /// The linear address of one item, with the segment's checks. Alignment is the caller's.
    std::optional<u64> place(usize at, usize size, Access access) const {
        const u64 offset = (offset_ + at) & mask_;
        return linear_address_at_any_alignment(vcpu_, segment_, offset, size, access);
    }

    /// Whether offsets wrap within the first `size` bytes.
    bool wraps(usize size) const { return size - 1 > mask_ - offset_; }

    /// Whether a piece can be accessed; page faults and data breakpoints aside, it can then still.
    [[nodiscard]] bool probe(usize at, usize size, Access access) const {
        return for_each_run(at, size, access, [&](u64 linear, usize, usize length) {
            return probe_linear(vcpu_, linear, length, access, who_);
        });
    }
    [[nodiscard]] bool read(usize at, std::span<u8> into) const {
        return for_each_run(at, into.size(), Access::Read,
                            [&](u64 linear, usize done, usize length) {
                                return read_linear(vcpu_, linear, into.subspan(done, length), who_);
                            });
    }
    [[nodiscard]] bool write(usize at, std::span<const u8> from) const {
        return for_each_run(
            at, from.size(), Access::Write, [&](u64 linear, usize done, usize length) {
                return write_linear(vcpu_, linear, from.subspan(done, length), who_);
            });
    }

private:
    /// Calls `visit(linear, bytes before it, length)` for the parts that lie side by side: one, or
    /// two where offsets wrap in between.
    template <class Visit>
    bool for_each_run(usize at, usize size, Access access, Visit visit) const {
        for (usize done = 0; done < size;) {
            const usize length = until_wrap(at + done, size - done);
            const auto linear = place(at + done, length, access);
            if (!linear || !visit(*linear, done, length)) return false;
            done += length;
        }
        return true;
    }
    usize until_wrap(usize at, usize size) const {
        const u64 room = mask_ - ((offset_ + at) & mask_);
        return size - 1 <= room ? size : std::min(size, (room / item_ + 1) * item_);
    }

    Vcpu& vcpu_;
    SegReg segment_;
    u64 offset_;
    u64 mask_;
    usize item_;
    Privilege who_;
};

}  // namespace cpu
