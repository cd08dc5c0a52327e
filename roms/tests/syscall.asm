; SPDX-License-Identifier: BSD-2-Clause
;
; SYSCALL and SYSRET, SYSENTER and SYSEXIT, SWAPGS, FSGSBASE. SDM 2B SYSCALL, SYSRET, SYSENTER, SYSEXIT, SWAPGS;
; 3A 5.8.7, 5.8.8.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "Intel: the fault is at ring 0" SDM 2B SYSRET: #GP(0) before CPL changes
;! differs: qemu "a base that is not canonical" SDM 2B WRMSR
;! differs: qemu "LSTAR that is not canonical" SDM 2B WRMSR
;! differs: qemu "WRGSBASE of an address that is not canonical" SDM 2B WRGSBASE
%define TEST_MODE 64
%include "rom_test.inc"

%define STAR    0xc0000081
%define LSTAR   0xc0000082
%define CSTAR   0xc0000083
%define FMASK   0xc0000084
%define FS_BASE 0xc0000100
%define GS_BASE 0xc0000101
%define KERNEL_GS_BASE 0xc0000102
%define SYSENTER_CS 0x174
%define SYSENTER_ESP 0x175
%define SYSENTER_EIP 0x176

%macro write_msr 3 ; index, high, low
    mov ecx, %1
    mov edx, %2
    mov eax, %3
    wrmsr
%endmacro

    bits 64
test_main:
    ; SYSCALL wants CS and SS = CS + 8: a table of our own at SPARE. SYSENTER the same, and the user's behind.
    set_descriptor SPARE, 0, 0xfffff, 0x9b, 10
    set_descriptor SPARE + 8, 0, 0xfffff, 0x93, 12
    set_descriptor SPARE + 16, 0, 0xfffff, 0xfb, 12
    set_descriptor SPARE + 24, 0, 0xfffff, 0xf3, 12
    set_descriptor SPARE + 32, 0, 0xfffff, 0xfb, 10
    set_descriptor SPARE + 40, 0, 0xfffff, 0xf3, 12
    write_msr STAR, ((SPARE + 16) << 16) | SPARE, 0
    write_msr LSTAR, 0, syscall_entry
    write_msr FMASK, 0, 0x601            ; DF IF CF

    try
    syscall
    caught "SYSCALL without EFER.SCE", UD, none
    mov ecx, 0xc0000080
    rdmsr
    or eax, 1
    wrmsr

    try
    push USER_DATA
    push USER_STACK
    push 0x403                           ; DF CF
    push USER_CODE64
    push .user
    iretq
.user:
    stc
    std
    syscall
.after:
    mov rbx, cs
    mov r12, ss
    pushfq
    pop r13
    ud2
    caught "SYSCALL and SYSRET", UD, none
    check_equal "RCX has the return address", qword [seen_rcx], .after
    check_bits "R11 has the flags", qword [seen_r11], 0x401, 0x401
    check_bits "FMASK cleared DF and CF", qword [seen_flags], 0x401, 0
    check_equal "CS is STAR[47:32]", qword [seen_cs], SPARE
    check_equal "SS is that + 8", qword [seen_ss], SPARE + 8
    check_equal "the stack is the user's", qword [seen_rsp], USER_STACK
    check_equal "SYSRET: CS is STAR[63:48] + 16 with RPL 3", rbx, (SPARE + 32) | 3
    check_equal "SYSRET: SS is STAR[63:48] + 8 with RPL 3", r12, (SPARE + 24) | 3
    check_bits "SYSRET restored the flags", r13, 0x401, 0x401
    cld

    ; SYSRET to 32-bit code.
    try
    mov ecx, .user32
    mov r11d, 2
    mov rsp, USER_STACK
    o32 sysret
    bits 32
.user32:
    mov eax, 0xffffffff
    inc eax                              ; 40: a REX prefix in 64-bit mode
    mov ebx, cs
    ud2
    bits 64
    caught "SYSRET to compatibility mode", UD, none
    check_equal "it was 32-bit code", rax, 0
    check_bits "CS is STAR[63:48] with RPL 3", rbx, 0xffff, (SPARE + 16) | 3
    mov rcx, 1 << 47
    try
    mov r11d, 2
    o64 sysret
    caught "SYSRET to an address that is not canonical", GP, 0
    check_bits "Intel: the fault is at ring 0", qword [exc_cs], 3, 0
    try
    enter_user .sysret_user
