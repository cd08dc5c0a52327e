; SPDX-License-Identifier: BSD-2-Clause
;
; Virtual-8086 mode: entry by IRET, segments, sensitive instructions at IOPL 3 and 0, interrupts to the monitor,
; the I/O permission bitmap, and VME: the redirection bitmap and the virtual interrupt flag.
; SDM 3B 21.2, 21.3.
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 32
%include "rom_test.inc"

%define VM          0x20000
%define IOPL3       0x3000
%define IF          0x200
%define VIF         0x80000
%define VIP         0x100000
%define V86_SP      0x8000
%define V86_SS      0x2000

; Into v86 mode at IMAGE's segment, with flags %2.
%macro enter_v86 2
    push dword 0x4444                    ; GS FS DS ES
    push dword 0x3333
    push dword (SCRATCH >> 4)
    push dword 0x1111
    push dword V86_SS
    push dword V86_SP
    push dword VM | 2 | (%2)
    push dword (IMAGE >> 4)
    push dword OFF(%1)
    iretd
%endmacro

    bits 32
test_main:
    ; Segments are what they are in real mode.
    try
    enter_v86 .segments, 0
    bits 16
.segments:
    mov word [0x10], 0x1234              ; DS = SCRATCH >> 4
    mov ax, es
    mov bx, fs
    mov cx, gs
    push ax
    ud2
    bits 32
    caught "into v86 mode and out by #UD", UD, none, OFF(.segments) + 6 + 2 + 2 + 2 + 1
    check_equal "a write through DS", dword [SCRATCH + 0x10], 0x1234
    check_bits "ES", eax, 0xffff, 0x1111
    check_bits "FS", ebx, 0xffff, 0x3333
    check_bits "GS", ecx, 0xffff, 0x4444
    check_equal "CS on the monitor's stack", dword [exc_cs], IMAGE >> 4
    check_equal "SS on the monitor's stack", dword [exc_ss], V86_SS
    check_equal "SP on the monitor's stack", dword [exc_sp], V86_SP - 2
    check_bits "VM is set in the image of EFLAGS", dword [exc_flags], VM, VM
    mov esi, [exc_handler_sp]
    check_bits "ES above SS", dword [esi + 20], 0xffff, 0x1111
    check_bits "DS above it", dword [esi + 24], 0xffff, SCRATCH >> 4
    check_bits "FS above it", dword [esi + 28], 0xffff, 0x3333
    check_bits "GS on top", dword [esi + 32], 0xffff, 0x4444
    check_equal "the frame ends at ESP0", esi, INNER_STACK - 36

    ; Segment limits of 64 KiB hold (QEMU does not check them).
    try
    enter_v86 .privileged, IOPL3
    bits 16
.privileged:
    mov eax, cr0
    bits 32
    caught "MOV from CR0 in v86 mode", GP, 0, OFF(.privileged)
    try
    enter_v86 .hlt, IOPL3
    bits 16
.hlt:
    hlt
    bits 32
    caught "HLT in v86 mode", GP, 0
    try
    enter_v86 .str, IOPL3
    bits 16
.str:
    str ax
    bits 32
    caught "STR in v86 mode", UD, none
    try
    enter_v86 .lldt, IOPL3
    bits 16
.lldt:
    lldt ax
    bits 32
    caught "LLDT in v86 mode", UD, none
    try
    enter_v86 .lar, IOPL3
    bits 16
.lar:
    lar ax, bx
    bits 32
    caught "LAR in v86 mode", UD, none

    ; IOPL-sensitive instructions.
    try
    enter_v86 .iopl3, IOPL3
    bits 16
.iopl3:
    sti
    pushf
    pop ax
    cli
    pushf
    pop bx
    ud2
    bits 32
    caught "CLI, STI, PUSHF at IOPL 3", UD, none
    check_bits "STI set IF", eax, IF, IF
    check_bits "CLI cleared it", ebx, IF, 0
%macro refused 2+
    try
    enter_v86 %%code, 0
    bits 16
%%code:
    %2
    bits 32
    caught %1, GP, 0, OFF(%%code)
%endmacro
    refused "CLI at IOPL 0", cli
    refused "STI at IOPL 0", sti
    refused "PUSHF at IOPL 0", pushf
    refused "POPF at IOPL 0", popf
    refused "IRET at IOPL 0", iret
    refused "INT n at IOPL 0", int 0x21
    ; INT3 and INTO are not sensitive.
    try
    enter_v86 .int3, 0
    bits 16
