; SPDX-License-Identifier: BSD-2-Clause
;
; Faults an instruction brings on itself: #DE, #BR, #OF, #BP, #UD by LOCK and by opcode, #GP by length, #AC,
; #MF, #XM, and which of two comes first. SDM 3A 6.15, table 6-2.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "LOCK MOV" SDM 2A LOCK: TCG lets it pass on some instructions
;! differs: qemu "LOCK MOV, at" SDM 2A LOCK
;! differs: qemu "LOCK BT" SDM 2A LOCK
;! differs: qemu "LOCK BT, at" SDM 2A LOCK
;! differs: qemu "fifteen prefixes before a missing page" SDM 3A 6.15, #GP: longer than 15 bytes
;! differs: qemu "fifteen prefixes before a missing page, error code" SDM 3A 6.15
;! differs: qemu "a dword at 2 modulo 4" SDM 3A 6.15, #AC: TCG has no alignment check
;! differs: qemu "a dword at 2 modulo 4, at" SDM 3A 6.15
;! differs: qemu "a quadword at 4 modulo 8" SDM 3A 6.15
;! differs: qemu "a quadword at 4 modulo 8, at" SDM 3A 6.15
;! differs: qemu "a push to 4 modulo 8" SDM 3A 6.15
;! differs: qemu "a push to 4 modulo 8, at" SDM 3A 6.15
;! differs: qemu "#XM" SDM 3A 6.15, #XM: TCG raises no SIMD exceptions
;! differs: qemu "#XM, at" SDM 3A 6.15
;! differs: qemu "without OSXMMEXCPT it is #UD" SDM 3A 2.5
;! differs: qemu "reserved bits of MXCSR" SDM 1 10.2.3
%define TEST_MODE 64
%include "rom_test.inc"

%define AC_FLAG 0x40000

    bits 64
test_main:
    ; #DE.
    xor ecx, ecx
    mov eax, 5
    xor edx, edx
    try
.zero:
    div ecx
    caught "division by zero", DE, none, .zero
    check_equal "EAX is as it was", rax, 5
    mov edx, 1
    mov ecx, 1
    try
    div ecx
    caught "a quotient too large", DE, none
    mov eax, 0x80000000
    cdq
    mov ecx, -1
    try
    idiv ecx
    caught "INT_MIN / -1", DE, none
    mov rax, 1 << 63
    cqo
    mov rcx, -1
    try
    idiv rcx
    caught "INT64_MIN / -1", DE, none
    mov eax, 0x8000
    mov cl, 0x80
    try
    idiv cl
    caught "IDIV of a byte that overflows", DE, none

    ; Traps of an instruction.
    try
    int3
.after_int3:
    caught "INT3", BP, none, .after_int3
    try
    int 3
.after_int_3:
    caught "INT 3 in two bytes", BP, none, .after_int_3

    ; #UD.
%macro undefined 2+
    try
%%at:
    %2
    caught %1, UD, none, %%at
%endmacro
    undefined "UD1", db 0x0f, 0xb9, 0xc0
    undefined "LOCK on a register", db 0xf0, 0xff, 0xc0
    undefined "LOCK MOV", db 0xf0, 0x89, 0x03
    undefined "LOCK CMP", db 0xf0, 0x39, 0x03
    undefined "LOCK BT", db 0xf0, 0x0f, 0xa3, 0x03
    undefined "LEA of a register", db 0x8d, 0xc0
    undefined "MOV to CS", db 0x8e, 0xc8
    undefined "FF /7", db 0xff, 0xff
    undefined "a VEX prefix behind REX", db 0x48, 0xc5, 0xf8, 0x58, 0xc0
    undefined "a VEX prefix behind 66", db 0x66, 0xc5, 0xf8, 0x58, 0xc0

    ; Longer than 15 bytes: #GP, before anything else the instruction would do.
    try
.long:
    times 15 db 0x66
    nop
    caught "sixteen bytes", GP, 0, .long
    try
    times 14 db 0x66
    nop
    not_caught "fifteen bytes"

    ; Length before page fault: the 16th byte need not be there.
    mov edi, PAGES + 0x10ff1             ; 15 bytes to the page's end
    mov ecx, 15
    mov al, 0x66
    rep stosb
    mov qword [PTE(PAGES + 0x11000)], 0
    invlpg [PAGES + 0x11000]
    mov eax, PAGES + 0x10ff1
    try
    jmp rax
    caught "fifteen prefixes before a missing page", GP, 0
    mov byte [PAGES + 0x10fff], 0x0f
    mov eax, PAGES + 0x10fff
    try
    jmp rax
    caught "an opcode that goes on in a missing page", PF, 0x10, PAGES + 0x10fff
    check_equal "CR2 is the next page", qword [exc_cr2], PAGES + 0x11000

    ; #AC: ring 3, CR0.AM, EFLAGS.AC.
    mov rax, cr0
    bts rax, 18
    mov cr0, rax
    push AC_FLAG | 2
    popfq
    mov eax, [PAGES + 1]                 ; ring 0: none
    push 2
    popfq
%macro at_ring3_with_ac 2
    push USER_DATA
    push USER_STACK
    push AC_FLAG | 2
    push USER_CODE64
    push %1
    iretq
%1:
%endmacro
    try
    at_ring3_with_ac .align4, 0
    mov eax, [PAGES + 2]
    ud2
    caught "a dword at 2 modulo 4", AC, 0, .align4
    try
    at_ring3_with_ac .align2, 0
    mov ax, [PAGES + 2]
    mov al, [PAGES + 3]
    mov rax, [PAGES + 4]
    ud2
    caught "a quadword at 4 modulo 8", AC, 0, .align2 + 8 + 7
    try
    at_ring3_with_ac .stack, 0
    sub rsp, 4
    push rax
    ud2
    caught "a push to 4 modulo 8", AC, 0, .stack + 4
    mov rax, cr0
    btr rax, 18
    mov cr0, rax
    try
    movaps xmm0, [PAGES + 8]
    caught "MOVAPS at 8 modulo 16 is #GP", GP, 0

    ; #MF waits for the next waiting instruction; #XM does not wait.
    fninit
    push 0x37e                           ; invalid operation unmasked
    fldcw [rsp]
    fldz
    fldz
    try
    fdivp
    fnstsw ax
.waits:
    fwait
    caught "#MF at the next waiting instruction", MF, none, .waits
    check_bits "the status word: IE and ES", rax, 0x81, 0x81
    fnclex
    fninit
    mov dword [rsp], 0x1f00              ; invalid operation unmasked
    ldmxcsr [rsp]
    xorps xmm0, xmm0
    xorps xmm1, xmm1
    mov dword [PAGES], 0x12345678
    movd xmm2, [PAGES]
    try
.xm:
    divss xmm0, xmm1
    caught "#XM", XM, none, .xm
    stmxcsr [rsp]
    mov ebx, [rsp]
    check_bits "MXCSR.IE", rbx, 0x3f, 1
    mov dword [rsp], 0x1f80
    ldmxcsr [rsp]
    mov rax, cr4
    btr rax, 10
    mov cr4, rax
    mov dword [rsp], 0x1f00
    ldmxcsr [rsp]
    try
    divss xmm0, xmm1
    caught "without OSXMMEXCPT it is #UD", UD, none
    mov dword [rsp], 0x1f80
    ldmxcsr [rsp]
    bts rax, 10
    mov cr4, rax
    mov dword [rsp], 0x10000
    try
    ldmxcsr [rsp]
    caught "reserved bits of MXCSR", GP, 0
    pop rax
    finish
    test_end
