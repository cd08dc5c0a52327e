; SPDX-License-Identifier: BSD-2-Clause
;
; What IOPL, the I/O permission bitmap and the ring let a program do to flags and ports in protected mode; PVI.
; SDM 1 19.5 (I/O protection), 2B POPF, IRET, CLI, STI; 3B 21.4 (PVI).
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 32
%include "rom_test.inc"

%define IF      0x200
%define IOPL3   0x3000
%define IOPL1   0x1000
%define VIF     0x80000
%define VIP     0x100000
%define BITMAP  (big_tss + 104)

; To ring 3 with flags %2.
%macro user_with_flags 2
    push dword USER_DATA
    pop ds
    push dword USER_DATA
    pop es
    push dword USER_DATA
    push dword USER_STACK
    push dword (%2) | 2
    push dword USER_CODE32
    push dword %1
    iretd
%endmacro

%macro user_refused 3+ ; name, flags, instruction
    try
    user_with_flags %%code, %2
%%code:
    %3
    caught %1, GP, 0, %%code
%endmacro

%macro user_runs 3+
    try
    user_with_flags %%code, %2
%%code:
    %3
%%end:
    ud2
    caught %1, UD, none, %%end
%endmacro

    bits 32
test_main:
    user_refused "CLI with IOPL 0", 0, cli
    user_refused "STI with IOPL 1", IOPL1, sti
    user_runs "CLI with IOPL 3", IOPL3 | IF, cli
    check_bits "it cleared IF", dword [exc_flags], IF, 0
    user_runs "STI with IOPL 3", IOPL3, sti
    check_bits "it set IF", dword [exc_flags], IF, IF

    ; POPF changes neither IF nor IOPL silently.
    try
    user_with_flags .popf, 0
.popf:
    push dword IOPL3 | IF | 0xd5
    popfd
    ud2
    caught "POPF at ring 3 with IOPL 0", UD, none
    check_bits "IF and IOPL stayed, the rest came", dword [exc_flags], IOPL3 | IF | 0xd5, 0xd5
    try
    user_with_flags .popf3, IOPL3
.popf3:
    push dword IF
    popfd
    ud2
    caught "POPF at ring 3 with IOPL 3", UD, none
    check_bits "IF came, IOPL stayed", dword [exc_flags], IOPL3 | IF, IOPL3 | IF
    try
    user_with_flags .iret, 0
.iret:
    push dword IOPL3 | IF
    push dword USER_CODE32
    push dword .iret_to
    iretd
.iret_to:
    ud2
    caught "IRET within ring 3", UD, none, .iret_to
    check_bits "IRET left IF and IOPL alone", dword [exc_flags], IOPL3 | IF, 0

    ; Ports.
    user_refused "IN with IOPL 0 and no bitmap", 0, in al, 0x61
    user_runs "OUT with IOPL 3", IOPL3, out 0x80, al
    set_descriptor SPARE, LINEAR(big_tss), 104 + 32, 0x89, 0
    mov dword [big_tss + 4], INNER_STACK
    mov dword [big_tss + 8], DATA
    mov word [big_tss + 102], 104
    mov edi, BITMAP
    mov ecx, 33
    mov al, 0xff
    rep stosb
    mov eax, SPARE
    ltr ax
    and byte [BITMAP + 0x80 / 8], ~(1 << (0x80 % 8))
    user_runs "a port whose bit is clear", 0, out 0x80, al
    user_refused "its neighbour", 0, out 0x81, al
    user_refused "a word, one bit set", 0, out 0x80, ax
    and byte [BITMAP + 0x80 / 8], 0xf0
    user_runs "a dword, four bits clear", 0, out 0x80, eax
    user_refused "a dword, the last bit set", 0, out 0x81, eax
    mov edx, 0x100
    mov byte [BITMAP + 32], 0xfe
    user_refused "a port in the bitmap's last byte: the byte behind is read too", 0, in al, dx
    mov edx, 0xf8
    mov byte [BITMAP + 31], 0xfe
    user_runs "a port in the last byte but one", 0, in al, dx
    mov edx, 0x108
    user_refused "a port beyond the TSS's limit", 0, in al, dx
    try
    user_with_flags .outs, 0
.outs:
    mov esi, USER_STACK - 0x100
    mov edx, 0x84
    outsb
    caught "OUTS to a port whose bit is set", GP, 0
    try
    user_with_flags .ins, 0
.ins:
    mov edi, USER_STACK - 0x100
    mov edx, 0x82
    insb
    ud2
    caught "INS from a port whose bit is clear", UD, none
    check_equal "INS moved EDI", edi, USER_STACK - 0x100 + 1

    ; PVI: CLI and STI at ring 3 work on VIF.
    mov eax, 1
    cpuid
    test edx, 2
    jz .no_pvi
    mov eax, cr4
    or eax, 2
    mov cr4, eax
    user_runs "PVI: STI with IOPL 0", 0, sti
    check_bits "PVI: it set VIF alone", dword [exc_flags], VIF | IF, VIF
    user_runs "PVI: CLI with IOPL 0", VIF, cli
    check_bits "PVI: it cleared VIF", dword [exc_flags], VIF, 0
    user_refused "PVI: STI with VIP set", VIP, sti
.no_pvi:
    finish

    align 16
big_tss: times 104 + 40 db 0
    test_end
