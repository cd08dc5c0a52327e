; SPDX-License-Identifier: BSD-2-Clause
;
; RSM with an image that no processor could be in shuts down: paging without protection. SDM 3C 31.4.2 (32.4.2
; in later editions). QEMU's TCG looks at nothing.
;
;! expect: shutdown
;! peers: bochs
%define TEST_MODE 32
%include "rom_test.inc"

%define APM_CONTROL     0xb2
%define SMBASE          0x30000
%define ENTRY           0x8000
%define SAVED_CR0       0xff58

    bits 32
test_main:
    mov dx, 0xcf8
    mov eax, 0x80000b58
    out dx, eax
    mov dx, 0xcfc
    in eax, dx
    cmp eax, -1
    je .no_pci
    or eax, 0x02000000
    out dx, eax
.no_pci:
    mov esi, smi_handler
    mov edi, SMBASE + ENTRY
    mov ecx, smi_handler_end - smi_handler
    rep movsb
    check_equal "it got here", ecx, 0
    mov esi, about_text
    call print32
    mov al, 0
    out APM_CONTROL, al
    jmp .on
.on:
    nop
    nop
    finish

about_text: db "about to shut down", 10, 0

    bits 16
smi_handler:
    mov dword [dword SMBASE + SAVED_CR0], 0x80000010
    rsm
smi_handler_end:
    test_end
