; SPDX-License-Identifier: BSD-2-Clause
;
; Gates, far transfers and compatibility mode under EFER.LMA: 64-bit call gates, no parameters, a null SS on a
; change of ring, interrupts from 32- and 16-bit code, limits in compatibility mode, what became invalid.
; SDM 3A 5.8.3.1, 6.14; 2A CALL, INT, JMP; APM 2 4.8.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "a task gate in the IDT, error code" SDM 3A 6.13: the index is the vector
;! differs: qemu "a code segment with L and D" SDM 3A 5.2.1: L with D set is reserved
;! differs: qemu "a code segment with L and D, error code" SDM 3A 5.2.1
;! differs: qemu "compatibility mode checks limits" SDM 3A 5.3.1: TCG checks no segment limits
%define TEST_MODE 64
%include "rom_test.inc"

%define GATE        SPARE                ; 16 bytes
%define GATE_BAD    (SPARE + 16)         ; to 32-bit code
%define USER_SMALL  (SPARE + 32)         ; user data, 256 bytes at USER_STACK
%define USER_CODE16 (SPARE + 40)

%macro set_gate 3 ; selector, code, offset
    mov eax, %3
    mov [gdt + %1], ax
    mov word [gdt + %1 + 2], %2
    mov word [gdt + %1 + 4], 0xec00
    shr eax, 16
    mov [gdt + %1 + 6], ax
    mov qword [gdt + %1 + 8], 0
%endmacro

; To ring 3's 32-bit code.
%macro enter_user32 1
    push USER_DATA
    push USER_STACK
    push 2
    push USER_CODE32
    push %1
    iretq
%endmacro

    bits 64
test_main:
    set_gate GATE, CODE64, gate_entry
    set_gate GATE_BAD, CODE32, gate_entry
    set_descriptor USER_SMALL, USER_STACK, 0xff, 0xf3, 4
    set_descriptor USER_CODE16, IMAGE, 0xffff, 0xfb, 0

    ; From 64-bit ring 3.
    try
    enter_user .user64
.user64:
    call far dword [far_pointer]
.after64:
    mov rbx, rsp
    ud2
    caught "a 64-bit call gate from ring 3", UD, none
    check_equal "the inner stack: four quadwords below RSP0", qword [seen_rsp], INNER_STACK - 32
    check_equal "SS became null", qword [seen_ss], 0
    check_equal "return RIP", qword [seen_frame], .after64
    check_equal "return CS", qword [seen_frame + 8], USER_CODE64
    check_equal "return RSP", qword [seen_frame + 16], USER_STACK
    check_equal "return SS", qword [seen_frame + 24], USER_DATA
    check_equal "RETF brought the stack back", rbx, USER_STACK

    ; From compatibility mode.
    try
    enter_user32 .user32
    bits 32
.user32:
    mov eax, 0xffffffff
    inc eax
    call GATE:0
.after32:
    ud2
    bits 64
    caught "a 64-bit call gate from 32-bit code", UD, none, .after32
    check_equal "INC was INC", rax, 0
    check_equal "it came from the 32-bit segment", qword [exc_cs], USER_CODE32
    try
    call far dword [bad_pointer]
    caught "a 64-bit gate to 32-bit code", GP, CODE32

    ; Interrupts from compatibility mode push 64-bit frames and align the stack.
    try
    enter_user32 .int32
    bits 32
.int32:
    push word 0
    int 0x50
.after_int32:
    bits 64
    caught "INT n from 32-bit code", 0x50, none, .after_int32
    check_equal "its ESP", qword [exc_sp], USER_STACK - 2
    check_equal "the frame is 64-bit", qword [exc_handler_sp], INNER_STACK - 40

    ; 16-bit compatibility code.
    try
    push USER_DATA
    push USER_STACK
    push 2
    push USER_CODE16 | 3
    push OFF(.code16)
    iretq
    bits 16
.code16:
    mov ax, 0xffff
    inc ax
    pushf
    pop cx
    ud2
.after16:
    bits 64
    caught "16-bit code in long mode", UD, none, OFF(.after16) - 2
    check_bits "INC AX wrapped", rax, 0xffff, 0

    ; Limits count in compatibility mode, not in 64-bit mode.
    try
    enter_user32 .limit32
    bits 32
.limit32:
    push dword USER_SMALL | 3
    pop ds
    mov cl, [0xff]
    mov cl, [0x100]
    ud2
    bits 64
    caught "compatibility mode checks limits", GP, 0
    mov eax, USER_SMALL
    mov ds, eax
    mov eax, [PAGES]
    check_equal "64-bit mode has no DS base or limit", rax, 0
    xor eax, eax
    mov ds, eax
    mov es, eax
    mov eax, [PAGES]
    check_equal "nor does it need DS", rax, 0
    try
    mov ss, eax
    not_caught "a null SS at ring 0 in 64-bit mode"
    mov eax, DATA
    mov ss, eax
    try
    enter_user .null_ss
.null_ss:
    mov eax, 3
    mov ss, eax
    caught "a null SS at ring 3", GP, 0

    ; What long mode does not have.
%macro gone 2+
    try
    %2
    caught %1, UD, none
%endmacro
    gone "PUSH ES", db 0x06
    gone "DAA", db 0x27
    gone "PUSHA", db 0x60
    gone "INTO", db 0xce
    gone "AAM", db 0xd4, 10
    gone "LES", db 0xc4, 0x06            ; a VEX prefix here, and this one leads nowhere
    gone "CALL ptr16:32", db 0x9a, 0, 0, 0, 0, 8, 0
    gone "opcode 82", db 0x82, 0xc0, 1
    gone "SALC", db 0xd6
    mov eax, 0x4f50
    ; A task gate in the IDT, and a JMP to a TSS.
    mov byte [IDT64 + 0x50 * 16 + 5], 0xe5
    try
    int 0x50
    caught "a task gate in the IDT", GP, 0x50 * 8 + 2
    mov byte [IDT64 + 0x50 * 16 + 5], 0xee
    try
    jmp far dword [task_pointer]
    caught "JMP to a TSS", GP, TSS
    ; CS with L and D both set.
    set_descriptor USER_SMALL, 0, 0xfffff, 0x9b, 14
    try
    jmp far dword [both_pointer]
    caught "a code segment with L and D", GP, USER_SMALL
    finish

gate_entry:
    mov [seen_rsp], rsp
    mov rax, ss
    mov [seen_ss], rax
    mov rax, [rsp]
    mov [seen_frame], rax
    mov rax, [rsp + 8]
    mov [seen_frame + 8], rax
    mov rax, [rsp + 16]
    mov [seen_frame + 16], rax
    mov rax, [rsp + 24]
    mov [seen_frame + 24], rax
    xor eax, eax
    o64 retf

    align 8
far_pointer: dd 0
    dw GATE
bad_pointer: dd 0
    dw GATE_BAD
task_pointer: dd 0
    dw TSS
both_pointer: dd 0
    dw USER_SMALL
    align 8
seen_rsp: dq 0
seen_ss: dq 0
seen_frame: dq 0, 0, 0, 0
    test_end
