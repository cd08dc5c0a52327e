// SPDX-License-Identifier: BSD-2-Clause
//
// The requests that look at and change what the guest is: registers, memory, breakpoints.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "frontends/gdb/stub.hpp"

namespace frontends::gdb {

using fabric::Result;
using machine::Debugger;

namespace {

constexpr std::string_view bad_request = "E16";
constexpr std::string_view no_memory = "E0e";

constexpr u64 last_code_type = 1;  // Z0 and Z1 are instructions, Z2 to Z4 are data.
constexpr u64 last_type = 4;

/// "address,length" as most requests about memory begin.
struct Range {
    u64 address = 0;
    u64 length = 0;
};
std::optional<Range> range_of(Scanner& rest) {
    const auto address = rest.number();
    const auto length = address && rest.skip(",") ? rest.number() : std::nullopt;
    if (!length) return std::nullopt;
    return Range{*address, *length};
}

}  // namespace

std::string Stub::register_bytes(const TargetDescription::Shown& shown) const {
    const cpu::RegisterValue value = debugger_.read_register(for_state_, *shown.which);
    std::vector<u8> bytes(shown.bytes);
    for (usize i = 0; i < bytes.size(); ++i)
        bytes[i] = static_cast<u8>(value[i / 8] >> (8 * (i % 8)));
    return hex_of(bytes);
}

Result<> Stub::set_register(const TargetDescription::Shown& shown, std::span<const u8> from) {
    cpu::RegisterValue value{};
    for (usize i = 0; i < shown.bytes; ++i) value[i / 8] |= u64{from[i]} << (8 * (i % 8));
    return debugger_.write_register(for_state_, *shown.which, value);
}

void Stub::read_registers() {
    std::string all;
    for (const auto& shown : description_.registers()) all += register_bytes(shown);
    send(all);
}

void Stub::write_registers(Scanner rest) {
    const auto bytes = bytes_of_hex(rest.rest());
    if (!bytes) return send(bad_request);
    std::span<const u8> left(*bytes);
    for (const auto& shown : description_.registers()) {
        if (left.size() < shown.bytes) break;
        const auto part = left.first(shown.bytes);
        left = left.subspan(shown.bytes);
        // What is as it was is not written: some registers refuse it.
        if (hex_of(part) == register_bytes(shown)) continue;
        if (const auto outcome = set_register(shown, part); !outcome) return answer_ok_or(outcome);
    }
    send("OK");
}

void Stub::read_one_register(Scanner rest) {
    const auto number = rest.number();
    if (!number || *number >= description_.registers().size()) return send(bad_request);
    send(register_bytes(description_.registers()[*number]));
}

void Stub::write_one_register(Scanner rest) {
    const auto number = rest.number();
    if (!number || *number >= description_.registers().size() || !rest.skip("=")) {
        return send(bad_request);
    }
    const TargetDescription::Shown& shown = description_.registers()[*number];
    const auto bytes = bytes_of_hex(rest.rest());
    if (!bytes || bytes->size() != shown.bytes) return send(bad_request);
    answer_ok_or(set_register(shown, *bytes));
}

void Stub::read_memory(Scanner rest, bool binary) {
    const auto range = range_of(rest);
    if (!range) return send(bad_request);
    std::vector<u8> bytes(std::min<u64>(range->length, largest_packet / 2));
    const usize read = debugger_.read_memory(for_state_, range->address, bytes);
    if (read == 0 && range->length != 0) return send(no_memory);
    bytes.resize(read);
    send(binary ? "b" + std::string(bytes.begin(), bytes.end()) : hex_of(bytes));
}

void Stub::write_memory(Scanner rest, bool binary) {
    const auto range = range_of(rest);
    if (!range || !rest.skip(":")) return send(bad_request);
    const auto bytes = binary ? std::vector<u8>(rest.rest().begin(), rest.rest().end())
                              : bytes_of_hex(rest.rest());
    if (!bytes || bytes->size() != range->length) return send(bad_request);
    answer_ok_or(debugger_.write_memory(for_state_, range->address, *bytes));
}

/// GDB may have a breakpoint of either kind at one address: the last of them to go takes it away.
bool Stub::change_code_breakpoint(u64 type, u64 address, bool insert) {
    if (insert) {
        code_breakpoints_.insert({type, address});
        debugger_.insert_breakpoint(address);
        return true;
    }
    if (code_breakpoints_.erase({type, address}) == 0) return false;
    if (!code_breakpoints_.contains({last_code_type - type, address})) {
        debugger_.remove_breakpoint(address);
    }
    return true;
}

void Stub::change_breakpoint(Scanner rest, bool insert) {
    const auto type = rest.number();
    if (!type || *type > last_type) return send("");
    const auto range = rest.skip(",") ? range_of(rest) : std::nullopt;
    if (!range) return send(bad_request);
    if (*type <= last_code_type) {
        return send(change_code_breakpoint(*type, range->address, insert) ? "OK" : bad_request);
    }
    using Watch = Debugger::Watch;
    constexpr std::array kinds = {Watch::Write, Watch::Read, Watch::ReadWrite};
    const Debugger::Watchpoint watchpoint{
        .range = {range->address, std::max<u64>(range->length, 1)},
        .watch = kinds[*type - last_code_type - 1]};
    if (insert) debugger_.insert_watchpoint(watchpoint);
    const bool done = insert || debugger_.remove_watchpoint(watchpoint);
    send(done ? "OK" : bad_request);
}

}  // namespace frontends::gdb
