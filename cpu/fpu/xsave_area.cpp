// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/xsave_area.hpp"

#include <cstring>

#include "cpu/fpu/guest_fp_scope.hpp"
#include "cpu/fpu/x87_image.hpp"

namespace cpu::xsave_area {

namespace {

template <class T>
void put(Bytes& bytes, usize at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof(T));
}

template <class T>
T get(const Bytes& bytes, usize at) {
    T value;
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
}

void put_pointer(Bytes& bytes, usize at, u64 offset, u16 selector, bool wide) {
    if (wide) {
        put<u64>(bytes, at, offset);
    } else {
        put<u64>(bytes, at, static_cast<u32>(offset) | u64{selector} << 32);
    }
}

void get_pointer(const Bytes& bytes, usize at, bool wide, bool selectors, u64& offset,
                 u16& selector) {
    const auto value = get<u64>(bytes, at);
    offset = wide ? value : static_cast<u32>(value);
    selector = wide || !selectors ? u16{0} : static_cast<u16>(value >> 32);
}

}  // namespace

void store_x87(const X87State& x87, bool wide_pointers, Bytes& bytes) {
    put<u16>(bytes, 0, x87.control);
    put<u16>(bytes, 2, x87.status);
    put<u16>(bytes, 4, x87.tags);
    put<u16>(bytes, 6, x87.opcode);
    put_pointer(bytes, 8, x87.instruction_pointer, x87.instruction_selector, wide_pointers);
    put_pointer(bytes, 16, x87.data_pointer, x87.data_selector, wide_pointers);
    for (usize i = 0; i < x87.st.size(); ++i) {
        put<u64>(bytes, x87_registers + i * 16, x87.st[i].significand);
        put<u64>(bytes, x87_registers + i * 16 + 8, x87.st[i].sign_exponent);
    }
}

void load_x87(const Bytes& bytes, bool wide_pointers, bool selectors, X87State& x87) {
    x87.control = valid_x87_control(get<u16>(bytes, 0));
    x87.status = with_error_summary(get<u16>(bytes, 2), x87.control);
    x87.tags = get<u8>(bytes, 4);
    x87.opcode = get<u16>(bytes, 6) & 0x7ff;
    get_pointer(bytes, 8, wide_pointers, selectors, x87.instruction_pointer,
                x87.instruction_selector);
    get_pointer(bytes, 16, wide_pointers, selectors, x87.data_pointer, x87.data_selector);
    for (usize i = 0; i < x87.st.size(); ++i) {
        x87.st[i].significand = get<u64>(bytes, x87_registers + i * 16);
        x87.st[i].sign_exponent = get<u16>(bytes, x87_registers + i * 16 + 8);
    }
}

void store_mxcsr(u32 value, Bytes& bytes) {
    put<u32>(bytes, mxcsr, value);
    put<u32>(bytes, mxcsr + 4, mxcsr_mask);
}

u32 load_mxcsr(const Bytes& bytes) { return get<u32>(bytes, mxcsr); }

void store_xmm(const CpuState& state, usize count, Bytes& bytes) {
    for (usize i = 0; i < count; ++i) {
        std::memcpy(bytes.data() + xmm + i * 16, state.vector[i].lanes.data(), 16);
    }
}

void load_xmm(const Bytes& bytes, usize count, CpuState& state) {
    for (usize i = 0; i < count; ++i) {
        std::memcpy(state.vector[i].lanes.data(), bytes.data() + xmm + i * 16, 16);
    }
}

void store_avx(const CpuState& state, usize count, Bytes& bytes) {
    for (usize i = 0; i < count; ++i) {
        std::memcpy(bytes.data() + avx + i * 16, state.vector[i].lanes.data() + 2, 16);
    }
}

void load_avx(const Bytes& bytes, usize count, CpuState& state) {
    for (usize i = 0; i < count; ++i) {
        std::memcpy(state.vector[i].lanes.data() + 2, bytes.data() + avx + i * 16, 16);
    }
}

X87State initial_x87() { return {.control = 0x037f}; }

void clear_xmm(CpuState& state, usize count) {
    for (usize i = 0; i < count; ++i) state.vector[i].lanes[0] = state.vector[i].lanes[1] = 0;
}

void clear_avx(CpuState& state, usize count) {
    for (usize i = 0; i < count; ++i) state.vector[i].lanes[2] = state.vector[i].lanes[3] = 0;
}

}  // namespace cpu::xsave_area
