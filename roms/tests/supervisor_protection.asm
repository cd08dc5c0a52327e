; SPDX-License-Identifier: BSD-2-Clause
;
; SMEP, SMAP with EFLAGS.AC, STAC and CLAC, and UMIP. SDM 3A 4.6, 2.5 (CR4), 5.8; each is tried if CPUID shows it.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "SMAP: an implicit access with AC set" SDM 3A 4.6.1: AC counts for explicit accesses alone
;! differs: qemu "SMAP: an implicit access with AC set, error code" SDM 3A 4.6.1: AC counts for explicit accesses alone
;! differs: bochs "SMAP: an implicit access with AC set" SDM 3A 4.6.1: AC counts for explicit accesses alone
;! differs: bochs "SMAP: an implicit access with AC set, error code" SDM 3A 4.6.1: AC counts for explicit accesses alone
%define TEST_MODE 64
%include "rom_test.inc"

%define LDT SPARE
%define PAGE (PAGES + 0x10000)           ; user, writable

    bits 64
test_main:
    ; The kernel's own pages must be the supervisor's before SMEP goes on.
    mov byte [PAGE], 0xc3
    mov edi, PTE(0)
    mov ecx, (PAGES - 0) >> 12
.own:
    cmp edi, PTE(USER_STACK - 0x1000)
    je .skip
    and qword [rdi], ~4
.skip:
    add edi, 8
    loop .own
    mov rax, cr3
    mov cr3, rax

    xor ecx, ecx
    mov eax, 7
    cpuid
    mov [leaf7_ebx], ebx
    mov [leaf7_ecx], ecx

    bt dword [leaf7_ebx], 7
    jnc .no_smep
    call PAGE
    mov rax, cr4
    bts rax, 20
    mov cr4, rax
    try
    call PAGE
    caught "SMEP: a user's page executed at ring 0", PF, 0x11, PAGE
    mov eax, [PAGE]
    mov byte [PAGE + 1], 0x90
    try
    mov dword [PAGE + 0x10], 0x0b0f
    enter_user PAGE + 0x10
    caught "SMEP: ring 3 executes its pages", UD, none
    mov rax, cr4
    btr rax, 20
    mov cr4, rax
    call PAGE
.no_smep:
    bt dword [leaf7_ebx], 20
    jnc .no_smap
    try
    stac
    clac
    not_caught "STAC and CLAC do not depend on CR4.SMAP"
    mov rax, cr4
    bts rax, 21
    mov cr4, rax
    clac
    try
    mov eax, [PAGE]
    caught "SMAP: a user's page read at ring 0", PF, 1
    try
    mov [PAGE], eax
    caught "SMAP: a user's page written at ring 0", PF, 3
    stac
    mov eax, [PAGE]
    mov [PAGE + 8], eax
    pushfq
    pop rbx
    check_bits "STAC set AC", rbx, 1 << 18, 1 << 18
    ; Implicit supervisor accesses (here: a segment load that reads the LDT) do not heed AC.
    mov rcx, [gdt + DATA]
    mov [PAGE + 0x800], rcx
    set_descriptor SPARE, PAGE + 0x800, 0xff, 0x82, 0
    set_descriptor SPARE + 8, 0, 0, 0, 0
    mov eax, SPARE
    lldt ax
    mov eax, 4
    try
    mov fs, eax
    caught "SMAP: an implicit access with AC set", PF, 1
    xor eax, eax
    lldt ax
    clac
    pushfq
    pop rbx
    check_bits "CLAC cleared AC", rbx, 1 << 18, 0
    try
    call PAGE
    not_caught "SMAP does not stop fetches"
    ; WP clear does not lift SMAP.
    mov rax, cr0
    btr rax, 16
    mov cr0, rax
    try
    mov [PAGE], eax
    caught "SMAP with WP clear", PF, 3
    bts rax, 16
    mov cr0, rax
    mov rax, cr4
    btr rax, 21
    mov cr4, rax
.no_smap:
    or qword [PTE(LINEAR(user_code))], 4
    or qword [PTE(LINEAR(user_code) + 0x1000)], 4
    mov rax, cr3
    mov cr3, rax
    bt dword [leaf7_ebx], 20
    jnc .no_stac
    try
    enter_user user_stac
    caught "STAC at ring 3", UD, none, user_stac
.no_stac:
    try
    enter_user user_store
    caught "SGDT and kin at ring 3 without UMIP", UD, none, user_store.end
    bt dword [leaf7_ecx], 2
    jnc .no_umip
    mov rax, cr4
    bts rax, 11
    mov cr4, rax
%macro umip_refuses 2+
    try
    enter_user %%code
    align 16
%%code:
    %2
    ud2
    caught %1, GP, 0, %%code
%endmacro
    or qword [PTE(LINEAR(test_main))], 4
    or qword [PTE(LINEAR(test_main) + 0x1000)], 4
    mov rax, cr3
    mov cr3, rax
    umip_refuses "UMIP: SGDT", sgdt [USER_STACK - 0x100]
    umip_refuses "UMIP: SIDT", sidt [USER_STACK - 0x100]
    umip_refuses "UMIP: SLDT", sldt ax
    umip_refuses "UMIP: SMSW", smsw ax
    umip_refuses "UMIP: STR", str ax
    sgdt [pointer]
    check_bits "UMIP leaves ring 0 alone", qword [pointer], 0xffff, gdt_end - gdt - 1
.no_umip:
    mov rbx, rsp
    check_equal "the stack is where it was", rbx, KERNEL_STACK
    finish

    align 4096
user_code:
user_stac:
    stac
    ud2
user_store:
    sgdt [USER_STACK - 0x100]
    sidt [USER_STACK - 0x100]
    sldt ax
    str ax
    smsw ax
.end:
    ud2

    align 8
leaf7_ebx: dd 0
leaf7_ecx: dd 0
pointer: times 16 db 0
    test_end
