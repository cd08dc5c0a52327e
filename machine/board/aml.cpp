// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/aml.hpp"

#include <algorithm>

#include "fabric/support/verify.hpp"

namespace machine::aml {

namespace {

/// Opcodes (ACPI 6.3, 20.2).
namespace op {
constexpr u8 Zero = 0x00;
constexpr u8 One = 0x01;
constexpr u8 Name = 0x08;
constexpr u8 Byte = 0x0a;
constexpr u8 Word = 0x0b;
constexpr u8 DWord = 0x0c;
constexpr u8 String = 0x0d;
constexpr u8 QWord = 0x0e;
constexpr u8 Scope = 0x10;
constexpr u8 Buffer = 0x11;
constexpr u8 Package = 0x12;
constexpr u8 Method = 0x14;
constexpr u8 DualName = 0x2e;
constexpr u8 MultiName = 0x2f;
constexpr u8 Extended = 0x5b;
constexpr u8 ExtendedRegion = 0x80;
constexpr u8 ExtendedField = 0x81;
constexpr u8 ExtendedDevice = 0x82;
constexpr u8 Arg0 = 0x68;
constexpr u8 Store = 0x70;
constexpr u8 And = 0x7b;
constexpr u8 Or = 0x7d;
constexpr u8 CreateDWordField = 0x8a;
constexpr u8 Less = 0x95;
constexpr u8 If = 0xa0;
constexpr u8 Return = 0xa4;
}  // namespace op

Code byte(u64 value) { return {{static_cast<u8>(value)}}; }

/// Little-endian.
Code number(u64 value, usize size) {
    Code code;
    for (usize i = 0; i < size; ++i) code.bytes.push_back(static_cast<u8>(value >> (8 * i)));
    return code;
}

/// A PkgLength of `bytes` bytes: the first has the count of those that follow.
Code package_length(u64 value, usize bytes) {
    VERIFY(value < u64{1} << 28);
    if (bytes == 1) return byte(value);
    Code code = byte((bytes - 1) << 6 | (value & 0xf));
    for (usize i = 0; i + 1 < bytes; ++i) {
        code.bytes.push_back(static_cast<u8>(value >> (4 + 8 * i)));
    }
    return code;
}

usize package_length_bytes(u64 value) {
    if (value < 0x40) return 1;
    if (value < 0x1000) return 2;
    return value < 0x10'0000 ? 3 : 4;
}

/// Of a field unit: the value alone.
Code length_of_bits(u32 bits) { return package_length(bits, package_length_bytes(bits)); }

/// opcode, PkgLength, contents; the length counts itself.
Code enclosed(const Code& opcode, const Code& contents) {
    usize bytes = 1;
    while (package_length_bytes(contents.bytes.size() + bytes) > bytes) ++bytes;
    return join({opcode, package_length(contents.bytes.size() + bytes, bytes), contents});
}

Code extended(u8 opcode) { return {{op::Extended, opcode}}; }

/// Four characters, filled up with underscores.
Code segment(std::string_view text) {
    VERIFY(!text.empty() && text.size() <= 4);
    Code code;
    for (usize i = 0; i < 4; ++i) {
        code.bytes.push_back(static_cast<u8>(i < text.size() ? text[i] : '_'));
    }
    return code;
}

u64 hex_digit(char digit) {
    if (digit >= '0' && digit <= '9') return static_cast<u64>(digit - '0');
    VERIFY(digit >= 'A' && digit <= 'F');
    return static_cast<u64>(digit - 'A') + 10;
}

}  // namespace

Code join(std::initializer_list<Code> parts) {
    Code whole;
    for (const Code& part : parts) whole += part;
    return whole;
}

Code integer(u64 value) {
    if (value == 0) return byte(op::Zero);
    if (value == 1) return byte(op::One);
    if (value <= 0xff) return join({byte(op::Byte), number(value, 1)});
    if (value <= 0xffff) return join({byte(op::Word), number(value, 2)});
    if (value <= 0xffff'ffff) return join({byte(op::DWord), number(value, 4)});
    return join({byte(op::QWord), number(value, 8)});
}

Code string(std::string_view text) {
    Code code = byte(op::String);
    code.bytes.insert(code.bytes.end(), text.begin(), text.end());
    return code += byte(0);
}

Code buffer(const Code& contents) {
    return enclosed(byte(op::Buffer), join({integer(contents.bytes.size()), contents}));
}

Code package(const std::vector<Code>& elements) {
    VERIFY(elements.size() <= 0xff);
    Code contents = byte(elements.size());
    for (const Code& element : elements) contents += element;
    return enclosed(byte(op::Package), contents);
}

Code package(std::initializer_list<Code> elements) { return package(std::vector<Code>(elements)); }

Code eisa_id(std::string_view id) {
    VERIFY(id.size() == 7);
    u64 value = 0;
    for (const char letter : id.substr(0, 3)) {
        VERIFY(letter >= 'A' && letter <= 'Z');
        value = value << 5 | static_cast<u64>(letter - 'A' + 1);
    }
    for (const char digit : id.substr(3)) value = value << 4 | hex_digit(digit);
    return integer(__builtin_bswap32(static_cast<u32>(value)));
}

Code path(std::string_view text) {
    Code code;
    while (text.starts_with('\\') || text.starts_with('^')) {
        code += byte(static_cast<u8>(text.front()));
        text.remove_prefix(1);
    }
    const auto segments = static_cast<usize>(std::count(text.begin(), text.end(), '.')) + 1;
    if (segments == 2) code += byte(op::DualName);
    if (segments > 2) code += join({byte(op::MultiName), byte(segments)});
    for (usize i = 0; i < segments; ++i) {
        const usize end = std::min(text.find('.'), text.size());
        code += segment(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return code;
}

Code name(std::string_view object, const Code& value) {
    return join({byte(op::Name), path(object), value});
}

Code operation_region(std::string_view region, Space space, u64 offset, u64 length) {
    return join({extended(op::ExtendedRegion), path(region), byte(static_cast<u8>(space)),
                 integer(offset), integer(length)});
}

Code byte_field(std::string_view region, std::initializer_list<FieldUnit> units) {
    constexpr u8 byte_access = 1;  // No lock and preserve are zeroes above it.
    Code contents = join({path(region), byte(byte_access)});
    for (const FieldUnit& unit : units) {
        contents += unit.name.empty() ? byte(0) : segment(unit.name);
        contents += length_of_bits(unit.bits);
    }
    return enclosed(extended(op::ExtendedField), contents);
}

Code detail::scope(std::string_view where, const Code& body) {
    return enclosed(byte(op::Scope), join({path(where), body}));
}

Code detail::device(std::string_view what, const Code& body) {
    return enclosed(extended(op::ExtendedDevice), join({path(what), body}));
}

Code detail::method(std::string_view what, u8 arguments, Reentrancy reentrancy, const Code& body) {
    const u64 flags = arguments | static_cast<u64>(reentrancy) << 3;
    return enclosed(byte(op::Method), join({path(what), byte(flags), body}));
}

Code detail::if_true(const Code& condition, const Code& body) {
    return enclosed(byte(op::If), join({condition, body}));
}

Code argument(u8 index) {
    VERIFY(index < 7);
    return byte(op::Arg0 + index);
}

Code call(std::string_view what, std::initializer_list<Code> arguments) {
    return join({path(what), join(arguments)});
}

Code store(const Code& value, const Code& target) { return join({byte(op::Store), value, target}); }

Code bit_and(const Code& a, const Code& b) { return join({byte(op::And), a, b, byte(op::Zero)}); }

Code bit_or_into(const Code& a, const Code& b, const Code& target) {
    return join({byte(op::Or), a, b, target});
}

Code less(const Code& a, const Code& b) { return join({byte(op::Less), a, b}); }

Code create_dword_field(const Code& source, u64 offset, std::string_view field) {
    return join({byte(op::CreateDWordField), source, integer(offset), path(field)});
}

Code give_back(const Code& value) { return join({byte(op::Return), value}); }

namespace {

/// A small descriptor's first byte has its type and length (6.4.2).
constexpr u8 small_irq = 0x22;
constexpr u8 small_dma = 0x2a;
constexpr u8 small_io = 0x47;
constexpr u8 large_fixed_memory = 0x86;
constexpr u8 large_dword_window = 0x87;
constexpr u8 large_word_window = 0x88;
constexpr u8 large_interrupts = 0x89;
constexpr u8 large_qword_window = 0x8a;

enum class WindowKind : u8 { Memory = 0, Io = 1, BusNumbers = 2 };

/// Minimum and maximum fixed, positively decoded, passed on to children (6.4.3.5).
Code window(u8 descriptor, usize width, WindowKind kind, u64 type_flags, u64 first, u64 last) {
    constexpr u64 both_fixed = 0x0c;
    Code contents = join({byte(static_cast<u8>(kind)), byte(both_fixed), byte(type_flags)});
    for (const u64 value : {u64{0}, first, last, u64{0}, last - first + 1}) {
        contents += number(value, width);
    }
    return join({byte(descriptor), number(contents.bytes.size(), 2), contents});
}

constexpr u64 read_write = 1;

u64 memory_flags(Caching caching) { return static_cast<u64>(caching) << 1 | read_write; }

}  // namespace

Code io_ports(u16 first, u8 length) {
    constexpr u64 decodes_16_bits = 1;
    return join({byte(small_io), byte(decodes_16_bits), number(first, 2), number(first, 2), byte(1),
                 byte(length)});
}

Code irq(u8 line) {
    VERIFY(line < 16);
    return join({byte(small_irq), number(u64{1} << line, 2)});
}

Code level_interrupts(std::initializer_list<u32> numbers) {
    constexpr u64 consumer_shared_level_high = 0x09;
    Code contents = join({byte(consumer_shared_level_high), byte(numbers.size())});
    for (const u32 each : numbers) contents += number(each, 4);
    return join({byte(large_interrupts), number(contents.bytes.size(), 2), contents});
}

Code dma_channel(u8 channel) {
    VERIFY(channel < 8);
    return join({byte(small_dma), byte(u64{1} << channel), byte(0)});
}

Code fixed_memory(u32 first, u32 length) {
    return join({byte(large_fixed_memory), number(9, 2), byte(read_write), number(first, 4),
                 number(length, 4)});
}

Code bus_numbers(u16 first, u16 last) {
    return window(large_word_window, 2, WindowKind::BusNumbers, 0, first, last);
}

Code io_window(u16 first, u16 last) {
    constexpr u64 entire_range = 3;
    return window(large_word_window, 2, WindowKind::Io, entire_range, first, last);
}

Code memory_window_32(u32 first, u32 last, Caching caching) {
    return window(large_dword_window, 4, WindowKind::Memory, memory_flags(caching), first, last);
}

Code memory_window_64(u64 first, u64 last, Caching caching) {
    return window(large_qword_window, 8, WindowKind::Memory, memory_flags(caching), first, last);
}

}  // namespace machine::aml