.sysret_user:
    o64 sysret
    caught "SYSRET at ring 3", GP, 0

    ; SYSENTER.
    write_msr SYSENTER_CS, 0, 0
    try
    sysenter
    caught "SYSENTER with a null CS", GP, 0
    write_msr SYSENTER_CS, 0, SPARE
    write_msr SYSENTER_ESP, 0, KERNEL_STACK - 0x4000
    write_msr SYSENTER_EIP, 0, sysenter_entry
    try
    enter_user .to_sysenter
.to_sysenter:
    mov edx, .after_sysenter
    mov ecx, USER_STACK - 0x40
    sysenter
    ud2
.after_sysenter:
    mov r12, cs
    mov r13, ss
    mov r14, rsp
    ud2
    caught "SYSENTER and SYSEXIT", UD, none, .after_sysenter + 6 + 3
    check_equal "SYSENTER: CS", qword [seen_cs], SPARE
    check_equal "SYSENTER: SS", qword [seen_ss], SPARE + 8
    check_equal "SYSENTER: RSP", qword [seen_rsp], KERNEL_STACK - 0x4000
    check_equal "SYSEXIT to 64 bits: CS + 32", r12, (SPARE + 32) | 3
    check_equal "SYSEXIT to 64 bits: SS + 40", r13, (SPARE + 40) | 3
    check_equal "SYSEXIT: RSP", r14, USER_STACK - 0x40

    ; Bases and SWAPGS.
    write_msr GS_BASE, 0, SCRATCH
    write_msr KERNEL_GS_BASE, 0, SCRATCH + 0x100
    mov dword [SCRATCH + 8], 0x111
    mov dword [SCRATCH + 0x108], 0x222
    mov eax, [gs:8]
    swapgs
    mov ebx, [gs:8]
    check_equal "GS.base", rax, 0x111
    check_equal "after SWAPGS", rbx, 0x222
    mov ecx, KERNEL_GS_BASE
    rdmsr
    check_equal "KERNEL_GS_BASE", rax, SCRATCH
    write_msr FS_BASE, 0xffff8000, 0
    try
    mov eax, [fs:0]
    caught "a base in the upper half", PF, 0
    mov rbx, 0xffff800000000000
    check_equal "CR2", qword [exc_cr2], rbx
    try
    mov ecx, FS_BASE
    mov edx, 0x8000
    wrmsr
    caught "a base that is not canonical", GP, 0
    try
    mov ecx, LSTAR
    wrmsr
    caught "LSTAR that is not canonical", GP, 0
    mov eax, DATA
    mov fs, eax
    mov ecx, FS_BASE
    rdmsr
    check_equal "loading FS sets its base", rax, 0

    xor ecx, ecx
    mov eax, 7
    cpuid
    test ebx, 1
    jz .no_fsgsbase
    try
    rdfsbase rax
    caught "RDFSBASE without CR4.FSGSBASE", UD, none
    mov rax, cr4
    bts rax, 16
    mov cr4, rax
    mov rax, SCRATCH
    wrfsbase rax
    mov eax, [fs:8]
    check_equal "WRFSBASE", rax, 0x111
    rdgsbase rax
    check_equal "RDGSBASE", rax, SCRATCH + 0x100
    mov rax, 1 << 47
    try
    wrgsbase rax
    caught "WRGSBASE of an address that is not canonical", GP, 0
.no_fsgsbase:
    finish

syscall_entry:
    mov [seen_rcx], rcx
    mov [seen_r11], r11
    mov [seen_rsp], rsp
    mov rsp, KERNEL_STACK - 0x1000
    pushfq
    pop rax
    mov [seen_flags], rax
    mov rax, cs
    mov [seen_cs], rax
    mov rax, ss
    mov [seen_ss], rax
    mov rsp, [seen_rsp]
    o64 sysret

sysenter_entry:
    mov [seen_rsp], rsp
    mov rax, cs
    mov [seen_cs], rax
    mov rax, ss
    mov [seen_ss], rax
    o64 sysexit

    align 8
seen_rcx: dq 0
seen_r11: dq 0
seen_rsp: dq 0
seen_flags: dq 0
seen_cs: dq 0
seen_ss: dq 0
    test_end
