; SPDX-License-Identifier: BSD-2-Clause
;
; INT 13h on the drive that was booted from: a hard disk, a CD, or the floppy that a CD emulates.

DISC_SECTOR     equ 2048

test_drive:
    mov ah, 0x00
    mov dl, [boot_drive]
    int 0x13
    check_that "INT 13h: 00h resets the drive", nc
    call test_no_drive
    cmp byte [boot_drive], 0x80
    je test_hard_disk
    ja test_cd
    jmp test_floppy

test_no_drive:
    mov ax, 0x0201
    mov cx, 1
    mov dx, 0x008f
    xor bx, bx
    int 0x13
    check_that "INT 13h: 02h of a drive that is not there", c
    mov ah, 0x08
    mov dl, 0x8f
    int 0x13
    push word 0
    pop es
    check_that "INT 13h: 08h of a drive that is not there", c
    ret

; ---- A hard disk ----------------------------------------------------------------------------------------

test_hard_disk:
    mov ah, 0x15
    mov dl, 0x80
    int 0x13
    check_that "INT 13h: 15h knows the drive", nc
    check_byte "INT 13h: 15h, a hard disk", ah, 3
    call find_geometry
    check_that "INT 13h: 08h knows the drive", nc
    check_byte "INT 13h: 08h, one hard disk", [drives], 1
    check_byte "INT 13h: 08h, as many as 40:75 says", [0x475], 1
    check_word "INT 13h: 08h, 63 sectors on a track", [sectors_per_track], 63
    check_word "INT 13h: 08h, 16 heads", [heads], 16
    call test_reading
    call test_writing
    call test_extensions
    jmp test_disk_errors

; CF: there is no such drive.
find_geometry:
    mov ah, 0x08
    mov dl, [boot_drive]
    int 0x13
    push word 0
    pop es
    jc .none
    mov [drives], dl
    movzx ax, cl
    and al, 63
    mov [sectors_per_track], ax
    movzx ax, dh
    inc ax
    mov [heads], ax
    clc
.none:
    ret

; AX: the first of SI sectors, to be read or written (AH: 02h or 03h in DI) by cylinder, head and sector.
by_place:
    push word BUFFER_SEGMENT
    pop es
    call place_of_sector
    mov ax, di
    shl ax, 8
    or ax, si
    xor bx, bx
    int 0x13
    push word 0
    pop es
    ret

; Whether AX sectors in the buffer, of which the first is EBX's, have their pattern: ZF.
buffer_has_pattern:
    push word BUFFER_SEGMENT
    pop es
    add ebx, PATTERN
    xor di, di
    mov dx, ax
.next:
    mov eax, ebx
    mov cx, 128
    repe scasd
    jne .known
    inc ebx
    dec dx
    jnz .next
.known:
    push word 0
    pop es
    ret

test_reading:
    call clear_buffer
    mov ax, 0
    mov si, 1
    mov di, 0x02
    call by_place
    check_that "INT 13h: 02h reads", nc
    check_byte "INT 13h: 02h, AH is 0", ah, 0
    push word BUFFER_SEGMENT
    pop fs
    check_word "INT 13h: 02h, the first sector", [fs:510], 0xaa55
    check_word "INT 13h: 02h, no more than that", [fs:512], 0
    mov ax, 63 * 16 + 63 + 60           ; Cylinder 1, head 1, sector 61.
    mov si, 3
    call by_place
    check_that "INT 13h: 02h reads three sectors", nc
    check_byte "INT 13h: 02h, AL says three", al, 3
    mov ax, 3
    mov ebx, 63 * 16 + 63 + 60
    call buffer_has_pattern
    check_that "INT 13h: 02h, those of the second cylinder", e
    mov ax, 300
    mov si, 100
    mov di, 0x02
    call by_place
    check_that "INT 13h: 02h reads 100 sectors, over the ends of tracks", nc
    mov ax, 100
    mov ebx, 300
    call buffer_has_pattern
    check_that "INT 13h: 02h, a hundred in their order", e
    mov ax, 300
    mov si, 8
    mov di, 0x04
    call by_place
    check_that "INT 13h: 04h verifies", nc
    ret

