; SPDX-License-Identifier: BSD-2-Clause
;
; 4-level paging: present, writable, user, NX, reserved bits, accessed and dirty, WP, page sizes, and what a
; page fault says. SDM 3A 4.5 to 4.8.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "bit 63 is reserved without EFER.NXE, error code" SDM 3A 4.7: RSVD comes with P
;! differs: qemu "a reserved address bit, error code" SDM 3A 4.7: RSVD comes with P
;! differs: qemu "a reserved address bit at ring 3, error code" SDM 3A 4.7: RSVD comes with P
;! differs: qemu "bit 13 of a 2 MiB page, error code" SDM 3A 4.7: RSVD comes with P
;! differs: qemu "PS in a PML4 entry, error code" SDM 3A 4.7: RSVD comes with P
;! differs: qemu "bit 20 of a 1 GiB page, error code" SDM 3A 4.7: RSVD comes with P
;! differs: qemu "not canonical, through RBP" SDM 3A 6.15, #SS: TCG raises #GP for every segment
;! differs: qemu "a word from canonical to not" SDM 1 3.3.7.1
%define TEST_MODE 64
%include "rom_test.inc"

%define PAGE        (PAGES + 0x10000)
%define ACCESSED    0x20
%define DIRTY       0x40
%define NX          (1 << 63)

%macro set_pte 2 ; address, low 32 bits of the entry
    mov qword [PTE(%1)], %2
    invlpg [%1]
%endmacro

    bits 64
test_main:
    ; Accessed and dirty.
    set_pte PAGE, PAGE + 3
    mov eax, [PAGE]
    check_bits "a read sets A alone", qword [PTE(PAGE)], 0x60, ACCESSED
    mov [PAGE], eax
    check_bits "a write sets D", qword [PTE(PAGE)], 0x60, ACCESSED | DIRTY
    set_pte PAGE, PAGE + 3
    mov [PAGE], eax
    check_bits "a first write sets both", qword [PTE(PAGE)], 0x60, ACCESSED | DIRTY
    set_pte PAGE, PAGE + 3
    lock or dword [PAGE], 0
    check_bits "a locked read-modify-write sets both", qword [PTE(PAGE)], 0x60, ACCESSED | DIRTY
    set_pte PAGE, PAGE + 3
    xor eax, eax
    mov edx, 1
    cmpxchg [PAGE], edx
    check_bits "CMPXCHG is a write", qword [PTE(PAGE)], 0x60, ACCESSED | DIRTY
    ; A cached translation: A is not set again behind the processor's back.
    set_pte PAGE, PAGE + 3
    mov eax, [PAGE]
    mov qword [PTE(PAGE)], PAGE + 3
    mov eax, [PAGE]
    check_bits "no second walk while the TLB has it", qword [PTE(PAGE)], ACCESSED, 0
    invlpg [PAGE]
    mov eax, [PAGE]
    check_bits "INVLPG brings the walk back", qword [PTE(PAGE)], ACCESSED, ACCESSED

    ; Not present.
    set_pte PAGE, PAGE + 2
    try
