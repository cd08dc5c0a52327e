; SPDX-License-Identifier: BSD-2-Clause
;
; Self-modifying code, precisely: a store to the next instruction, to the rest of the running block, by REP, by
; another mapping of the same page, across a page's end, and code whose mapping changes. SDM 3A 11.6 asks for a
; jump or a serializing instruction only where the store went through another linear address.
;
;! expect: pass
;! peers: qemu bochs
;! differs: bochs "its second page changed" SDM 2A INVLPG, 3A 4.10.4.1: Bochs keeps the decoded instruction across INVLPG of its second page
;! differs: bochs "its second page went away, at" SDM 2A INVLPG, 3A 4.10.4.1
;! differs: bochs "CR2 is in the second page" SDM 2A INVLPG, 3A 4.10.4.1
%define TEST_MODE 64
%include "rom_test.inc"

%define CODE    (PAGES + 0x10000)
%define ALIAS   (PAGES + 0x20000)

    bits 64
test_main:
    ; The very next instruction.
    xor eax, eax
    mov byte [.patched + 1], 77
.patched:
    mov al, 11
    check_equal "a store to the next instruction", rax, 77

    ; Later in the same straight run, several times.
    xor ebx, ebx
    xor eax, eax
    mov ecx, 20
.loop:
    mov [.patched2 + 1], cl
    nop
    nop
.patched2:
    mov al, 0
    add ebx, eax
    dec ecx
    jnz .loop
    check_equal "a loop that rewrites itself", rbx, 210

    ; A store into the instruction that stores.
    xor eax, eax
    lea rdi, [.self + 3]
.self:
    mov byte [rdi], 2                    ; its own immediate: this time it still writes 2
    check_equal "an instruction that changes itself", qword [.self], qword [.self]
    movzx eax, byte [.self + 2]
    check_equal "it wrote what it said before", rax, 2

    ; REP STOSB over what follows.
    lea rdi, [.erased]
    mov al, 0x90
    mov ecx, 2
    xor edx, edx
    rep stosb
.erased:
    inc edx
    check_equal "REP STOSB over the next instruction", rdx, 0

    ; Through an alias, with a jump between.
    mov qword [PTE(ALIAS)], CODE + 3
    invlpg [ALIAS]
    mov dword [CODE], 0xc3000db8 | (0 << 8)
    mov byte [CODE], 0xb8                ; MOV EAX, imm32; RET
    mov dword [CODE + 1], 1
    mov byte [CODE + 5], 0xc3
    call CODE
    check_equal "code in a page", rax, 1
    mov dword [ALIAS + 1], 2
    call CODE
    check_equal "changed through an alias", rax, 2
    call ALIAS
    check_equal "run through the alias", rax, 2
    mov dword [CODE + 1], 3
    call ALIAS
    check_equal "and back", rax, 3

    ; Another page behind the same address.
    mov dword [CODE + 0x1000], 0x000004b8
    mov word [CODE + 0x1004], 0xc300
    mov qword [PTE(ALIAS)], CODE + 0x1003
    invlpg [ALIAS]
    call ALIAS
    check_equal "the mapping changed", rax, 4
    mov qword [PTE(ALIAS)], CODE + 3
    invlpg [ALIAS]
    call ALIAS
    check_equal "and changed back", rax, 3

    ; An instruction across two pages, whose second half changes, by store and by mapping.
    mov word [CODE + 0xffe], 0x05b8      ; MOV EAX, 5 | RET
    mov dword [CODE + 0x1000], 0xc3000000
    call CODE + 0xffe
    check_equal "an instruction across pages", rax, 5
    mov byte [CODE + 0x1000], 1
    call CODE + 0xffe
    check_equal "its second half changed", rax, 0x105
    mov dword [CODE + 0x2000], 0xc3000002
    mov qword [PTE(CODE + 0x1000)], CODE + 0x2003
    invlpg [CODE + 0x1000]
    call CODE + 0xffe
    check_equal "its second page changed", rax, 0x205
    mov qword [PTE(CODE + 0x1000)], 0
    invlpg [CODE + 0x1000]
    try
    call CODE + 0xffe
    caught "its second page went away", PF, 0x10, CODE + 0xffe
    check_equal "CR2 is in the second page", qword [exc_cr2], CODE + 0x1000
    mov qword [PTE(CODE + 0x1000)], CODE + 0x1003
    invlpg [CODE + 0x1000]

    ; Data and code in one page: stores beside the code, then into it.
    mov byte [CODE], 0xb8
    mov dword [CODE + 1], 7
    mov byte [CODE + 5], 0xc3
    mov ecx, 1000
.beside:
    mov [CODE + 0x800], ecx
    call CODE
    dec ecx
    jnz .beside
    check_equal "stores beside code", rax, 7
    lock inc dword [CODE + 1]
    call CODE
    check_equal "a locked increment of an immediate", rax, 8
    push rax
    mov rbx, rsp
    mov rsp, CODE + 9                    ; PUSH writes CODE + 1 .. CODE + 8
    push 0xc300
    mov rsp, rbx
    pop rax
    mov byte [CODE + 5], 0xc3
    call CODE
    check_equal "a push into code", rax, 0xc300
    finish
    test_end
