; SPDX-License-Identifier: BSD-2-Clause
;
; Model-specific registers every 64-bit system touches: PAT, MTRRs, TSC and its adjustment, SYSENTER, what is
; refused. SDM 4, 3A 11.11, 11.12, 17.17.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "a reserved type in PAT" SDM 3A 11.12.2; TCG checks no values of MSRs and ignores unknown ones
;! differs: qemu "type 8 in PAT" SDM 3A 11.12.2
;! differs: qemu "a refused write changes nothing" SDM 3A 11.12.2
;! differs: qemu "MTRRCAP is read-only" SDM 3A 11.11.1
;! differs: qemu "a reserved type in an MTRR" SDM 3A 11.11.2.3
;! differs: qemu "reserved bits in an MTRR" SDM 3A 11.11.2.3
;! differs: qemu "reserved bits in a mask" SDM 3A 11.11.2.3
;! differs: qemu "a reserved type in a fixed range" SDM 3A 11.11.2.2
;! differs: qemu "a reserved default type" SDM 3A 11.11.2.1
;! differs: qemu "reserved bits of the default type" SDM 3A 11.11.2.1
;! differs: qemu "the TSC can be written" SDM 2B WRMSR, 3B 17.17.3
;! differs: qemu "an unknown MSR is read" SDM 2B RDMSR
;! differs: qemu "an unknown MSR is written" SDM 2B WRMSR
;! differs: qemu "EFER, upper half" SDM 2B WRMSR
%define TEST_MODE 64
%include "rom_test.inc"

%define PAT             0x277
%define MTRRCAP         0xfe
%define MTRR_BASE0      0x200
%define MTRR_MASK0      0x201
%define MTRR_FIX64K     0x250
%define MTRR_DEF_TYPE   0x2ff
%define TSC             0x10
%define TSC_ADJUST      0x3b
%define TSC_AUX         0xc0000103

%macro read_whole 1 ; RAX = the 64 bits of the MSR
    mov ecx, %1
    rdmsr
    shl rdx, 32
    or rax, rdx
%endmacro

%macro write_whole 2
    mov rax, %2
    mov rdx, rax
    shr rdx, 32
    mov ecx, %1
    wrmsr
%endmacro

%macro write_refused 3
    try
    write_whole %2, %3
    caught %1, GP, 0
%endmacro

    bits 64
test_main:
    read_whole PAT
    mov rbx, 0x0007040600070406
    check_equal "PAT after reset", rax, rbx
    write_whole PAT, 0x0007010600070506
    read_whole PAT
    mov rbx, 0x0007010600070506
    check_equal "PAT written", rax, rbx
    write_refused "a reserved type in PAT", PAT, 0x0007040600070402
    write_refused "type 8 in PAT", PAT, 0x0807040600070406
    read_whole PAT
    check_equal "a refused write changes nothing", rax, rbx

    read_whole MTRRCAP
    mov rbx, rax
    check_bits "MTRRCAP: variable ranges there are", rax, 0xff, 8
    try
    write_whole MTRRCAP, 0
    caught "MTRRCAP is read-only", GP, 0
    write_whole MTRR_BASE0, 0x80000006
    write_whole MTRR_MASK0, 0xf80000800
    read_whole MTRR_BASE0
    mov ebx, 0x80000006
    check_equal "a variable range's base", rax, rbx
    read_whole MTRR_MASK0
    mov rbx, 0xf80000800
    check_equal "its mask", rax, rbx
    write_refused "a reserved type in an MTRR", MTRR_BASE0, 0x80000002
    write_refused "reserved bits in an MTRR", MTRR_BASE0, 0x80000106
    write_refused "reserved bits in a mask", MTRR_MASK0, 0x80000400
    write_whole MTRR_FIX64K, 0x0606060606060606
    read_whole MTRR_FIX64K
    mov rbx, 0x0606060606060606
    check_equal "a fixed range", rax, rbx
    write_refused "a reserved type in a fixed range", MTRR_FIX64K, 0x0606060606060602
    write_whole MTRR_DEF_TYPE, 0xc06
    read_whole MTRR_DEF_TYPE
    check_equal "the default type", rax, 0xc06
    write_refused "a reserved default type", MTRR_DEF_TYPE, 0xc02
    write_refused "reserved bits of the default type", MTRR_DEF_TYPE, 0x1c06

    ; Time.
    rdtsc
    shl rdx, 32
    or rax, rdx
    mov rbx, rax
    mov ecx, 100
.spin:
    loop .spin
    rdtsc
    shl rdx, 32
    or rax, rdx
    cmp rax, rbx
    seta cl
    movzx ecx, cl
    check_equal "the TSC goes on", rcx, 1
    write_whole TSC, 0x7000000000000000
    read_whole TSC
    shr rax, 56
    check_equal "the TSC can be written", rax, 0x70
    mov eax, 0x80000001
    cpuid
    bt edx, 27
    jnc .no_rdtscp
    write_whole TSC_AUX, 0x1234
    rdtscp
    check_equal "RDTSCP has TSC_AUX", rcx, 0x1234
.no_rdtscp:
    xor ecx, ecx
    mov eax, 7
    cpuid
    bt ebx, 1
    jnc .no_adjust
    write_whole TSC_ADJUST, 0
    write_whole TSC, 0
    write_whole TSC_ADJUST, 0x1000000000000
    read_whole TSC
    shr rax, 48
    check_equal "TSC_ADJUST moves the TSC", rax, 1
.no_adjust:

    ; What is not there.
    try
    mov ecx, 0x12345678
    rdmsr
    caught "an unknown MSR is read", GP, 0
    try
    mov ecx, 0x12345678
    wrmsr
    caught "an unknown MSR is written", GP, 0
    write_refused "EFER, upper half", 0xc0000080, 0x100000d01
    mov eax, 1
    cpuid
    bt edx, 9
    jnc .no_apic
    read_whole 0x1b
    shr rax, 8
    check_bits "the APIC's base, enabled, boot processor", rax, 0xfffff9, 0xfee009
.no_apic:
    finish
    test_end
