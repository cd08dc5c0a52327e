; SPDX-License-Identifier: BSD-2-Clause
;
; XCR0, XSAVE and kin: what XSETBV refuses, headers, init optimisation, compaction, alignment, FXSAVE.
; SDM 1 13; 2 XSAVE, XRSTOR, XSETBV.
;
;! expect: pass
;! peers: qemu bochs
;! differs: bochs "AVX right behind the header" SDM 1 13.4.3: the first component in XCOMP_BV is at 576
;! differs: bochs "XRSTOR of the compacted form" SDM 1 13.4.3
;! differs: qemu "XRSTOR of reserved MXCSR bits" SDM 2 XRSTOR
;! differs: qemu "XSAVEOPT: AVX and x87 are initial" SDM 1 13.6: TCG never uses the init optimisation, as it may
%define TEST_MODE 64
%include "rom_test.inc"

%define AREA    (PAGES + 0x10000)
%define HEADER  (AREA + 512)

%macro xsetbv_refused 2
    try
    xor ecx, ecx
    xor edx, edx
    mov eax, %2
    xsetbv
    caught %1, GP, 0
%endmacro

%macro clear_area 0
    mov edi, AREA
    mov ecx, 4096 / 8
    xor eax, eax
    rep stosq
%endmacro

    bits 64
test_main:
    mov eax, 1
    cpuid
    bt ecx, 26
    jnc .no_xsave
    try
    xor ecx, ecx
    xgetbv
    caught "XGETBV without OSXSAVE", UD, none
    mov rax, cr4
    bts rax, 18
    mov cr4, rax
    mov eax, 1
    cpuid
    bt ecx, 27
    setc bl
    movzx ebx, bl
    check_equal "CPUID.OSXSAVE follows CR4", rbx, 1
    xor ecx, ecx
    xgetbv
    check_equal "XCR0 after reset", rax, 1
    xsetbv_refused "XCR0 without x87", 2
    xsetbv_refused "AVX without SSE", 5
    try
    mov ecx, 1
    xor edx, edx
    mov eax, 1
    xsetbv
    caught "XCR1", GP, 0
    try
    xor ecx, ecx
    mov edx, 1 << 30
    mov eax, 1
    xsetbv
    caught "a reserved bit of XCR0", GP, 0
    try
    enter_user .user
.user:
    xor ecx, ecx
    mov eax, 1
    xor edx, edx
    xsetbv
    caught "XSETBV at ring 3", GP, 0

    ; Without the AVX bit.
    mov eax, 1
    cpuid
    bt ecx, 28
    jnc .no_xsave
    xor ecx, ecx
    xor edx, edx
    mov eax, 3
    xsetbv
    try
    vxorps ymm0, ymm0, ymm0
    caught "AVX without XCR0.AVX", UD, none
    mov eax, 7
    xsetbv
    vxorps ymm0, ymm0, ymm0
    mov eax, 13
    xor ecx, ecx
    cpuid
    check_equal "CPUID 13: what XCR0 enables needs 832 bytes", rbx, 832

    ; XSAVE and XRSTOR.
    clear_area
    fninit
    fld1
    mov rax, 0x1122334455667788
    vmovq xmm1, rax
    vinsertf128 ymm1, ymm1, xmm1, 1
    mov eax, 7
    xor edx, edx
    xsave [AREA]
    check_bits "XSTATE_BV", qword [HEADER], 7, 7
    mov rbx, 0x1122334455667788
    check_equal "XMM1 in the legacy region", qword [AREA + 160 + 16], rbx
    check_equal "the upper half of YMM1", qword [AREA + 576 + 16], rbx
    fninit
    vzeroall
    xrstor [AREA]
    vextractf128 xmm2, ymm1, 1
    vmovq rax, xmm2
    check_equal "XRSTOR brought YMM1 back", rax, rbx
    fnstsw ax
    check_bits "and the x87's top", rax, 0x3800, 0x3800

    ; A clear bit in XSTATE_BV: the initial state.
    and qword [HEADER], ~4
    mov eax, 7
    xrstor [AREA]
    vextractf128 xmm2, ymm1, 1
    vmovq rax, xmm2
    check_equal "AVX state without its bit is zero", rax, 0
    vmovq rax, xmm1
    check_equal "the SSE half stays", rax, rbx

    ; Refused.
    or qword [HEADER], 1 << 8
    mov eax, 7
    try
    xrstor [AREA]
    caught "XSTATE_BV beyond XCR0", GP, 0
    and qword [HEADER], 7
    mov qword [HEADER + 16], 1
    try
    xrstor [AREA]
    caught "reserved bytes of the header", GP, 0
    mov qword [HEADER + 16], 0
    try
    xsave [AREA + 32]
    caught "XSAVE to 32 modulo 64", GP, 0
    try
    fxsave [AREA + 8]
    caught "FXSAVE to 8 modulo 16", GP, 0
    mov dword [AREA + 24], 0x10000
    try
    mov eax, 7
    xrstor [AREA]
    caught "XRSTOR of reserved MXCSR bits", GP, 0
    mov dword [AREA + 24], 0x1f80

    ; XSAVEOPT and XSAVEC leave out what is in its initial state.
    mov eax, 13
    mov ecx, 1
    cpuid
    mov [leaf13], eax
    test eax, 1
    jz .no_xsaveopt
    clear_area
    mov dword [AREA + 24], 0x1f80
    mov eax, 7
    xor edx, edx
    xrstor [AREA]                        ; all of it initial; FNINIT would leave the x87's registers
    mov eax, 7
    xsaveopt [AREA]
    check_bits "XSAVEOPT: AVX and x87 are initial", qword [HEADER], 5, 0
.no_xsaveopt:
    test dword [leaf13], 2
    jz .no_xsavec
    clear_area
    mov dword [AREA + 24], 0x1f80
    mov eax, 7
    xor edx, edx
    xrstor [AREA]
    mov rax, 0x99aabbcc
    vmovq xmm3, rax
    vinsertf128 ymm3, ymm3, xmm3, 1
    mov eax, 5                           ; x87 and AVX, without SSE
    xor edx, edx
    xsavec [AREA]
    check_bits "XSAVEC: XSTATE_BV", qword [HEADER], 7, 4
    mov rcx, (1 << 63) | 5
    check_equal "XCOMP_BV", qword [HEADER + 8], rcx
    mov ecx, 0x99aabbcc
    check_equal "AVX right behind the header", qword [AREA + 576 + 48], rcx
    vzeroall
    mov eax, 5
    xrstor [AREA]
    vextractf128 xmm2, ymm3, 1
    vmovq rax, xmm2
    check_equal "XRSTOR of the compacted form", rax, rcx
.no_xsavec:
.no_xsave:
    ; FXSAVE without OSFXSR may leave the XMM registers out; with it, it saves them.
    clear_area
    mov rax, 0x77
    movq xmm5, rax
    fxsave64 [AREA]
    check_equal "FXSAVE: XMM5", qword [AREA + 160 + 5 * 16], 0x77
    finish

    align 8
leaf13: dd 0
    test_end
