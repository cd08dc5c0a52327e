// SPDX-License-Identifier: BSD-2-Clause
//
// ACPI machine language (ACPI 6.3, chapter 20), made from pieces that read like ASL:
//
//   device("RTC", name("_HID", eisa_id("PNP0B00")),
//                 name("_CRS", resources(io_ports(0x70, 4), irq(8))))
//
// A piece is a value; larger ones are made of smaller ones. What is a name and what an expression
// is up to the caller: iasl, in the tests, is the judge.
#pragma once

#include <concepts>
#include <initializer_list>
#include <string_view>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace machine::aml {

struct Code {
    std::vector<u8> bytes;

    Code& operator+=(const Code& more) {
        bytes.insert(bytes.end(), more.bytes.begin(), more.bytes.end());
        return *this;
    }
};

Code join(std::initializer_list<Code> parts);

// Data objects.

Code integer(u64 value);
Code string(std::string_view text);
Code buffer(const Code& contents);
Code package(std::initializer_list<Code> elements);
Code package(const std::vector<Code>& elements);
/// "PNP0A03", packed into an integer (6.1.5).
Code eisa_id(std::string_view id);

// Names and objects. A path is written as in ASL: "\\_SB.PCI0", "LNKA", "^PRQ0".

Code path(std::string_view text);
Code name(std::string_view object, const Code& value);

enum class Space : u8 { SystemMemory = 0, SystemIo = 1, PciConfig = 2 };
Code operation_region(std::string_view region, Space space, u64 offset, u64 length);
/// A field of `bits` bits; one without a name is skipped.
struct FieldUnit {
    std::string_view name;
    u32 bits;
};
/// Byte access, no lock, preserving.
Code byte_field(std::string_view region, std::initializer_list<FieldUnit> units);

enum class Reentrancy : u8 { NotSerialized = 0, Serialized = 1 };

namespace detail {
Code scope(std::string_view where, const Code& body);
Code device(std::string_view what, const Code& body);
Code method(std::string_view what, u8 arguments, Reentrancy reentrancy, const Code& body);
Code if_true(const Code& condition, const Code& body);
}  // namespace detail

template <std::same_as<Code>... Parts>
Code scope(std::string_view where, const Parts&... parts) {
    return detail::scope(where, join({parts...}));
}
template <std::same_as<Code>... Parts>
Code device(std::string_view what, const Parts&... parts) {
    return detail::device(what, join({parts...}));
}
template <std::same_as<Code>... Parts>
Code method(std::string_view what, u8 arguments, Reentrancy reentrancy, const Parts&... parts) {
    return detail::method(what, arguments, reentrancy, join({parts...}));
}

// Statements and expressions.

template <std::same_as<Code>... Parts>
Code if_true(const Code& condition, const Parts&... parts) {
    return detail::if_true(condition, join({parts...}));
}
Code argument(u8 number);
Code call(std::string_view what, std::initializer_list<Code> arguments);
Code store(const Code& value, const Code& target);
Code bit_and(const Code& a, const Code& b);
/// Or(a, b, target)
Code bit_or_into(const Code& a, const Code& b, const Code& target);
Code less(const Code& a, const Code& b);
Code create_dword_field(const Code& buffer, u64 byte, std::string_view field);
Code give_back(const Code& value);

// Resource descriptors (6.4).

template <std::same_as<Code>... Parts>
Code resources(const Parts&... parts) {
    return buffer(join({parts..., Code{{0x79, 0}}}));  // End tag; a zero check sum is not checked.
}
/// IO(Decode16, first, first, 1, length)
Code io_ports(u16 first, u8 length);
/// IRQNoFlags: an ISA interrupt, edge, active high, exclusive.
Code irq(u8 number);
/// Interrupt(ResourceConsumer, Level, ActiveHigh, Shared): of a PCI link.
Code level_interrupts(std::initializer_list<u32> numbers);
/// DMA(Compatibility, NotBusMaster, Transfer8)
Code dma_channel(u8 number);
/// Memory32Fixed(ReadWrite, first, length)
Code fixed_memory(u32 first, u32 length);

// What a bus passes on to those behind it: windows, both ends fixed.

Code bus_numbers(u16 first, u16 last);
Code io_window(u16 first, u16 last);
enum class Caching : u8 { NonCacheable = 0, Cacheable = 1 };
Code memory_window_32(u32 first, u32 last, Caching caching);
Code memory_window_64(u64 first, u64 last, Caching caching);

}  // namespace machine::aml
