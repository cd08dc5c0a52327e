; SPDX-License-Identifier: BSD-2-Clause
;
; Call gates in protected mode: stack switch, parameters, privileges, far returns outward, conforming code.
; SDM 3A 5.8.
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 32
%include "rom_test.inc"

%define GATE3       SPARE                ; DPL 3, to gate_entry, two parameters
%define GATE0       (SPARE + 8)          ; DPL 0
%define GATE_NP     (SPARE + 16)
%define CONFORMING  (SPARE + 24)
%define GATE_NULL   (SPARE + 32)
%define GATE_16     (SPARE + 40)
%define USER_CODE_BASED (SPARE + 48)

%macro set_gate 5 ; selector, code, offset, parameters, access
    mov dword [gdt + %1], ((%2) << 16)
    mov eax, %3
    mov [gdt + %1], ax
    and eax, 0xffff0000
    or eax, ((%5) << 8) | (%4)
    mov [gdt + %1 + 4], eax
%endmacro

    bits 32
test_main:
    set_gate GATE3, CODE32, gate_entry, 2, 0xec
    set_gate GATE0, CODE32, gate_entry, 0, 0x8c
    set_gate GATE_NP, CODE32, gate_entry, 0, 0x6c
    set_gate GATE_NULL, 0, gate_entry, 0, 0xec
    set_gate GATE_16, CODE16, (gate_entry16 - image_start), 1, 0xe4
    set_descriptor CONFORMING, 0, 0xfffff, 0x9f, 12

    ; Same privilege: no stack switch, parameters are not copied.
    mov ebp, esp
    push dword 0x11
    push dword 0x22
    call GATE0:0xdeadbeef
    check_equal "a gate at the same privilege: CS:EIP on the stack", dword [seen_parameter], 0x22
    mov esp, ebp

    ; From ring 3.
    try
    enter_user user_code
user_code:
    push dword 0xaaaa
    push dword 0xbbbb
    mov [user_sp], esp
    mov ecx, 0x5555
    call GATE3:0
after_gate:
    mov [returned_sp], esp
    mov dword [returned], 1
    ud2
    caught "through a gate from ring 3 and back", UD, none
    check_equal "it came back", dword [returned], 1
    check_equal "CS in the gate", dword [seen_cs], CODE32
    check_equal "SS in the gate has RPL 0", dword [seen_ss], DATA
    check_equal "the first parameter was copied", dword [seen_parameter], 0xbbbb
    check_equal "the second parameter was copied", dword [seen_parameter2], 0xaaaa
    check_equal "old ESP on the inner stack", dword [seen_old_sp], dword [user_sp]
    check_equal "old SS on the inner stack", dword [seen_old_ss], USER_DATA
    check_equal "inner stack: six dwords below ESP0", dword [seen_sp], INNER_STACK - 24
    check_equal "RET 8 dropped the parameters outside too", dword [returned_sp], USER_STACK
    check_equal "the fault came from ring 3", dword [exc_cs], USER_CODE32

    try
    enter_user .not_allowed
.not_allowed:
    call GATE0:0
    caught "a gate of DPL 0 from ring 3", GP, GATE0
    try
    enter_user .direct
.direct:
    call CODE32:0
    caught "ring 0's code from ring 3", GP, CODE32
    try
    enter_user .jump
.jump:
    jmp GATE3:0
    caught "JMP through a gate does not change privilege", GP, CODE32
    try
    call GATE_NP:0
    caught "a gate that is not present", NP, GATE_NP
    try
    call GATE_NULL:0
    caught "a gate to nowhere", GP, 0

    ; Conforming code is entered at the caller's privilege.
    try
    enter_user .to_conforming
.to_conforming:
    call CONFORMING:conforming
    ud2
    caught "conforming code from ring 3", UD, none
    check_equal "it ran at CPL 3", dword [seen_cs], CONFORMING | 3

    ; Outward: RETF to ring 3 nulls what ring 3 may not have.
    mov eax, DATA
    mov fs, eax
    mov eax, USER_DATA
    mov gs, eax
    try
    push dword USER_DATA
    push dword USER_STACK
    push dword USER_CODE32
    push dword .outside
    retf
.outside:
    mov ecx, fs
    mov edx, gs
    mov ebx, cs
    ud2
    caught "RETF to ring 3", UD, none
    check_equal "FS of DPL 0 became null", ecx, 0
    check_equal "GS of DPL 3 stayed", edx, USER_DATA
    check_equal "CS has RPL 3", ebx, USER_CODE32

    try
    enter_user .inward
.inward:
    push dword CODE32
    push dword 0
    retf
    caught "RETF to an inner ring", GP, CODE32

    ; A 16-bit gate: 16-bit frames, so the caller's EIP must fit; hence a code segment with a base.
    set_descriptor USER_CODE_BASED, IMAGE, 0xffff, 0xfb, 4
    mov dword [seen_parameter], 0
    try
    mov eax, USER_DATA
    mov ds, eax
    push dword USER_DATA
    push dword USER_STACK
    push dword USER_CODE_BASED | 3
    push dword OFF(.wide)
    retf
.wide:
    push word 0x4321
    call GATE_16:0
.behind:
    ud2
    caught "a 16-bit gate", UD, none, OFF(.behind)
    check_equal "its word parameter", dword [seen_parameter], 0x4321
    finish

gate_entry:
    mov eax, cs
    mov [seen_cs], eax
    mov eax, ss
    mov [seen_ss], eax
    mov [seen_sp], esp
    mov eax, [esp + 8]
    mov [seen_parameter], eax
    test byte [esp + 4], 3
    jz .same
    mov eax, [esp + 12]
    mov [seen_parameter2], eax
    mov eax, [esp + 16]
    mov [seen_old_sp], eax
    mov eax, [esp + 20]
    mov [seen_old_ss], eax
    retf 8
.same:
    retf

conforming:
    mov eax, cs
    mov [seen_cs], eax
    retf

    bits 16
gate_entry16:
    movzx eax, word [esp + 4]            ; IP, CS, parameter: words
    mov [dword seen_parameter], eax
    o16 retf 2

    bits 32
    align 4
user_sp: dd 0
returned: dd 0
returned_sp: dd 0
seen_cs: dd 0
seen_ss: dd 0
seen_sp: dd 0
seen_parameter: dd 0
seen_parameter2: dd 0
seen_old_sp: dd 0
seen_old_ss: dd 0
    test_end
