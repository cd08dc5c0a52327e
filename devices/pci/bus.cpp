// SPDX-License-Identifier: BSD-2-Clause
#include "devices/pci/bus.hpp"

#include <utility>

#include "fabric/support/bit_range.hpp"
#include "fabric/trace/trace.hpp"

namespace devices::pci {

namespace {

// CONFIG_ADDRESS.
constexpr u32 enable = u32{1} << 31;
using BusNumber = fabric::BitRange<23, 16>;
using FunctionNumber = fabric::BitRange<15, 8>;
using RegisterNumber = fabric::BitRange<7, 2>;
constexpr u32 address_defined = 0x80ff'fffc;

constexpr u64 config_data = 4;  // CFC, from CF8.
constexpr u64 cf9 = 1;

u64 ones(u32 size) { return (u64{1} << (8 * size)) - 1; }

}  // namespace

Bus::Bus(Config config, Wiring wiring) : config_(std::move(config)), wiring_(wiring) {}

void Bus::reset(fabric::ResetKind) { state_.address = 0; }

void Bus::attach(u32 slot, u32 function_number, Function& function) {
    VERIFY(slot < 32 && function_number < 8);
    const u32 number = 8 * slot + function_number;
    VERIFY(functions_.emplace(number, &function).second);
    const u32 pin = function.config().byte(reg::InterruptPin);
    const fabric::IrqLine line =
        pin == 0 ? fabric::IrqLine{} : fabric::IrqLine{*this, 4 * number + pirq_of(slot, pin)};
    function.config().connect(line, [this] { map_windows(); });
    map_windows();
}

Function* Bus::function_at(u32 slot, u32 function_number) const {
    const auto found = functions_.find(8 * slot + function_number);
    return found == functions_.end() ? nullptr : found->second;
}

Function* Bus::addressed() const {
    if ((state_.address & enable) == 0 || BusNumber::of(state_.address) != 0) return nullptr;
    const auto found = functions_.find(static_cast<u32>(FunctionNumber::of(state_.address)));
    return found == functions_.end() ? nullptr : found->second;
}

u64 Bus::read(u64 offset, u32 size) {
    if (offset >= config_data) {
        Function* const function = addressed();
        if (!function) return ones(size);
        const u32 place = static_cast<u32>((state_.address & RegisterNumber::mask) + offset - 4);
        return function->config().read(place, size);
    }
    if (size == 4) return state_.address;
    if (offset == cf9 && size == 1 && wiring_.cf9) return wiring_.cf9->read(0, 1);
    return ones(size);  // Narrower accesses to CONFIG_ADDRESS go on to the bus as they are.
}

void Bus::write(u64 offset, u32 size, u64 value) {
    if (offset >= config_data) {
        Function* const function = addressed();
        if (!function) return;
        const u32 place = static_cast<u32>((state_.address & RegisterNumber::mask) + offset - 4);
        function->config().write(place, size, static_cast<u32>(value));
        function->config_written(place, size);
        return;
    }
    if (size == 4) {
        state_.address = static_cast<u32>(value) & address_defined;
    } else if (offset == cf9 && size == 1 && wiring_.cf9) {
        wiring_.cf9->write(0, 1, value);
    }
}

void Bus::set_level(u32 input, bool high) {
    const u32 line = input % 4;
    const u32 number = input / 4;
    VERIFY(number < 256);
    const auto words = std::span(state_.asserted_pins).subspan(4 * line, 4);
    const auto any = [&] { return (words[0] | words[1] | words[2] | words[3]) != 0; };
    const bool before = any();
    const u64 bit = u64{1} << (number % 64);
    words[number / 64] = high ? words[number / 64] | bit : words[number / 64] & ~bit;
    if (any() != before) wiring_.pirq[line].set(!before);
}

/// All windows anew, in the order of the functions: where they lie is a function of the registers
/// alone, not of the order in which they were written, or restored.
void Bus::map_windows() {
    std::vector<Window> wanted;
    for (const auto& [number, function] : functions_) {
        function->config().add_windows(wanted);
        function->add_windows(wanted);
    }
    tell_moved_bars();
    if (wanted == windows_) return;
    for (const Placed& old : placed_) {
        (old.space == Space::Ports ? wiring_.ports : wiring_.memory).unmap(old.name);
    }
    placed_.clear();
    for (const Window& window : wanted) {
        fabric::IoSpace& space = window.space == Space::Ports ? wiring_.ports : wiring_.memory;
        const auto outcome = space.map({.name = window.name,
                                        .first = window.first,
                                        .length = window.length,
                                        .widest_access = window.widest_access,
                                        .handler = window.handler});
        if (outcome) {
            placed_.push_back({window.name, window.space});
        } else if (wiring_.trace) {
            wiring_.trace->guest_error(window.name, "window over another", window.first);
        }
    }
    windows_ = std::move(wanted);
}

void Bus::tell_moved_bars() {
    for (const auto& [number, function] : functions_) {
        for (const Bar& bar : function->config().bars()) {
            if (!bar.moved) continue;
            const std::optional<u64> address = function->config().address_of(bar);
            if (const auto told = told_.find(&bar);
                told == told_.end() ? !address : told->second == address) {
                continue;
            }
            told_[&bar] = address;
            bar.moved(address);
        }
    }
}

}  // namespace devices::pci