test_writing:
    mov eax, 0x0feeb1e5
    call fill_buffer
    mov ax, SCRATCH_SECTOR
    mov si, 2
    mov di, 0x03
    call by_place
    check_that "INT 13h: 03h writes", nc
    call clear_buffer
    mov ax, SCRATCH_SECTOR
    mov si, 3
    mov di, 0x02
    call by_place
    check_dword "INT 13h: 03h, the first double word", [fs:0], 0x0feeb1e5
    check_dword "INT 13h: 03h, the last double word", [fs:1020], 0x0feeb1e5
    check_dword "INT 13h: 03h, not more", [fs:1024], PATTERN + SCRATCH_SECTOR + 2
    ret

test_extensions:
    mov ah, 0x41
    mov bx, 0x55aa
    mov dl, 0x80
    int 0x13
    check_that "INT 13h: 41h, there are extensions", nc
    check_word "INT 13h: 41h, the signature", bx, 0xaa55
    test cl, 1
    check_that "INT 13h: 41h, packets", nz
    mov word [parameters], 30
    mov ah, 0x48
    mov dl, 0x80
    mov si, parameters
    int 0x13
    check_that "INT 13h: 48h knows the drive", nc
    check_dword "INT 13h: 48h, the number of sectors", [parameters + 16], SECTORS
    check_dword "INT 13h: 48h, its high half", [parameters + 20], 0
    check_word "INT 13h: 48h, bytes in a sector", [parameters + 24], 512
    check_dword "INT 13h: 48h, heads of the drive's own geometry", [parameters + 8], 16
    check_dword "INT 13h: 48h, sectors of the drive's own geometry", [parameters + 12], 63

    mov dword [packet.sector], SECTORS - 127
    mov word [packet.count], 127
    mov ax, 0x4200
    call by_packet
    check_that "INT 13h: 42h reads 127 sectors", nc
    mov ax, 127
    mov ebx, SECTORS - 127
    call buffer_has_pattern
    check_that "INT 13h: 42h, the last of the disk", e

    mov dword [packet.sector], SCRATCH_SECTOR + 2
    mov word [packet.count], 1
    mov eax, 0xfeedface
    call fill_buffer
    mov ax, 0x4300
    call by_packet
    check_that "INT 13h: 43h writes", nc
    mov dword [packet.sector], SCRATCH_SECTOR + 1
    mov word [packet.count], 3
    mov ax, 0x4200
    call by_packet
    check_dword "INT 13h: 43h, not the sector before", [fs:508], 0x0feeb1e5
    check_dword "INT 13h: 43h, the first double word", [fs:512], 0xfeedface
    check_dword "INT 13h: 43h, the last double word", [fs:1020], 0xfeedface
    check_dword "INT 13h: 43h, not the sector after", [fs:1024], PATTERN + SCRATCH_SECTOR + 3
    mov ax, 0x4400
    call by_packet
    check_that "INT 13h: 44h verifies", nc
    mov ax, 0x4700
    call by_packet
    check_that "INT 13h: 47h seeks", nc
    ret

test_disk_errors:
    mov dword [packet.sector], SECTORS
    mov word [packet.count], 1
    mov ax, 0x4200
    call by_packet
    check_that "INT 13h: 42h beyond the end", c
    mov [status], ah
    mov ah, 0x01
    mov dl, 0x80
    int 0x13
    cmp ah, [status]
    check_that "INT 13h: 01h, the same status again", e
    mov ax, 0x0201
    mov cx, 0x0000                      ; There is no sector 0.
    mov dx, 0x0080
    xor bx, bx
    int 0x13
    check_that "INT 13h: 02h of sector 0", c
    mov word [packet.count], 1
    mov dword [packet.sector], 7
    mov ax, 0x4200
    call by_packet
    check_that "INT 13h: 42h, the disk goes on", nc
    ret

