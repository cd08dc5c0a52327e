; SPDX-License-Identifier: BSD-2-Clause
;
; INT 1Ah, function B1h: the PCI BIOS (PCI BIOS Specification 2.1), and what it finds.

HOST_BRIDGE     equ 0x12378086          ; i440FX, in all three machines.

test_pci:
    mov ax, 0xb101
    mov edi, 0
    int 0x1a
    check_that "PCI BIOS: it is there", nc
    check_dword "PCI BIOS: the signature", edx, 'PCI '
    check_byte "PCI BIOS: AH is 0", ah, 0
    test al, 1
    check_that "PCI BIOS: configuration mechanism 1", nz

    mov ax, 0xb102
    mov cx, HOST_BRIDGE >> 16
    mov dx, HOST_BRIDGE & 0xffff
    mov si, 0
    int 0x1a
    check_that "PCI BIOS: the host bridge is found by its numbers", nc
    check_word "PCI BIOS: the host bridge is 00:00.0", bx, 0
    mov ax, 0xb102
    mov cx, 0x1234
    mov dx, 0xabcd
    mov si, 0
    int 0x1a
    check_that "PCI BIOS: what is not there is not found", c
    check_byte "PCI BIOS: what is not there, and AH says so", ah, 0x86

    mov ax, 0xb10a
    mov bx, 0
    mov di, 0
    int 0x1a
    check_dword "PCI BIOS: a double word of the host bridge", ecx, HOST_BRIDGE
    mov ax, 0xb109
    mov di, 2
    int 0x1a
    check_word "PCI BIOS: a word of the host bridge", cx, HOST_BRIDGE >> 16
    mov ax, 0xb108
    mov di, 11
    int 0x1a
    check_byte "PCI BIOS: a byte of the host bridge", cl, 0x06

    mov ax, 0xb103
    mov ecx, 0x010180                   ; IDE, with a bus master.
    mov si, 0
    int 0x1a
    check_that "PCI BIOS: the IDE function is found by its class", nc
    check_word "PCI BIOS: the IDE function is 00:01.1", bx, 0x0009
    mov ax, 0xb109
    mov di, 4                           ; Its command register, with the bus master the other way.
    int 0x1a
    mov bp, cx
    xor cx, 4
    mov dx, cx
    mov ax, 0xb10c
    int 0x1a
    check_that "PCI BIOS: a word is written", nc
    mov ax, 0xb109
    int 0x1a
    cmp cx, dx
    check_that "PCI BIOS: a word that was written", e
    mov cx, bp
    mov ax, 0xb10c
    int 0x1a

    mov ax, 0xb103
    mov ecx, 0x030000
    mov si, 0
    int 0x1a
    check_that "PCI BIOS: the display is found by its class", nc
    ret
