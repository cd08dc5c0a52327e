// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/thunk_arena.hpp"

#include <sys/mman.h>
#include <unistd.h>
#include <cstring>

#include "fabric/support/verify.hpp"

namespace cpu {

namespace {

constexpr usize entry_alignment = 16;

/// Code was written through another address than the one it runs at: SDM 3A 8.1.3 wants a
/// serializing instruction in between.
void serialize() {
    u32 leaf = 0;
    asm volatile("cpuid" : "+a"(leaf) : : "rbx", "rcx", "rdx", "memory");
}

}  // namespace

ThunkArena::ThunkArena() {
    const int memory = memfd_create("satori-thunks", MFD_CLOEXEC);
    VERIFY(memory >= 0 && ftruncate(memory, off_t{size}) == 0);
    void* writable = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, memory, 0);
    void* executable = mmap(nullptr, size, PROT_READ | PROT_EXEC, MAP_SHARED, memory, 0);
    VERIFY(writable != MAP_FAILED && executable != MAP_FAILED);
    close(memory);
    writable_ = static_cast<u8*>(writable);
    executable_ = static_cast<const u8*>(executable);
}

const u8* ThunkArena::add(std::span<const u8> code) {
    if (size - used_ < code.size()) return nullptr;
    const u8* place = executable_ + used_;
    std::memcpy(writable_ + used_, code.data(), code.size());
    used_ += (code.size() + entry_alignment - 1) & ~(entry_alignment - 1);
    return place;
}

void ThunkArena::replace(const u8* place, std::span<const u8> code) {
    std::memcpy(writable_ + (place - executable_), code.data(), code.size());
    serialize();
}

}  // namespace cpu
