; SPDX-License-Identifier: BSD-2-Clause
;
; Interrupts in real mode: the table and its limit, flags, INTO, BOUND, INT3, IRET in both sizes, a table that
; is elsewhere, single step, and the stack's wrap. SDM 3B 20.1.4.
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 16
%include "rom_test.inc"

%define TF 0x100
%define IF 0x200

    bits 16
test_main:
    mov word [0x21 * 4], OFF(handler)
    mov word [0x21 * 4 + 2], IMAGE >> 4
    sti
    stc
    mov bp, sp
    int 0x21
.after:
    pushf
    pop cx
    check_equal "IP on the stack", ebx, OFF(.after)
    check_bits "IF is clear within", edx, IF, 0
    check_bits "FLAGS on the stack have IF and CF", edi, IF | 1, IF | 1
    check_bits "IRET brought IF back", ecx, IF | 1, IF | 1
    movzx eax, sp
    movzx edx, bp
    check_equal "the stack is balanced", eax, edx
    cli

    try
    int3
.after_int3:
    caught "INT3", BP, none, OFF(.after_int3)
    try
    mov al, 0x7f
    add al, 1
    into
.after_into:
    caught "INTO with OF", OF, none, OFF(.after_into)
    try
    xor al, al
    into
    not_caught "INTO without OF"
    mov word [0x1800], 5
    mov word [0x1802], 10
    mov ax, 11
    try
.bound:
    bound ax, [0x1800]
    caught "BOUND above", BR, none, OFF(.bound)
    mov ax, 10
    try
    bound ax, [0x1800]
    not_caught "BOUND at its upper bound"

    ; Protected-mode instructions do not exist here.
    try
.str:
    str ax
    caught "STR in real mode", UD, none, OFF(.str)
    try
    lar ax, bx
    caught "LAR in real mode", UD, none
    try
    verr ax
    caught "VERR in real mode", UD, none
    try
    arpl ax, bx
    caught "ARPL in real mode", UD, none

    ; IRETD pops three dwords.
    pushfd
    push dword (IMAGE >> 4)
    push dword OFF(.iretd)
    iretd
.iretd:
    movzx eax, sp
    check_equal "IRETD", eax, edx

    ; Another place for the table, and a limit that leaves out vector 21.
    mov cx, 0x400 / 2
    xor si, si
    mov di, 0x3000
    rep movsw
    o32 lidt [cs:OFF(elsewhere)]
    mov word [0x21 * 4], 0xdead
    xor ebx, ebx
    int 0x21
.moved:
    check_equal "a table at 3000", ebx, OFF(.moved)
    o32 lidt [cs:OFF(short_table)]
    try
    int 0x21
    caught "a vector beyond the limit", GP, none

    ; Single step.
    o32 lidt [cs:OFF(real_idt_pointer)]
    mov word [DB * 4], OFF(step)
    mov word [DB * 4 + 2], IMAGE >> 4
    xor si, si
    pushf
    pop ax
    or ax, TF
    push ax
    popf
    nop
.stepped:
    nop
    pushf
    pop ax
    and ax, ~TF
    push ax
    popf
    movzx esi, si
    check_equal "steps: two NOPs, PUSHF, POP, AND, PUSH, POPF", esi, 7
    movzx edi, word [0x1900]
    check_equal "the first", edi, OFF(.stepped)

    ; SP wraps from 0 to FFFE; a word at SP 1 would not fit.
    mov bx, sp
    mov ax, 0x3000
    mov ss, ax
    xor sp, sp
    push word 0x1234
    movzx ecx, sp
    xor ax, ax
    mov ss, ax
    mov sp, bx
    check_equal "SP wraps", ecx, 0xfffe
    mov ax, 0x3000
    mov es, ax
    movzx ecx, word [es:0xfffe]
    check_equal "what was pushed", ecx, 0x1234
    finish

handler:
    mov bp, sp
    movzx ebx, word [bp]
    movzx edi, word [bp + 4]
    pushf
    pop dx
    movzx edx, dx
    mov bp, sp
    add bp, 6
    iret

step:
    push bp
    mov bp, sp
    push ax
    mov ax, [bp + 2]
    cmp si, 0
    jne .not_first
    mov [0x1900], ax
.not_first:
    inc si
    pop ax
    pop bp
    iret

elsewhere:
    dw 0x3ff
    dd 0x3000
short_table:
    dw 0x7f
    dd 0x3000
    test_end
