// SPDX-License-Identifier: BSD-2-Clause
//
// The monitor's commands about memory.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "cpu/decode/decoder.hpp"
#include "cpu/decode/disassembly.hpp"
#include "fabric/host/file.hpp"
#include "frontends/monitor/monitor.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

constexpr u64 largest_save = u64{1} << 40;
constexpr usize longest_instruction = 15;
constexpr usize line_bytes = 16;

std::string text_of_item(u64 value, const DumpFormat& format) {
    const unsigned bits = 8u * format.size;
    switch (format.form) {
        case 'd': {
            const u64 sign = u64{1} << (bits - 1);
            return fmt::format("{}", static_cast<i64>((value ^ sign) - sign));
        }
        case 'u': return fmt::format("{}", value);
        case 'o': return fmt::format("{:#o}", value);
        case 'c':
            return value >= ' ' && value <= '~' ? fmt::format("'{}'", static_cast<char>(value))
                                                : fmt::format("{:#04x}", value);
        default: return fmt::format("0x{:0{}x}", value, bits / 4);
    }
}

}  // namespace

Result<u64> Monitor::value(const std::string& expression) {
    return value_of(expression, [&](std::string_view name) -> std::optional<u64> {
        const cpu::NamedRegister* const found = cpu::find_register(name == "pc"   ? "rip"
                                                                   : name == "sp" ? "rsp"
                                                                                  : name);
        if (!found) return std::nullopt;
        return debugger_.read_register(processor_, *found)[0];
    });
}

usize Monitor::read(u64 address, std::span<u8> into, bool physical) {
    return physical ? debugger_.read_physical(address, into)
                    : debugger_.read_memory(processor_, address, into);
}

Monitor::Answer Monitor::examine(Words words) { return dump(words, false); }
Monitor::Answer Monitor::examine_physical(Words words) { return dump(words, true); }
Monitor::Answer Monitor::save_memory(Words words) { return save(words, false); }
Monitor::Answer Monitor::save_physical(Words words) { return save(words, true); }

Monitor::Answer Monitor::dump(Words words, bool physical) {
    const DumpFormat format = TRY(parse_dump_format(format_));
    const u64 address = TRY(value(words[0]));
    return format.form == 'i' ? instructions_at(address, format.count, physical)
                              : items_at(address, format, physical);
}

std::string Monitor::instructions_at(u64 address, u64 count, bool physical) {
    std::string text;
    const cpu::CodeMode mode = vcpu().code_mode();
    for (u64 i = 0; i < count; ++i) {
        std::array<u8, longest_instruction> bytes{};
        const std::span<const u8> there(bytes.data(), read(address, bytes, physical));
        if (there.empty()) return text + fmt::format("{:016x}: there is no memory\n", address);
        cpu::Instruction decoded;
        const bool known =
            cpu::decode(there, mode, cpu::FeatureSet::all(), decoded) == cpu::DecodeStatus::Ok;
        const usize length = known ? decoded.length : 1;
        std::string hex;
        for (const u8 byte : there.first(length)) hex += fmt::format("{:02x}", byte);
        text += fmt::format("{:016x}: {:<20} {}\n", address, hex,
                            cpu::disassemble(there, mode, address));
        address += length;
    }
    return text;
}

std::string Monitor::items_at(u64 address, const DumpFormat& format, bool physical) {
    std::string text;
    const u64 on_line = format.form == 'c' ? 8 : line_bytes / format.size;
    for (u64 i = 0; i < format.count; ++i) {
        if (i % on_line == 0) text += fmt::format("{}{:016x}:", i == 0 ? "" : "\n", address);
        std::array<u8, 8> bytes{};
        if (read(address, std::span(bytes).first(format.size), physical) != format.size) {
            return text + " there is no memory\n";
        }
        u64 item = 0;
        for (usize byte = 0; byte < format.size; ++byte) item |= u64{bytes[byte]} << (8 * byte);
        text += " " + text_of_item(item, format);
        address += format.size;
    }
    return text + "\n";
}

Monitor::Answer Monitor::translate(Words words) {
    const u64 linear = TRY(value(words[0]));
    const auto physical = debugger_.physical_address(processor_, linear);
    if (!physical) return Error{fmt::format("{:#x} leads nowhere", linear)};
    return fmt::format("{:#x}\n", *physical);
}

Monitor::Answer Monitor::save(Words words, bool physical) {
    const u64 address = TRY(value(words[0]));
    const u64 length = TRY(value(words[1]));
    if (length == 0 || length > largest_save) return Error{"'" + words[1] + "' is no size"};
    auto file = TRY(fabric::FileReplacement::begin(words[2]));
    std::vector<u8> piece(std::min<u64>(length, 1 << 20));
    for (u64 done = 0; done < length;) {
        const auto part = std::span(piece).first(std::min<u64>(piece.size(), length - done));
        const usize got = read(address + done, part, physical);
        if (got != part.size()) {
            return Error{fmt::format("there is no memory at {:#x}; nothing was written",
                                     address + done + got)};
        }
        TRY(file.append(part));
        done += part.size();
    }
    TRY(file.commit());
    return fmt::format("{}: {} bytes\n", words[2], length);
}

}  // namespace frontends
