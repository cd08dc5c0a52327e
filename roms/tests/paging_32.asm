; SPDX-License-Identifier: BSD-2-Clause
;
; 32-bit paging (4 KiB, 4 MiB with PSE, PSE-36) and PAE paging (PDPTEs loaded by MOV to CR3, 2 MiB pages, NX,
; reserved bits). SDM 3A 4.3, 4.4.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "bit 21 of a 4 MiB page, error code" SDM 3A 4.7: RSVD comes with P
;! differs: qemu "PDPTEs have no A" SDM 3A table 4-8
;! differs: qemu "a PDPTE changed in memory does not count yet" SDM 3A 4.4.1: TCG has no PDPTE registers
;! differs: qemu "a PDPTE changed in memory does not count yet, error code" SDM 3A 4.4.1
;! differs: qemu "reserved bits of a PDPTE" SDM 3A 4.4.1
;! differs: qemu "reserved bits of a PDPTE, error code" SDM 3A 4.4.1
;! differs: qemu "bit 60 of a PTE, error code" SDM 3A 4.7
;! differs: qemu "NX without EFER.NXE, error code" SDM 3A 4.7
%define TEST_MODE 32
%include "rom_test.inc"

%define PD32        FREE_TABLES
%define PT32        (FREE_TABLES + 0x1000)
%define PDPT_PAE    (FREE_TABLES + 0x2000)
%define PD_PAE      (FREE_TABLES + 0x3000)
%define PT_PAE      (FREE_TABLES + 0x4000)
%define PAGE        (PAGES + 0x10000)
%define PTE32(address) (PT32 + ((address) >> 12) * 4)
%define PTE_PAE(address) (PT_PAE + ((address) >> 12) * 8)

    bits 32
test_main:
    mov dword [PAGE], 0x11111111
    mov dword [PAGE + 0x1000], 0x22222222
    mov dword [0x400000 + 0x10000], 0x33333333

    ; 4 KiB pages: the first 4 MiB one to one.
    mov edi, PD32
    mov ecx, 1024
    xor eax, eax
    rep stosd
    mov eax, 7
    mov edi, PT32
    mov ecx, 1024
.fill:
    stosd
    add eax, 0x1000
    loop .fill
    mov dword [PD32], PT32 + 7
    mov eax, PD32
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80010000
    mov cr0, eax
    check_equal "paging is on", dword [PAGE], 0x11111111
    mov dword [PTE32(PAGE)], PAGE + 0x1003
    invlpg [PAGE]
    check_equal "another page shows", dword [PAGE], 0x22222222
    check_bits "a read sets A", dword [PTE32(PAGE)], 0x60, 0x20
    mov dword [PAGE], 0x22222223
    check_bits "a write sets D", dword [PTE32(PAGE)], 0x60, 0x60
    check_bits "A in the PDE", dword [PD32], 0x20, 0x20
    try
    mov eax, [0x400000]
    caught "a PDE that is not present", PF, 0
    check_equal "CR2", dword [exc_cr2], 0x400000
    mov dword [PTE32(PAGE)], PAGE + 1
    invlpg [PAGE]
    try
    mov [PAGE], eax
    caught "a read-only page", PF, 3
    try
    enter_user user_read
    caught "a supervisor's page at ring 3", PF, 5
    ; Without PSE, PS is ignored: the PDE points to a table.
    mov dword [PD32 + 4], PT32 + 0x87
    check_equal "PS without CR4.PSE is ignored", dword [0x400000 + PAGE + 0x1000], 0x22222223
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    mov dword [PD32 + 4], 0x400000 + 0x83
    invlpg [0x400000]
    check_equal "a 4 MiB page", dword [0x410000], 0x33333333
    check_bits "A in its PDE", dword [PD32 + 4], 0x60, 0x20
    mov dword [PD32 + 4], 0x400083 | (1 << 21)
    invlpg [0x400000]
    try
    mov ecx, [0x410000]
    caught "bit 21 of a 4 MiB page", PF, 9

    ; PAE.
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax
    mov edi, PDPT_PAE
    mov ecx, 0x3000 / 4
    xor eax, eax
    rep stosd
    mov edi, PT_PAE
    mov eax, 7
    mov ecx, 512
.fill_pae:
    mov [edi], eax
    mov dword [edi + 4], 0
    add eax, 0x1000
    add edi, 8
    loop .fill_pae
    mov dword [PD_PAE], PT_PAE + 7
    mov dword [PD_PAE + 8], 0x200000 + 0x83
    mov dword [PD_PAE + 16], 0x400000 + 0x83
    mov dword [PDPT_PAE], PD_PAE + 1
    mov eax, cr4
    or eax, 0x20
    mov cr4, eax
    mov eax, PDPT_PAE
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    check_equal "PAE paging is on", dword [PAGE], 0x11111111
    check_equal "a 2 MiB page", dword [0x410000], 0x33333333
    check_bits "PDPTEs have no A", dword [PDPT_PAE], 0x20, 0
    ; The PDPTEs are registers: memory is read by MOV to CR3 alone.
    mov dword [PDPT_PAE + 8], PD_PAE + 1 ; the second GiB
    try
    mov ecx, [0x40000000 + PAGE]
    caught "a PDPTE changed in memory does not count yet", PF, 0
    mov eax, cr3
    mov cr3, eax
    check_equal "after MOV to CR3 it does", dword [0x40000000 + PAGE], 0x11111111
    mov dword [PDPT_PAE + 16], PD_PAE + 0x1e1 | 2
    try
    mov cr3, eax
    caught "reserved bits of a PDPTE", GP, 0
    check_equal "the old PDPTEs stay", dword [0x40000000 + PAGE], 0x11111111
    mov dword [PDPT_PAE + 16], 0x1e6
    try
    mov cr3, eax
    not_caught "a PDPTE that is not present may hold anything"
    mov dword [PDPT_PAE + 16], 0

    ; Reserved bits and NX.
    mov dword [PTE_PAE(PAGE) + 4], 1 << 28
    invlpg [PAGE]
    try
    mov ecx, [PAGE]
    caught "bit 60 of a PTE", PF, 9
    mov dword [PTE_PAE(PAGE) + 4], 1 << 31
    invlpg [PAGE]
    try
    mov ecx, [PAGE]
    caught "NX without EFER.NXE", PF, 9
    mov ecx, 0xc0000080
    rdmsr
    or eax, 0x800
    wrmsr
    invlpg [PAGE]
    mov byte [PAGE], 0xc3
    try
    call PAGE
    caught "NX with EFER.NXE", PF, 0x11, PAGE
    mov dword [PTE_PAE(PAGE) + 4], 0
    invlpg [PAGE]
    call PAGE

    ; WP and a page crossing.
    mov eax, PAGE
    mov dword [PTE_PAE(PAGE + 0x1000)], 0
    invlpg [PAGE + 0x1000]
    try
    mov ecx, [eax + 0xffd]
    caught "a dword across into a missing page", PF, 0
    check_equal "CR2 is the missing byte", dword [exc_cr2], PAGE + 0x1000
    finish

user_read:
    mov eax, [PAGE]
    ud2
    test_end
