// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/poke.hpp"

#include <string>

#include "machine/board/board.hpp"

namespace machine {

namespace {

/// The first byte.
enum class PokeKind : u8 { Memory = 1, Register = 2 };

constexpr usize memory_head = 9;     // Kind, address.
constexpr usize register_head = 21;  // Kind, processor, two words; then the name.

template <class T>
void put(std::vector<u8>& out, T value) {
    for (usize i = 0; i < sizeof(T); ++i) out.push_back(static_cast<u8>(u64{value} >> (8 * i)));
}

u64 get(std::span<const u8> from, usize offset, usize size) {
    u64 value = 0;
    for (usize i = 0; i < size; ++i) value |= u64{from[offset + i]} << (8 * i);
    return value;
}

}  // namespace

std::vector<u8> poke_of_memory(fabric::Gpa first, std::span<const u8> bytes) {
    std::vector<u8> poke{static_cast<u8>(PokeKind::Memory)};
    put(poke, first.value);
    poke.insert(poke.end(), bytes.begin(), bytes.end());
    return poke;
}

std::vector<u8> poke_of_register(u32 processor, std::string_view name,
                                 const cpu::RegisterValue& value) {
    std::vector<u8> poke{static_cast<u8>(PokeKind::Register)};
    put(poke, processor);
    put(poke, value[0]);
    put(poke, value[1]);
    poke.insert(poke.end(), name.begin(), name.end());
    return poke;
}

void apply_poke(Board& board, std::span<const u8> poke) {
    if (poke.size() >= memory_head && poke[0] == static_cast<u8>(PokeKind::Memory)) {
        // False where there is no memory, or none that is writable: it stays as it is.
        (void)board.memory().write(fabric::Gpa{get(poke, 1, 8)}, poke.subspan(memory_head));
    }
    if (poke.size() >= register_head && poke[0] == static_cast<u8>(PokeKind::Register)) {
        const u64 processor = get(poke, 1, 4);
        const std::string name(poke.begin() + register_head, poke.end());
        const cpu::NamedRegister* const row = cpu::find_register(name);
        if (!row || processor >= board.processors()) return;
        cpu::write_register(board.vcpu(processor), *row, {get(poke, 5, 8), get(poke, 13, 8)});
    }
}

}  // namespace machine
