; SPDX-License-Identifier: BSD-2-Clause
;
; When one exception during another becomes a double fault and when they are handled one after the other; IST,
; the stack of 64-bit gates, error codes with EXT and IDT bits. SDM 3A 6.15 (tables 6-4, 6-5), 6.13, 6.14.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "no canonical stack for #UD" SDM 3A 6.15, #SS: TCG raises #GP
;! differs: qemu "no canonical stack for #UD, error code" SDM 3A 6.13: EXT
;! differs: qemu "INT n through a gate that is not present, error code" SDM 3A 6.13: the index is the vector
;! differs: qemu "INT n at ring 3 through a gate of DPL 0, error code" SDM 3A 6.13
;! differs: qemu "INT n beyond the IDT, error code" SDM 3A 6.13
;! differs: qemu "#UD through a bad gate is #GP, error code" SDM 3A 6.13: EXT
;! differs: qemu "#UD through an absent gate is #NP, error code" SDM 3A 6.13
%define TEST_MODE 64
%include "rom_test.inc"

%define GATE(vector) (IDT64 + (vector) * 16)

; A gate to a segment that cannot be used: delivering the vector is a contributory fault itself.
%macro break_gate 1
    mov ax, [GATE(%1) + 2]
    mov [saved_selector], ax
    mov word [GATE(%1) + 2], 0xff8
%endmacro

%macro mend_gate 1
    mov ax, [saved_selector]
    mov [GATE(%1) + 2], ax
%endmacro

    bits 64
test_main:
    ; The frame: SS:RSP always, aligned to 16.
    mov r15, rsp
    mov rsp, KERNEL_STACK - 0x123
    try
.where:
    ud2
    caught "a fault on an odd stack", UD, none, .where
    check_equal "RSP is pushed without a change of ring", qword [exc_sp], KERNEL_STACK - 0x123
    check_equal "SS too", qword [exc_ss], DATA
    check_equal "the frame is aligned to 16", qword [exc_handler_sp], ((KERNEL_STACK - 0x123) & ~15) - 40
    mov rsp, r15

    ; Error codes of bad gates: selector, IDT, EXT.
    break_gate 0x40
    try
    int 0x40
    caught "INT n through a gate to a bad selector", GP, 0xff8
    mend_gate 0x40
    mov byte [GATE(0x40) + 5], 0x6e
    try
    int 0x40
    caught "INT n through a gate that is not present", NP, 0x40 * 8 + 2
    mov byte [GATE(0x40) + 5], 0x8e
    try
    enter_user .user
.user:
    int 0x40
    caught "INT n at ring 3 through a gate of DPL 0", GP, 0x40 * 8 + 2, .user
    mov byte [GATE(0x40) + 5], 0xee
    try
    int 0x90
    caught "INT n beyond the IDT", GP, 0x90 * 8 + 2
    ; A benign fault that cannot be delivered: the second one counts, with EXT.
    break_gate UD
    try
    ud2
    caught "#UD through a bad gate is #GP", GP, 0xff8 + 1
    mend_gate UD
    mov byte [GATE(UD) + 5], 0x6e
    try
    ud2
    caught "#UD through an absent gate is #NP", NP, UD * 8 + 3
    mov byte [GATE(UD) + 5], 0xee

    ; Contributory on contributory, page fault on page fault, contributory on page fault: #DF.
    break_gate DE
    xor ecx, ecx
    xor edx, edx
    xor eax, eax
    try
    div ecx
    caught "#GP while delivering #DE", DF, 0
    mend_gate DE
    break_gate GP
    try
    mov eax, 0xff0
    mov fs, eax
    caught "#GP while delivering #GP", DF, 0
    mend_gate GP
    break_gate PF
    mov qword [PTE(PAGES)], 0
    invlpg [PAGES]
    try
    mov eax, [PAGES]
    caught "#GP while delivering #PF", DF, 0
    check_equal "CR2 of the first", qword [exc_cr2], PAGES
    mend_gate PF
    ; A page fault on the stack while delivering a #GP from ring 3 is no double fault: #PF is handled.
    mov qword [PTE(PAGES + 0x1000)], 0
    invlpg [PAGES + 0x1000]
    mov qword [tss + 4], PAGES + 0x2000
    mov qword [tss + 36], INNER_STACK    ; IST1
    mov byte [GATE(PF) + 4], 1
    try
    enter_user .user2
.user2:
    cli
    caught "#PF while delivering #GP", PF, 2, .user2
    check_equal "CR2 is the inner stack", qword [exc_cr2], PAGES + 0x2000 - 8
    ; Both: #DF.
    mov byte [GATE(PF) + 4], 0
    mov byte [GATE(DF) + 4], 1
    try
    enter_user .user3
.user3:
    mov eax, [PAGES]
    caught "#PF while delivering #PF", DF, 0
    check_equal "CR2 of the second", qword [exc_cr2], PAGES + 0x2000 - 8
    mov qword [tss + 4], INNER_STACK
    mov byte [GATE(DF) + 4], 0

    ; IST without a change of ring; a stack that is not canonical: #SS(0), then #DF by IST.
    mov qword [tss + 44], INNER_STACK - 0x800 ; IST2
    mov byte [GATE(UD) + 4], 2
    try
    ud2
    caught "#UD by IST", UD, none
    check_equal "it ran on the IST's stack", qword [exc_handler_sp], INNER_STACK - 0x800 - 40
    mov byte [GATE(UD) + 4], 0
    mov byte [GATE(SS_FAULT) + 4], 2
    mov byte [GATE(GP) + 4], 2           ; for who confuses the two
    mov rbx, rsp
    mov rax, 1 << 48                     ; a push to 1 << 47 would be canonical again
    try
    mov rsp, rax
    ud2
    caught "no canonical stack for #UD", SS_FAULT, 1
    mov byte [GATE(SS_FAULT) + 4], 0
    mov byte [GATE(GP) + 4], 0
    ; IRETQ to an address that is not canonical.
    try
    push DATA
    push KERNEL_STACK
    push 2
    push CODE64
    mov rax, 1 << 47
    push rax
    iretq
    caught "IRETQ to an address that is not canonical", GP, 0
    try
    push DATA
    push KERNEL_STACK
    push 0x4002                          ; NT
    popfq
    iretq
    after_try
    mov rbx, [exc_vector]
    check_equal "IRETQ with NT set", rbx, GP
    push 2
    popfq
    finish

    align 8
saved_selector: dq 0
    test_end