; ---- A CD -----------------------------------------------------------------------------------------------

test_cd:
    call disc_emulation
    check_that "INT 13h: 4B01h, booted from a CD", nc
    check_byte "INT 13h: 4B01h, without emulation", [parameters + 1], 0
    mov al, [boot_drive]
    cmp al, [parameters + 2]
    check_that "INT 13h: 4B01h, the drive", e
    mov word [parameters], 30
    mov ah, 0x48
    mov dl, [boot_drive]
    mov si, parameters
    int 0x13
    check_that "INT 13h: 48h knows the CD", nc
    check_word "INT 13h: 48h, bytes in a CD's sector", [parameters + 24], DISC_SECTOR
    push word BUFFER_SEGMENT
    pop fs
    mov dword [packet.sector], 16
    mov word [packet.count], 2
    mov ax, 0x4200
    call by_packet
    check_that "INT 13h: 42h reads the CD", nc
    check_dword "INT 13h: 42h, the volume descriptor", [fs:0], 0x30444301
    check_word "INT 13h: 42h, all of its name", [fs:4], 0x3130
    check_dword "INT 13h: 42h, the boot record", [fs:DISC_SECTOR + 7], 'EL T'
    call disc_emulation
    mov eax, [parameters + 4]           ; The image.
    add eax, 40 * 512 / DISC_SECTOR
    mov [packet.sector], eax
    mov word [packet.count], 25
    mov ax, 0x4200
    call by_packet
    mov ax, 100
    mov ebx, 40
    call buffer_has_pattern
    check_that "INT 13h: 42h, the image on the CD", e
    mov ax, 0x4300
    call by_packet
    check_that "INT 13h: 43h does not write to a CD", c
    ret

disc_emulation:
    mov byte [parameters], 0x13
    mov ax, 0x4b01
    mov dl, [boot_drive]
    mov si, parameters
    int 0x13
    ret

; ---- A floppy, emulated ----------------------------------------------------------------------------------

test_floppy:
    call disc_emulation
    check_that "INT 13h: 4B01h, booted from a CD's floppy", nc
    and byte [parameters + 1], 15
    check_byte "INT 13h: 4B01h, of 1.44 MB", [parameters + 1], 2
    call find_geometry
    check_that "INT 13h: 08h knows the floppy", nc
    check_word "INT 13h: 08h, 18 sectors on a track", [sectors_per_track], 18
    check_word "INT 13h: 08h, two heads", [heads], 2
    mov ax, 2000
    mov si, 7
    mov di, 0x02
    call by_place
    check_that "INT 13h: 02h reads the floppy", nc
    mov ax, 7
    mov ebx, 2000
    call buffer_has_pattern
    check_that "INT 13h: 02h, the floppy's sectors", e
    mov ax, SCRATCH_SECTOR
    mov si, 1
    mov di, 0x03
    call by_place
    check_that "INT 13h: 03h does not write to a CD's floppy", c
    ret

; ---- The buffer --------------------------------------------------------------------------------------------

; AX: the function. FS is the buffer's segment afterwards.
by_packet:
    mov dl, [boot_drive]
    mov si, packet
    int 0x13
    push word BUFFER_SEGMENT
    pop fs
    ret

clear_buffer:
    xor eax, eax
fill_buffer:
    push word BUFFER_SEGMENT
    pop es
    xor di, di
    mov cx, 0x4000
    rep stosd
    push word 0
    pop es
    ret

    align 4, db 0
packet:
    db 16, 0
.count:         dw 0
    dw 0, BUFFER_SEGMENT
.sector:        dd 0, 0
parameters:     times 32 db 0
drives:         db 0
status:         db 0
