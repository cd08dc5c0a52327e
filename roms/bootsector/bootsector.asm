; SPDX-License-Identifier: BSD-2-Clause
;
; A medium that boots and tries the firmware's services on the machine under it: INT 10h, 11h, 12h, 13h, 15h,
; 16h and 1Ah. The same image is a hard disk, the image of a CD that boots without emulation, and, cut off,
; that of a floppy that a CD emulates; what is tried of INT 13h depends on which of them it woke up as.
;
;   sector 0         loads the rest, unless the firmware has (El Torito), and goes there
;   to PROGRAM_END   the tests
;   SCRATCH_SECTOR   is written to
;   the rest         each double word is PATTERN plus the number of its sector
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "INT 15h: 86h, 220 ms are three to five ticks" MC146818 data sheet, table 5: QEMU's are half as many
;! differs: qemu "INT 15h: 83h, 110 ms are one to three ticks" the same
;! differs: bochs "INT 15h: E820h, as much below 1 MiB as INT 12h says" its BIOS keeps 3 KiB more
;! differs: bochs "INT 15h: 86h waits" its BIOS does not
;! differs: bochs "INT 1Ah: midnight, hours and minutes" a time that was set jumps back an hour
;! differs: bochs "INT 1Ah: midnight, the day that leap years have" the same
;! differs: bochs "INT 4Ah: the alarm went off" the same
;! differs: bochs "INT 10h: 4F03h, the mode" VBE 3.0, 4.6: without bit 14
;! differs: bochs "VBE: the frame buffer's bytes are in the window" its block move does not reach so high
;! differs: bochs "VBE: the window's bytes are in the frame buffer" the same

%include "bios_test.inc"

PROGRAM_SECTORS equ 40
SCRATCH_SECTOR  equ 100
SECTORS         equ 4 * 16 * 63         ; Four cylinders by the geometry that all BIOSes give small disks.
PATTERN         equ 0x5a000000
LOADED          equ 0x19750401

    org 0x7c00
    bits 16
    cpu 486

start:
    jmp 0:.here
.here:
    cli
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    cld
    mov [boot_drive], dl
    cmp dword [loaded_mark], LOADED
    je .loaded
    mov ah, 0x08                        ; Geometry.
    int 0x13
    jc load_failed
    push word 0
    pop es
    and cx, 0x3f
    mov [sectors_per_track], cx
    inc dh
    mov [heads], dh
    mov si, 1
.next:
    mov ax, si
    call place_of_sector
    mov bx, si
    shl bx, 9
    add bx, 0x7c00
    mov ax, 0x0201
    int 0x13
    jc load_failed
    inc si
    cmp si, PROGRAM_SECTORS
    jb .next
    cmp dword [loaded_mark], LOADED
    jne load_failed
.loaded:
    jmp main

; AX: a sector's number. CX, DH, DL: where INT 13h's older functions find it.
place_of_sector:
    xor dx, dx
    div word [sectors_per_track]
    mov cl, dl
    inc cl
    xor dx, dx
    div word [heads]
    mov ch, al
    shl ah, 6
    or cl, ah
    mov dh, dl
    mov dl, [boot_drive]
    ret

load_failed:
    mov al, '!'
    out DEBUG_PORT, al
    mov al, 1
    out 0xf4, al
    hlt
    jmp load_failed

boot_drive:         db 0
sectors_per_track:  dw 0
heads:              dw 0

    times 510 - ($ - $$) db 0
    dw 0xaa55

main:
    call test_memory
    call test_clock
    call test_keyboard
    call test_drive
    call test_pci
    call test_text
    call test_graphics
    jmp finish

%include "frame.asm"
%include "memory.asm"
%include "clock.asm"
%include "keyboard.asm"
%include "drive.asm"
%include "pci.asm"
%include "text.asm"
%include "graphics.asm"

    times PROGRAM_SECTORS * 512 - 4 - ($ - $$) db 0
loaded_mark:
    dd LOADED

%assign sector PROGRAM_SECTORS
%rep SECTORS - PROGRAM_SECTORS
    times 128 dd PATTERN + sector
%assign sector sector + 1
%endrep