.read:
    mov eax, [PAGE + 0x123]
    caught "a read of a page that is not present", PF, 0, .read
    check_equal "CR2", qword [exc_cr2], PAGE + 0x123
    try
    mov [PAGE], eax
    caught "a write to a page that is not present", PF, 2
    try
    jmp PAGE
    caught "a fetch from a page that is not present", PF, 0x10, PAGE
    check_bits "A is not set without P", qword [PTE(PAGE)], ACCESSED, 0
    set_pte PAGE, PAGE + 3
    ; A dword that crosses into a missing page: CR2 is the first byte that is missing.
    set_pte PAGE + 0x1000, 0
    try
    mov eax, [PAGE + 0xffe]
    caught "a read across into a missing page", PF, 0
    check_equal "CR2 is that page's first byte", qword [exc_cr2], PAGE + 0x1000
    mov word [PAGE + 0xffe], 0x7777
    try
    mov dword [PAGE + 0xffe], 0
    caught "a write across into a missing page", PF, 2
    movzx ecx, word [PAGE + 0xffe]
    check_equal "nothing of it was written", rcx, 0x7777

    ; Read-only, and CR0.WP.
    set_pte PAGE, PAGE + 1
    try
    mov [PAGE], eax
    caught "a write to a read-only page, WP set", PF, 3
    check_bits "a refused write sets no D", qword [PTE(PAGE)], DIRTY, 0
    mov rax, cr0
    and eax, ~0x10000
    mov cr0, rax
    mov qword [PAGE], 0x4321
    check_equal "a write to a read-only page, WP clear", qword [PAGE], qword [stored]
    check_bits "it sets D", qword [PTE(PAGE)], DIRTY, DIRTY
    try
    enter_user user_write
    caught "WP clear does not help ring 3", PF, 7, user_write.store
    mov rax, cr0
    or eax, 0x10000
    mov cr0, rax
    try
    mov [PAGE], eax
    caught "WP set again", PF, 3

    ; User and supervisor; the error code of ring 3.
    set_pte PAGE, PAGE + 3
    try
    enter_user user_read
    caught "a supervisor's page read at ring 3", PF, 5
    try
    enter_user user_write
    caught "a supervisor's page written at ring 3", PF, 7
    try
    enter_user PAGE
    caught "a supervisor's page executed at ring 3", PF, 0x15, PAGE
    set_pte PAGE, PAGE + 7
    and qword [PD], ~4                   ; U/S counts at each level
    mov rax, cr3
    mov cr3, rax
    try
    enter_user user_read
    caught "U/S clear in the PDE", PF, 0x15
    or qword [PD], 4
    mov rax, cr3
    mov cr3, rax

    ; No execute.
    mov byte [PAGE], 0xc3
    mov rax, PAGE + 3
    mov rbx, 1 << 63
    or rax, rbx
    mov [PTE(PAGE)], rax
    invlpg [PAGE]
    try
    call PAGE
    caught "a fetch from a no-execute page", PF, 0x11, PAGE
    mov eax, [PAGE]
    mov ecx, 0xc0000080
    rdmsr
    and eax, ~0x800
    wrmsr
    invlpg [PAGE]
    try
    mov eax, [PAGE]
    caught "bit 63 is reserved without EFER.NXE", PF, 9
    mov ecx, 0xc0000080
    rdmsr
    or eax, 0x800
    wrmsr
    set_pte PAGE, PAGE + 3
    call PAGE

    ; Reserved bits: beyond MAXPHYADDR; PS in a PML4 entry; low bits of a large page's address.
    mov rax, (1 << 51) | (PAGE + 3)
    mov [PTE(PAGE)], rax
    invlpg [PAGE]
    mov eax, 0x80000008
    cpuid
    cmp al, 52
    jae .full_width
    try
    mov ecx, [PAGE]
    caught "a reserved address bit", PF, 9
    try
    enter_user user_read
    caught "a reserved address bit at ring 3", PF, 13
.full_width:
    set_pte PAGE, PAGE + 3
    or qword [PD + 8], 1 << 13
    mov rax, cr3
    mov cr3, rax
    try
    mov ecx, [0x200000]
    caught "bit 13 of a 2 MiB page", PF, 9
    and qword [PD + 8], ~(1 << 13)
    mov rax, cr3
    mov cr3, rax

    ; PS in a PML4 entry, seen through the second half TiB.
    mov qword [PML4 + 8], PDPT + 0x83
    mov rbx, 1 << 39
    try
    mov ecx, [rbx + PAGE]
    caught "PS in a PML4 entry", PF, 9
    mov qword [PML4 + 8], PDPT + 3
    mov dword [PAGE], 0x5a5a
    mov ecx, [rbx + PAGE]
    check_equal "another way to the same page", rcx, 0x5a5a

    ; 1 GiB pages.
    mov eax, 0x80000001
    cpuid
    bt edx, 26
    jnc .no_gigabyte
    mov qword [PDPT + 16], 0x83          ; 2 GiB -> 0
    mov ebx, 0x80000000
    mov ecx, [rbx + PAGE]
    check_equal "a 1 GiB page", rcx, 0x5a5a
    check_bits "A in its entry", qword [PDPT + 16], 0x60, ACCESSED
    mov dword [rbx + PAGE], 0x6b6b
    check_bits "D in its entry", qword [PDPT + 16], 0x60, ACCESSED | DIRTY
    mov qword [PDPT + 24], 0x83 | (1 << 20)
    mov ebx, 0xc0000000
    try
    mov ecx, [rbx]
    caught "bit 20 of a 1 GiB page", PF, 9
.no_gigabyte:
    check_bits "2 MiB pages: A and D", qword [PD + 16], 0x60, 0
    mov [0x400000], eax
    check_bits "2 MiB pages: a write sets both", qword [PD + 16], 0x60, ACCESSED | DIRTY
    check_bits "A in every table on the way", qword [PDPT], ACCESSED, ACCESSED

    ; Canonical addresses: #GP, by way of the stack #SS.
    mov rbx, 1 << 47
    try
    mov eax, [rbx]
    caught "an address that is not canonical", GP, 0
    mov rbp, 1 << 47
    try
    mov eax, [rbp]
    caught "not canonical, through RBP", SS_FAULT, 0
    try
    jmp rbx
    caught "a jump to where nothing can be", GP, 0
    mov rbx, 0xffff800000000000
    try
    mov eax, [rbx]
    caught "the lowest address of the upper half", PF, 0
    check_equal "CR2 has 64 bits", qword [exc_cr2], rbx
    mov rbx, 0x7fffffffffff
    try
    mov ax, [rbx]
    caught "a word from canonical to not", GP, 0
    finish

user_read:
    mov eax, [PAGE]
    ud2
user_write:
    nop
.store:
    mov [PAGE], eax
    ud2
stored: dq 0x4321
    test_end
