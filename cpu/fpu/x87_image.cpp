// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/x87_image.hpp"

#include <cstring>

namespace cpu {

namespace {

constexpr usize register_bytes = 10;

enum class Tag : u8 { Valid, Zero, Special, Empty };

Tag tag_of(const X87Register& value) {
    const u16 exponent = value.sign_exponent & 0x7fff;
    if (exponent == 0 && value.significand == 0) return Tag::Zero;
    const bool integer_bit = (value.significand >> 63) != 0;
    if (exponent == 0 || exponent == 0x7fff || !integer_bit) return Tag::Special;
    return Tag::Valid;
}

}  // namespace

u16 full_tags(const X87State& x87) {
    const u32 top = (x87.status >> 11) & 7;
    u32 tags = 0;
    for (u32 physical = 0; physical < 8; ++physical) {
        const bool used = ((x87.tags >> physical) & 1) != 0;
        const Tag tag = used ? tag_of(x87.st[(physical - top) & 7]) : Tag::Empty;
        tags |= static_cast<u32>(tag) << (physical * 2);
    }
    return static_cast<u16>(tags);
}

u8 abridged_tags(u16 full) {
    u32 used = 0;
    for (u32 physical = 0; physical < 8; ++physical) {
        if (((full >> (physical * 2)) & 3) != 3) used |= 1u << physical;
    }
    return static_cast<u8>(used);
}

u16 with_error_summary(u16 status, u16 control) {
    constexpr u16 summary = x87_status::ErrorSummary | x87_status::Busy;
    const bool unmasked = (status & ~control & x87_status::Errors) != 0;
    return static_cast<u16>(unmasked ? status | summary : status & ~summary);
}

void to_host_image(const X87State& x87, X87Image& image) {
    image = {};
    image.control = x87.control;
    image.status = x87.status;
    image.tags = full_tags(x87);
    for (usize i = 0; i < 8; ++i) {
        u8* at = image.registers.data() + i * register_bytes;
        std::memcpy(at, &x87.st[i].significand, 8);
        std::memcpy(at + 8, &x87.st[i].sign_exponent, 2);
    }
}

void from_host_image(const X87Image& image, X87State& x87) {
    x87.control = static_cast<u16>(image.control);
    x87.status = static_cast<u16>(image.status);
    x87.tags = abridged_tags(static_cast<u16>(image.tags));
    for (usize i = 0; i < 8; ++i) {
        const u8* at = image.registers.data() + i * register_bytes;
        std::memcpy(&x87.st[i].significand, at, 8);
        std::memcpy(&x87.st[i].sign_exponent, at + 8, 2);
    }
}

}  // namespace cpu
