; SPDX-License-Identifier: BSD-2-Clause
;
; "Unreal" mode: the descriptor caches keep what protected mode loaded until a segment register is loaded
; again in real mode, and that load changes base and selector alone. SDM 3A 9.9.2, APM 2 4.5.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "64 KiB limit again" SDM 3A 5.3: TCG checks no segment limits
%define TEST_MODE 16
%include "rom_test.inc"

    bits 16
test_main:
    call load_flat_data
    xor eax, eax
    mov ebx, 0x200000
    mov dword [ebx], 0xcafe
    check_equal "4 GiB limit through DS in real mode", dword [ebx], 0xcafe

    ; A load in real mode sets the base, and leaves the limit alone.
    mov ax, 0x100
    mov ds, ax
    mov ebx, 0x200000 - 0x1000
    check_equal "base from the selector, limit kept", dword [ebx], 0xcafe
    xor ax, ax
    mov ds, ax

    ; Stack and string instructions with 32-bit addresses.
    mov esi, 0x200000
    mov edi, 0x201000
    mov ecx, 4
    a32 rep movsb
    check_equal "32-bit string move beyond 1 MiB", dword [dword 0x201000], 0xcafe
    check_equal "ESI moved by 4", esi, 0x200004

    ; Back to 64 KiB: through protected mode with a 64 KiB descriptor.
    call load_small_data
    try
    mov ebx, 0x10000
    mov eax, [ebx]
    caught "64 KiB limit again", GP, none
    finish

; DS and ES with selector %1's cache, the bases of real mode's 0.
%macro through_protected 1
    cli
    o32 lgdt [cs:OFF(gdt_pointer)]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp $ + 2
    mov bx, %1
    mov ds, bx
    mov es, bx
    and al, 0xfe
    mov cr0, eax
    jmp $ + 2
    xor ax, ax
    mov ds, ax
    mov es, ax
    ret
%endmacro

load_flat_data:
    through_protected DATA
load_small_data:
    through_protected DATA16
    test_end
