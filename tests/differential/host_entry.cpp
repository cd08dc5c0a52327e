// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/host_entry.hpp"

// Addresses are absolute: when a test is over no register can be trusted, not even RSP.
asm(R"(
    .set CONTROL, 0x6fff0000
    .set GPR_OUT, CONTROL + 0x80
    .set HOST_RSP, CONTROL + 0x100
    .set HOST_FS_BASE, CONTROL + 0x108
    .set HOST_GS_BASE, CONTROL + 0x110
    .set RFLAGS_OUT, CONTROL + 0x120
    .set FS_BASE, CONTROL + 0x128
    .set GS_BASE, CONTROL + 0x130
    .set SELECTORS_IN, CONTROL + 0x138
    .set SELECTORS_OUT, CONTROL + 0x148
    .set LOAD_SELECTORS, CONTROL + 0x15c
    .set ACTIVE, CONTROL + 0x160
    .set STACK_TOP, CONTROL + 0x400
    .set EXTENDED_IN, CONTROL + 0x400
    .set EXTENDED_OUT, CONTROL + 0x800
    .set ENTRY_FRAME, 0x3a5e2000cf00

    .text
    .globl host_enter, host_exit, host_signal, host_leave
    .type host_enter, @function
host_enter:
    push %rbx
    push %rbp
    push %r12
    push %r13
    push %r14
    push %r15
    mov %rsp, HOST_RSP
    rdfsbase %rax
    mov %rax, HOST_FS_BASE
    rdgsbase %rax
    mov %rax, HOST_GS_BASE
    movl $1, ACTIVE
    cmpl $0, LOAD_SELECTORS
    je 1f
    mov SELECTORS_IN, %eax
    mov %eax, %ds
    mov SELECTORS_IN + 4, %eax
    mov %eax, %es
    mov SELECTORS_IN + 8, %eax
    mov %eax, %fs
    mov SELECTORS_IN + 12, %eax
    mov %eax, %gs
    jmp 2f
1:  mov FS_BASE, %rax
    wrfsbase %rax
    mov GS_BASE, %rax
    wrgsbase %rax
2:  mov $7, %eax
    xor %edx, %edx
    xrstor64 EXTENDED_IN
    mov CONTROL + 0x08, %rcx
    mov CONTROL + 0x10, %rdx
    mov CONTROL + 0x18, %rbx
    mov CONTROL + 0x28, %rbp
    mov CONTROL + 0x30, %rsi
    mov CONTROL + 0x38, %rdi
    mov CONTROL + 0x40, %r8
    mov CONTROL + 0x48, %r9
    mov CONTROL + 0x50, %r10
    mov CONTROL + 0x58, %r11
    mov CONTROL + 0x60, %r12
    mov CONTROL + 0x68, %r13
    mov CONTROL + 0x70, %r14
    mov CONTROL + 0x78, %r15
    mov CONTROL + 0x00, %rax
    movabs $ENTRY_FRAME, %rsp
    iretq

host_exit:
    mov %rax, GPR_OUT + 0x00
    mov %rcx, GPR_OUT + 0x08
    mov %rdx, GPR_OUT + 0x10
    mov %rbx, GPR_OUT + 0x18
    mov %rsp, GPR_OUT + 0x20
    mov %rbp, GPR_OUT + 0x28
    mov %rsi, GPR_OUT + 0x30
    mov %rdi, GPR_OUT + 0x38
    mov %r8, GPR_OUT + 0x40
    mov %r9, GPR_OUT + 0x48
    mov %r10, GPR_OUT + 0x50
    mov %r11, GPR_OUT + 0x58
    mov %r12, GPR_OUT + 0x60
    mov %r13, GPR_OUT + 0x68
    mov %r14, GPR_OUT + 0x70
    mov %r15, GPR_OUT + 0x78
    mov $STACK_TOP, %rsp
    pushfq
    pop %rax
    mov %rax, RFLAGS_OUT
    mov $7, %eax
    xor %edx, %edx
    xsave64 EXTENDED_OUT
    call host_segments
host_leave:
    mov HOST_RSP, %rsp
    pushq $0x202
    popfq
    movl $0, ACTIVE
    vzeroupper
    fninit
    pushq $0x1f80
    ldmxcsr (%rsp)
    pop %rax
    pop %r15
    pop %r14
    pop %r13
    pop %r12
    pop %rbp
    pop %rbx
    ret

// Keeps the segment registers and bases, and makes them those of the harness. Uses RAX.
host_segments:
    rdfsbase %rax
    mov %rax, FS_BASE
    rdgsbase %rax
    mov %rax, GS_BASE
    mov %ds, %eax
    mov %eax, SELECTORS_OUT
    mov %es, %eax
    mov %eax, SELECTORS_OUT + 4
    mov %fs, %eax
    mov %eax, SELECTORS_OUT + 8
    mov %gs, %eax
    mov %eax, SELECTORS_OUT + 12
    mov %ss, %eax
    mov %eax, SELECTORS_OUT + 16
    cmp $0x2b, %eax
    je 1f
    mov $0x2b, %eax
    mov %eax, %ss
1:  xor %eax, %eax
    cmpl $0, SELECTORS_OUT
    je 1f
    mov %eax, %ds
1:  cmpl $0, SELECTORS_OUT + 4
    je 1f
    mov %eax, %es
1:  cmpl $0, SELECTORS_OUT + 8
    je 1f
    mov %eax, %fs
1:  cmpl $0, SELECTORS_OUT + 12
    je 1f
    mov %eax, %gs
1:  mov HOST_FS_BASE, %rax
    wrfsbase %rax
    mov HOST_GS_BASE, %rax
    wrgsbase %rax
    ret

// The arguments of the handler pass through untouched.
    .type host_signal, @function
host_signal:
    cmpl $0, ACTIVE
    je 1f
    call host_segments
1:  jmp host_fault
)");
