; SPDX-License-Identifier: BSD-2-Clause
;
; What MOV to CR0, CR3, CR4, CR8, LMSW, CLTS and WRMSR of EFER accept and refuse. SDM 3A 2.5, 4.1.1; 2B MOV CR.
; QEMU's TCG checks few of these and goes astray on the rest, so Bochs alone is the peer.
;
;! expect: pass
;! peers: bochs
%define TEST_MODE 64
%include "rom_test.inc"

%macro cr_refused 3 ; name, register, value
    mov rax, %3
    try
    mov %2, rax
    caught %1, GP, 0
%endmacro

    bits 64
test_main:
    mov rbx, cr0
    mov rax, rbx
    and eax, 0x7fffffff
    try
    mov cr0, rax
    caught "PG cleared in 64-bit mode", GP, 0
    mov rax, rbx
    and rax, ~1
    try
    mov cr0, rax
    caught "PE cleared with PG set", GP, 0
    mov rax, rbx
    or eax, 0x20000000
    and eax, ~0x40000000
    try
    mov cr0, rax
    caught "NW without CD", GP, 0
    mov rax, rbx
    mov rcx, 1 << 32
    or rax, rcx
    try
    mov cr0, rax
    caught "the upper half of CR0", GP, 0
    mov rax, cr0
    check_equal "CR0 is what it was", rax, rbx
    mov rax, rbx
    and eax, ~0x10                       ; ET cannot be cleared
    mov cr0, rax
    mov rax, cr0
    check_bits "CR0.ET is fixed", rax, 0x10, 0x10

    mov rbx, cr4
    mov rax, rbx
    and eax, ~0x20
    try
    mov cr4, rax
    caught "PAE cleared in long mode", GP, 0
    mov rax, rbx
    bts rax, 31
    try
    mov cr4, rax
    caught "a reserved bit of CR4", GP, 0
    mov rax, rbx
    bts rax, 40
    try
    mov cr4, rax
    caught "the upper half of CR4", GP, 0
    mov rax, cr4
    check_equal "CR4 is what it was", rax, rbx
    mov rax, cr3
    bts rax, 62
    try
    mov cr3, rax
    caught "reserved bits of CR3", GP, 0

    ; TPR.
    mov eax, 5
    mov cr8, rax
    mov rcx, cr8
    check_equal "CR8", rcx, 5
    mov eax, 16
    try
    mov cr8, rax
    caught "CR8 beyond 15", GP, 0
    xor eax, eax
    mov cr8, rax
    try
    db 0x0f, 0x20, 0xc8                  ; MOV RAX, CR1
    caught "CR1", UD, none
    try
    db 0x0f, 0x20, 0xe8                  ; MOV RAX, CR5
    caught "CR5", UD, none

    ; LMSW sets PE MP EM TS and cannot clear PE.
    mov rbx, cr0
    mov eax, 0x1a
    lmsw ax
    mov rax, cr0
    check_bits "LMSW sets MP and TS, keeps PE", rax, 0xf, 0xb
    clts
    mov rax, cr0
    check_bits "CLTS", rax, 8, 0
    mov cr0, rbx

    ; EFER.
    mov ecx, 0xc0000080
    rdmsr
    mov ebx, eax
    and eax, ~0x100
    try
    wrmsr
    caught "LME changed with paging on", GP, 0
    mov eax, ebx
    or eax, 2
    try
    wrmsr
    caught "a reserved bit of EFER", GP, 0
    mov eax, ebx
    and eax, ~0x400
    wrmsr
    rdmsr
    check_equal "LMA is read-only", rax, rbx

    ; All of it is ring 0's.
%macro ring3_refused 2+
    try
    enter_user %%code
%%code:
    %2
    caught %1, GP, 0, %%code
%endmacro
    ring3_refused "MOV from CR0 at ring 3", mov rax, cr0
    ring3_refused "MOV to CR3 at ring 3", mov cr3, rax
    ring3_refused "MOV from CR8 at ring 3", mov rax, cr8
    ring3_refused "MOV from DR7 at ring 3", mov rax, dr7
    ring3_refused "CLTS at ring 3", clts
    ring3_refused "LMSW at ring 3", lmsw ax
    ring3_refused "HLT at ring 3", hlt
    ring3_refused "INVLPG at ring 3", invlpg [0]
    ring3_refused "WBINVD at ring 3", wbinvd
    ring3_refused "RDMSR at ring 3", rdmsr
    ring3_refused "WRMSR at ring 3", wrmsr
    ring3_refused "LGDT at ring 3", lgdt [gdt_pointer]
    ring3_refused "LTR at ring 3", ltr ax
    ring3_refused "CLI at ring 3", cli
    ring3_refused "IN at ring 3", in al, 0x61
    ring3_refused "SWAPGS at ring 3", swapgs

    ; TSD.
    mov rax, cr4
    or eax, 4
    mov cr4, rax
    rdtsc
    ring3_refused "RDTSC at ring 3 with TSD", rdtsc
    mov rax, cr4
    and eax, ~4
    mov cr4, rax
    try
    enter_user .tsc
.tsc:
    rdtsc
    ud2
    caught "RDTSC at ring 3 without TSD", UD, none

    ; #NM and #UD by TS, EM, OSFXSR.
    mov rbx, cr0
    mov rax, rbx
    or eax, 8
    mov cr0, rax
    try
    fld1
    caught "x87 with TS", NM, none
    try
    movaps xmm0, xmm1
    caught "SSE with TS", NM, none
    try
    fwait
    caught "FWAIT with TS and MP", NM, none
    mov rax, rbx
    or eax, 4
    and eax, ~2
    mov cr0, rax
    try
    fld1
    caught "x87 with EM", NM, none
    try
    movaps xmm0, xmm1
    caught "SSE with EM", UD, none
    mov cr0, rbx
    mov rax, cr4
    and eax, ~0x200
    mov cr4, rax
    try
    movaps xmm0, xmm1
    caught "SSE without OSFXSR", UD, none
    or eax, 0x200
    mov cr4, rax
    try
    vaddps ymm0, ymm0, ymm0
    caught "AVX without OSXSAVE", UD, none
    try
    xor ecx, ecx
    xgetbv
    caught "XGETBV without OSXSAVE", UD, none
    finish
    test_end