.int3:
    int3
    bits 32
    caught "INT3 at IOPL 0 goes to the monitor", BP, none, OFF(.int3) + 1
    try
    enter_v86 .int_n, IOPL3
    bits 16
.int_n:
    int 0x21
    bits 32
    caught "INT n at IOPL 3 goes through the IDT", 0x21, none, OFF(.int_n) + 2

    ; A gate to anything but ring 0 is refused.
    mov ax, [IDT32 + 0x22 * 8 + 2]
    mov word [IDT32 + 0x22 * 8 + 2], USER_CODE32
    try
    enter_v86 .int_ring3, IOPL3
    bits 16
.int_ring3:
    int 0x22
    bits 32
    caught "a gate to ring 3 from v86 mode", GP, USER_CODE32 & ~3
    mov [IDT32 + 0x22 * 8 + 2], ax

    ; IRET at IOPL 3 stays in v86 mode and changes neither IOPL nor VM.
    try
    enter_v86 .iret, IOPL3
    bits 16
.iret:
    push word 0x0fd7
    push cs
    push word OFF(.iret_to)
    iret
.iret_to:
    ud2
    bits 32
    caught "IRET within v86 mode", UD, none, OFF(.iret_to)
    check_bits "IOPL and VM stayed", dword [exc_flags], VM | IOPL3, VM | IOPL3

    ; Ports: the bitmap alone decides, whatever IOPL is.
    try
    enter_v86 .port_refused, IOPL3
    bits 16
.port_refused:
    in al, 0x61
    bits 32
    caught "a port without a bitmap", GP, 0
    set_descriptor SPARE, LINEAR(big_tss), 104 + 32 + 40, 0x89, 0
    mov dword [big_tss + 4], INNER_STACK
    mov dword [big_tss + 8], DATA
    mov word [big_tss + 102], 104 + 32
    mov edi, big_tss + 104
    mov ecx, 32 + 40
    mov al, 0xff
    rep stosb
    and byte [big_tss + 104 + 32 + (0xe9 / 8)], ~(1 << (0xe9 % 8))
    mov eax, SPARE
    ltr ax
    try
    enter_v86 .port_allowed, 0
    bits 16
.port_allowed:
    mov al, ' '
    out 0xe9, al
    ud2
    bits 32
    caught "a port the bitmap allows", UD, none
    try
    enter_v86 .port_wide, 0
    bits 16
.port_wide:
    in ax, 0xe9
    bits 32
    caught "a word over an allowed and a refused port", GP, 0

    ; VME.
    mov eax, 1
    cpuid
    test edx, 2
    jz .no_vme
    mov eax, cr4
    or eax, 1
    mov cr4, eax
    try
    enter_v86 .vme_sti, 0
    bits 16
.vme_sti:
    sti
    pushf
    pop ax
    cli
    pushf
    pop bx
    ud2
    bits 32
    caught "VME: STI and CLI at IOPL 0 work on VIF", UD, none
    check_bits "VME: PUSHF shows VIF as IF, and IOPL 3", eax, IF | IOPL3, IF | IOPL3
    check_bits "VME: after CLI", ebx, IF | IOPL3, IOPL3
    check_bits "VME: IF itself was not touched", dword [exc_flags], IF | VIF, 0
    try
    enter_v86 .vme_pending, VIP
    bits 16
.vme_pending:
    sti
    bits 32
    caught "VME: STI with VIP set", GP, 0, OFF(.vme_pending)

    ; Redirection: a clear bit sends INT n through the table at 0.
    mov dword [0x21 * 4], ((IMAGE >> 4) << 16) | OFF(redirected)
    and byte [big_tss + 104 + (0x21 / 8)], ~(1 << (0x21 % 8))
    try
    enter_v86 .vme_int, VIF
    bits 16
.vme_int:
    int 0x21
.vme_after:
    ud2
    bits 32
    caught "VME: INT n by the v86 task's own table", UD, none, OFF(.vme_after)
    check_equal "VME: the handler ran", edi, 0x2121
    check_bits "VME: FLAGS on its stack have VIF as IF and IOPL 3", esi, IF | IOPL3, IF | IOPL3
    check_bits "VME: VIF clear within the handler", ebp, IF, 0
    try
    enter_v86 .vme_not_redirected, 0
    bits 16
.vme_not_redirected:
    int 0x22
    bits 32
    caught "VME: a set bit at IOPL 0 is #GP", GP, 0
.no_vme:
    finish

    bits 16
redirected:
    mov edi, 0x2121
    mov bx, sp
    mov si, [ss:bx + 4]
    pushf
    pop bp
    iret

    align 16
big_tss: times 104 + 32 + 41 db 0
    test_end
