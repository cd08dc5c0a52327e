; SPDX-License-Identifier: BSD-2-Clause
;
; Process-context identifiers, INVPCID, and global pages. A translation that memory no longer holds and the
; processor still uses shows that an entry survived; where the manuals only permit that (SDM 3A 4.10.2.4), the
; check is that it may be stale or fresh but nothing else. SDM 3A 4.10, 2A INVPCID.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "a global page outlives MOV to CR3" SDM 3A 4.10.4: dropping it too is permitted
%define TEST_MODE 64
%include "rom_test.inc"

%define PAGE    (PAGES + 0x10000)        ; holds 'A'
%define OTHER   (PAGES + 0x11000)        ; holds 'B'
%define WINDOW  (PAGES + 0x20000)
%define GLOBAL  0x100

%macro point_window 2 ; target, flags
    mov qword [PTE(WINDOW)], (%1) | (%2)
%endmacro

; RBX: 'A' or 'B', whichever WINDOW shows.
%macro look 0
    movzx ebx, byte [WINDOW]
%endmacro

%macro fresh 2 ; name, expected
    look
    check_equal %1, rbx, %2
%endmacro

    bits 64
test_main:
    mov byte [PAGE], 'A'
    mov byte [OTHER], 'B'
    point_window PAGE, 3
    invlpg [WINDOW]
    fresh "the window shows A", 'A'
    point_window OTHER, 3
    mov rax, cr3
    mov cr3, rax
    fresh "MOV to CR3 drops what is not global", 'B'

    ; Global pages: CR3 keeps them, CR4.PGE and INVLPG drop them.
    mov rax, cr4
    bts rax, 7
    mov cr4, rax
    point_window PAGE, 3 | GLOBAL
    invlpg [WINDOW]
    look
    point_window OTHER, 3 | GLOBAL
    mov rax, cr3
    mov cr3, rax
    fresh "a global page outlives MOV to CR3", 'A'
    invlpg [WINDOW]
    fresh "INVLPG drops a global page", 'B'
    point_window PAGE, 3 | GLOBAL
    mov rax, cr4
    btr rax, 7
    mov cr4, rax
    fresh "clearing PGE drops everything", 'A'
    point_window OTHER, 3 | GLOBAL
    mov rax, cr3
    mov cr3, rax
    fresh "without PGE there are no global pages", 'B'

    mov eax, 1
    cpuid
    bt ecx, 17
    jnc .no_pcid
    xor ecx, ecx
    mov eax, 7
    cpuid
    bt ebx, 10
    jnc .no_pcid

    ; PCIDE may be set with PCID 0 only, and CR3 is what counts then.
    mov rax, cr3
    or rax, 1 << 3                       ; PWT is bit 3 of PCID 8
    mov cr3, rax
    mov rbx, cr4
    bts rbx, 17
    try
    mov cr4, rbx
    caught "CR4.PCIDE with a PCID that is not 0", GP, 0
    and rax, ~0xfff
    mov cr3, rax
    mov cr4, rbx
    mov rcx, cr4
    check_bits "PCIDE", rcx, 1 << 17, 1 << 17

    ; Bit 63 of the source: keep the PCID's entries.
    mov r12, 1 << 63
    mov r13, PML4 | 1
    mov r14, PML4 | 2
    mov cr3, r13
    point_window PAGE, 3
    invlpg [WINDOW]
    look
    mov cr3, r14
    point_window OTHER, 3
    fresh "another PCID does not see the first one's entries", 'B'
    lea rax, [r13]
    or rax, r12
    mov cr3, rax
    look
    call stale_or_fresh
    mov rcx, cr3
    check_equal "bit 63 is not stored", rcx, r13
    mov cr3, r13
    fresh "without bit 63 the PCID's entries go", 'B'

    ; INVPCID: 0 one address, 1 one PCID, 2 all, 3 all but global.
    point_window PAGE, 3
    mov qword [descriptor], 1
    mov qword [descriptor + 8], WINDOW
    xor eax, eax
    invpcid rax, [descriptor]
    fresh "INVPCID 0: this address of this PCID", 'A'
    point_window OTHER, 3
    mov eax, 1
    invpcid rax, [descriptor]
    fresh "INVPCID 1: this PCID", 'B'
    point_window PAGE, 3
    mov eax, 3
    invpcid rax, [descriptor]
    fresh "INVPCID 3: all that is not global", 'A'
    point_window OTHER, 3
    mov eax, 2
    invpcid rax, [descriptor]
    fresh "INVPCID 2: everything", 'B'
    mov eax, 4
    try
    invpcid rax, [descriptor]
    caught "INVPCID 4", GP, 0
    mov qword [descriptor], 0x1000
    mov eax, 1
    try
    invpcid rax, [descriptor]
    caught "reserved bits of the descriptor", GP, 0
    mov qword [descriptor], 1
    mov rcx, 1 << 48
    mov [descriptor + 8], rcx
    xor eax, eax
    try
    invpcid rax, [descriptor]
    caught "an address that is not canonical", GP, 0
    try
    enter_user .user
.user:
    invpcid rax, [descriptor]
    caught "INVPCID at ring 3", GP, 0

    ; PCIDE cleared with a PCID in CR3: everything goes, CR3[11:0] stays.
    mov rax, cr4
    btr rax, 17
    mov cr4, rax
    mov rcx, cr3
    check_equal "CR3 keeps its low bits", rcx, r13
.no_pcid:
    finish

stale_or_fresh:
    cmp ebx, 'A'
    je .good
    check_equal "stale or fresh, nothing else", rbx, 'B'
.good:
    ret

    align 16
descriptor: times 16 db 0
    test_end
