// SPDX-License-Identifier: BSD-2-Clause
#include "tests/cpu/fpu/host_program.hpp"

#include <sys/mman.h>
#include <cstddef>
#include <cstring>
#include <vector>

#include "fabric/support/verify.hpp"

namespace test {

namespace {

class Program {
public:
    void bytes(std::initializer_list<u8> values) { code_.insert(code_.end(), values); }
    void append(std::span<const u8> values) {
        code_.insert(code_.end(), values.begin(), values.end());
    }
    /// ModRM for [rbx + displacement].
    void operand(u8 reg, usize displacement) {
        code_.push_back(static_cast<u8>(0x83 | reg << 3));
        for (int shift = 0; shift < 32; shift += 8) {
            code_.push_back(static_cast<u8>(displacement >> shift));
        }
    }
    /// VMOVUPS of all registers, loading (10) or storing (11).
    void move_vectors(u8 opcode) {
        for (u8 i = 0; i < 16; ++i) {
            bytes({0xc5, i < 8 ? u8{0xfc} : u8{0x7c}, opcode});
            operand(i & 7, offsetof(HostRegisters, vector) + i * usize{32});
        }
    }
    /// MOV between a 64-bit register and memory, loading (8b) or storing (89).
    void move_gprs(u8 opcode) {
        constexpr std::array<usize, 4> offsets{
            offsetof(HostRegisters, rax), offsetof(HostRegisters, rcx),
            offsetof(HostRegisters, rdx), offsetof(HostRegisters, rsi)};
        constexpr std::array<u8, 4> numbers{0, 1, 2, 6};
        for (usize i = 0; i < 4; ++i) {
            bytes({0x48, opcode});
            operand(numbers[i], offsets[i]);
        }
    }
    std::span<const u8> view() const { return code_; }

private:
    std::vector<u8> code_;
};

u8* executable_page() {
    static u8* page = [] {
        void* mapped = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        VERIFY(mapped != MAP_FAILED);
        return static_cast<u8*>(mapped);
    }();
    return page;
}

}  // namespace

void run_on_host(std::span<const u8> instruction, HostRegisters& registers) {
    Program program;
    program.bytes({0x53, 0x48, 0x89, 0xfb});  // PUSH RBX; MOV RBX, RDI
    program.move_vectors(0x10);
    program.bytes({0x0f, 0xae});  // LDMXCSR
    program.operand(2, offsetof(HostRegisters, mxcsr));
    program.move_gprs(0x8b);
    program.bytes({0xff});  // PUSH flags; POPF
    program.operand(6, offsetof(HostRegisters, rflags));
    program.bytes({0x9d});
    program.append(instruction);
    program.bytes({0x9c, 0x8f});  // PUSHF; POP flags
    program.operand(0, offsetof(HostRegisters, rflags));
    program.move_gprs(0x89);
    program.bytes({0x0f, 0xae});  // STMXCSR
    program.operand(3, offsetof(HostRegisters, mxcsr));
    program.move_vectors(0x11);
    program.bytes({0xc5, 0xf8, 0x77, 0x5b, 0xc3});  // VZEROUPPER; POP RBX; RET

    u8* page = executable_page();
    VERIFY(program.view().size() <= 4096);
    std::memcpy(page, program.view().data(), program.view().size());
    u32 own_mxcsr;
    asm volatile("stmxcsr %0" : "=m"(own_mxcsr));
    reinterpret_cast<void (*)(HostRegisters*)>(reinterpret_cast<u64>(page))(&registers);
    asm volatile("ldmxcsr %0" : : "m"(own_mxcsr));
}

}  // namespace test
