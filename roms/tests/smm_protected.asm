; SPDX-License-Identifier: BSD-2-Clause
;
; System management mode entered from protected mode and from real mode: what is not in any register that the
; program could read (hidden parts of segments), flags, debug registers and the modes themselves come back.
; SDM 3C 31.4; APM 2 10.2.3.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "a null segment is still null" SDM 3A 5.4.1; TCG looks at no segment's presence
%define TEST_MODE 32
%include "rom_test.inc"

%define APM_CONTROL     0xb2
%define SMBASE          0x30000
%define ENTRY           0x8000
%define SAVED_CS        0xfe10
%define SAVED_EFER      0xfed0
%define SAVED_CR0       0xff58
%define SAVED_DR7       0xff60
%define SAVED_RFLAGS    0xff70

%define smi_count       0x4040

    bits 32
test_main:
    mov dx, 0xcf8                        ; APMC_EN of a PIIX4, where there is one
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

    ; A segment whose descriptor is another by now.
    set_descriptor SPARE, 0x00104000, 0xfff, 0x93, 4
    mov eax, SPARE
    mov fs, eax
    set_descriptor SPARE, 0x00105000, 0xfff, 0x93, 4
    mov dword [0x104010], 0x0badcafe
    mov dword [0x105010], 0
    xor eax, eax
    mov gs, eax
    mov eax, 0x00104800
    mov dr0, eax
    mov eax, 0x401                       ; execution at DR0, which never comes
    mov dr7, eax
    mov eax, cr0
    mov [0x4048], eax
    mov ebx, 0x11112222
    mov ebp, 0x33334444
    std
    stc
    mov al, 0
    out APM_CONTROL, al
    jmp .on
.on:
    nop
    nop
    pushfd
    cld
    pop edx
    check_equal "one SMI", [smi_count], 1
    check_bits "flags came back", edx, 0x401, 0x401
    check_equal "EBX came back", ebx, 0x11112222
    check_equal "EBP came back", ebp, 0x33334444
    mov edx, [fs:0x10]
    check_equal "the base FS was loaded with", edx, 0x0badcafe
    mov eax, dr7
    check_equal "DR7 came back", eax, 0x401
    mov eax, cr0
    check_equal "CR0 came back", eax, [0x4048]
    try
    mov eax, [gs:0]
    caught "a null segment is still null", GP, 0
    check_bits "DR7 saved", [SMBASE + SAVED_DR7], 0x7ff, 0x401
    check_bits "flags saved", [SMBASE + SAVED_RFLAGS], 0x401, 0x401
    check_equal "CR0 saved", [SMBASE + SAVED_CR0], [0x4048]
    check_bits "EFER saved", [SMBASE + SAVED_EFER], 0x500, 0
    movzx edx, word [SMBASE + SAVED_CS]
    check_equal "CS saved", edx, CODE32
    mov eax, 0x400
    mov dr7, eax

    ; With paging.
    mov edi, PML4
    mov ecx, 1024
    mov eax, 0x87                        ; 4 MiB each
.next:
    stosd
    add eax, 0x400000
    loop .next
    mov eax, cr4
    or eax, 0x10
    mov cr4, eax
    mov dword [PML4 + 4], 0x87           ; 4 MiB to 8 MiB lie at 0
    mov eax, PML4
    mov cr3, eax
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    jmp .paged
.paged:
    mov al, 0
    out APM_CONTROL, al
    jmp .back
.back:
    nop
    nop
    check_equal "an SMI under paging", [smi_count], 2
    check_equal "translations are as they were", [0x400000 + smi_count], 2
    mov eax, cr4
    check_bits "CR4 came back", eax, 0x10, 0x10
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax
    jmp .unpaged
.unpaged:

    ; Real mode, with a segment that reaches further than it should there.
    lidt [real_idt_pointer]
    mov eax, DATA
    mov es, eax
    jmp CODE16:OFF(.code16)
    bits 16
.code16:
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    jmp (IMAGE >> 4):OFF(.real)
.real:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov esp, 0xf000
    mov dword [dword PAGES + 0x20], 0x600df00d
    mov al, 0
    out APM_CONTROL, al
    jmp .settled
.settled:
    nop
    nop
    mov edx, [es:dword PAGES + 0x20]
    mov eax, cr0
    mov ecx, eax
    and ecx, 1
    mov bx, cs
    movzx ebx, bx
    check_equal "an SMI in real mode", [smi_count], 3
    check_equal "still real mode", ecx, 0
    check_equal "CS", ebx, IMAGE >> 4
    check_equal "the limit of 4 GiB came back", edx, 0x600df00d
    finish

smi_handler:
    inc dword [dword smi_count]
    mov ebx, 0x55555555
    mov ebp, 0x66666666
    mov ax, 0x1234
    mov fs, ax
    mov gs, ax
    mov es, ax
    cld
    clc
    rsm
smi_handler_end:
    test_end
