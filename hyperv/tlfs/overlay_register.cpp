// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/overlay_register.hpp"

#include <algorithm>

namespace hyperv {

using fabric::page_size;

OverlayRegister::OverlayRegister(fabric::GuestMemory& memory, std::string name,
                                 fabric::GuestAccess access, u8 physical_address_bits)
    : memory_(memory),
      id_(memory.add_overlay(std::move(name), access)),
      physical_address_bits_(physical_address_bits) {}

void OverlayRegister::write(u64 value, u64 order) {
    const bool moves = ((value ^ value_) & ~(page_size - 1)) != 0;
    const bool was_enabled = enabled();
    value_ = value;
    if (was_enabled == enabled() && !(moves && enabled())) return;
    order_ = order;
    replace();
}

void OverlayRegister::replace() {
    // One out of the partition's space is nowhere: only its owner sees it.
    if (!enabled() || !is_in_space(value_) || !memory_.place_overlay(id_, address())) {
        memory_.remove_overlay(id_);
    }
}

void OverlayRegister::store(u64 offset, std::span<const u8> from) {
    VERIFY(offset + from.size() <= page_size);
    std::ranges::copy(from, bytes().begin() + static_cast<std::ptrdiff_t>(offset));
    if (!enabled() || !is_in_space(value_)) return;
    const bool tell = (memory_.page(address().frame()).flags & fabric::page_flag::TellWrites) != 0;
    if (tell) memory_.note_write(address() + offset, from.size());
}

void OverlayRegister::reset() {
    restore({});
    memory_.remove_overlay(id_);
}

OverlayRegister::State OverlayRegister::state() const {
    const std::span<const u8> page = memory_.overlay_bytes(id_);
    State state{.value = value_, .order = order_};
    const bool zero = std::ranges::all_of(page, [](u8 byte) { return byte == 0; });
    if (!zero) state.contents.assign(page.begin(), page.end());
    return state;
}

bool OverlayRegister::is_state(const State& state) {
    return state.contents.empty() || state.contents.size() == page_size;
}

void OverlayRegister::restore(const State& state) {
    value_ = state.value;
    order_ = state.order;
    std::ranges::fill(bytes(), u8{0});
    std::ranges::copy(state.contents, bytes().begin());
}

}  // namespace hyperv
