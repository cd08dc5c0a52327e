; SPDX-License-Identifier: BSD-2-Clause
;
; A disk that boots, and tries the BIOS's disk services and the controller's bus master on itself. What it
; finds, it says on the serial port; the test looks at the rest from outside.
;
;   sector 0        loads what follows by cylinder, head and sector, and goes there
;   sectors 1-8     the rest of the program
;   sectors 64-127  data that the test put there
;   sector 200      written by INT 13h     sectors 208-215   written by bus master DMA

bits 16
cpu 386
org 0x7c00

DATA_FIRST      equ 64
DATA_SECTORS    equ 64
CHUNK           equ 16
WRITTEN         equ 200
WRITTEN_BY_DMA  equ 208
BUFFER          equ 0x2000              ; A segment.
DESCRIPTORS     equ 0x0500
COM1            equ 0x3f8
IDE             equ 0x1f0
IDE_FUNCTION    equ 0x80000900          ; 00:01.1

start:
    jmp 0:.here
.here:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    sti
    cld
    mov [drive], dl
    mov ax, 0x0208                      ; Read 8 sectors,
    mov cx, 0x0002                      ; from cylinder 0, sector 2,
    mov dh, 0                           ; head 0.
    mov bx, 0x7e00
    int 0x13
    jc .failed
    jmp main
.failed:
    mov al, '!'
    out 0xf4, al
    hlt
drive:
    db 0
    times 510 - ($ - $$) db 0
    dw 0xaa55

main:
    call set_up_serial
    mov si, hello
    call show
    call say
    call find_extensions
    call read_by_bios
    call write_by_bios
    call read_by_dma
    call write_by_dma
    mov si, farewell
    call say
    mov dx, COM1 + 5
.sending:
    in al, dx
    test al, 0x40
    jz .sending
    mov dx, 0x604                       ; PM1 control: soft off.
    mov ax, 0x2000
    out dx, ax
    hlt

; Ends the run with a status that names the line that gave up.
%macro fail_if 1
    j%-1 %%well
    mov ax, __LINE__
    out 0xf4, ax
    hlt
%%well:
%endmacro

find_extensions:
    mov ah, 0x41
    mov bx, 0x55aa
    mov dl, [drive]
    int 0x13
    fail_if c
    cmp bx, 0xaa55
    fail_if ne
    ret

read_by_bios:
    mov dword [packet.sector], DATA_FIRST
    mov dword [sum], 0
.next:
    mov ah, 0x42
    call transfer
    call add_buffer
    add dword [packet.sector], CHUNK
    cmp dword [packet.sector], DATA_FIRST + DATA_SECTORS
    jb .next
    mov si, bios_read
    jmp say_sum

; One sector of the sum over and over.
write_by_bios:
    mov cx, 512 / 4
    call fill_buffer
    mov dword [packet.sector], WRITTEN
    mov word [packet.count], 1
    mov ax, 0x4300
    call transfer
    mov cx, 512 / 4
    xor eax, eax
    call fill_with
    mov ah, 0x42
    call transfer
    mov ax, BUFFER
    mov es, ax
    mov eax, [es:508]
    cmp eax, [sum]
    fail_if ne
    xor ax, ax
    mov es, ax
    mov si, bios_wrote
    jmp say

; AX: the function. The packet says the rest.
transfer:
    mov dl, [drive]
    mov si, packet
    int 0x13
    fail_if c
    ret

read_by_dma:
    call find_bus_master
    mov dword [sum], 0
    mov byte [ide_command], 0xc8
    mov byte [direction], 8
    mov byte [ide_sector], DATA_FIRST
.next:
    call dma
    call add_buffer
    add byte [ide_sector], CHUNK
    cmp byte [ide_sector], DATA_FIRST + DATA_SECTORS
    jb .next
    mov si, dma_read
    jmp say_sum

write_by_dma:
    mov cx, 512 * 8 / 4
    call fill_buffer
    mov byte [ide_command], 0xca
    mov byte [direction], 0
    mov byte [ide_sector], WRITTEN_BY_DMA
    mov byte [ide_count], 8
    mov word [first_half.bytes], 512 * 4
    mov word [second_half.bytes], 512 * 4
    mov dword [second_half], BUFFER * 16 + 512 * 4
    call dma
    mov si, dma_wrote
    jmp say

; Its ports, from BAR 4; and it may use the bus from now on.
find_bus_master:
    mov dx, 0xcf8
    mov eax, IDE_FUNCTION + 0x20
    out dx, eax
    mov dx, 0xcfc
    in ax, dx
    and ax, 0xfff0
    mov [bus_master], ax
    mov dx, 0xcf8
    mov eax, IDE_FUNCTION + 4
    out dx, eax
    mov dx, 0xcfc
    in ax, dx
    or ax, 5
    out dx, ax
    ret

dma:
    mov si, first_half
    mov di, DESCRIPTORS
    mov cx, 8
    rep movsw
    mov dx, 0x3f6
    mov al, 2                           ; We look, and want no interrupt.
    out dx, al
    mov dx, IDE + 6
    mov al, 0xe0
    out dx, al
    mov dx, IDE + 2
    mov al, [ide_count]
    out dx, al
    inc dx
    mov al, [ide_sector]
    out dx, al
    inc dx
    mov al, 0
    out dx, al
    inc dx
    out dx, al
    mov dx, [bus_master]
    add dx, 4
    mov eax, DESCRIPTORS
    out dx, eax
    sub dx, 2
    mov al, 6
    out dx, al
    sub dx, 2
    mov al, [direction]
    out dx, al
    mov dx, IDE + 7
    mov al, [ide_command]
    out dx, al
    mov dx, [bus_master]
    mov al, [direction]
    or al, 1
    out dx, al
    mov dx, 0x3f6
.busy:
    in al, dx
    test al, 0x88
    jnz .busy
    test al, 0x21
    fail_if nz
    mov dx, [bus_master]
    add dx, 2
    in al, dx
    test al, 3                          ; Neither at work nor failed.
    fail_if nz
    sub dx, 2
    mov al, 0
    out dx, al
    mov dx, IDE + 7
    in al, dx
    mov dx, 0x3f6
    mov al, 0
    out dx, al
    ret

; Adds up the double words of a chunk, turning the sum for each.
add_buffer:
    push ds
    mov eax, [sum]
    mov cx, BUFFER
    mov ds, cx
    mov cx, CHUNK * 512 / 4
    xor si, si
.next:
    rol eax, 1
    add eax, [si]
    add si, 4
    loop .next
    pop ds
    mov [sum], eax
    ret

; CX double words of the sum, or of EAX.
fill_buffer:
    mov eax, [sum]
fill_with:
    push es
    mov bx, BUFFER
    mov es, bx
    xor di, di
    rep stosd
    pop es
    ret

set_up_serial:
    mov dx, COM1 + 3
    mov al, 0x83
    out dx, al
    mov dx, COM1
    mov ax, 1                           ; 115200 baud.
    out dx, al
    inc dx
    mov al, ah
    out dx, al
    mov dx, COM1 + 3
    mov al, 3
    out dx, al
    ret

; SI, on the screen.
show:
    push si
.next:
    lodsb
    test al, al
    jz .done
    mov ah, 0x0e
    mov bx, 7
    int 0x10
    jmp .next
.done:
    pop si
    ret

; SI, on the serial port.
say:
    lodsb
    test al, al
    jz .done
    call say_letter
    jmp say
.done:
    ret

say_letter:
    mov ah, al
    mov dx, COM1 + 5
.full:
    in al, dx
    test al, 0x20
    jz .full
    mov dx, COM1
    mov al, ah
    out dx, al
    ret

; SI, then the sum.
say_sum:
    call say
    mov cx, 8
.next:
    rol dword [sum], 4
    mov al, [sum]
    and al, 15
    cmp al, 10
    jb .digit
    add al, 'a' - '0' - 10
.digit:
    add al, '0'
    call say_letter
    loop .next
    mov si, new_line
    jmp say

hello:          db "Booted.", 13, 10, 0
bios_read:      db "INT 13h reads ", 0
bios_wrote:     db "INT 13h writes", 13, 10, 0
dma_read:       db "DMA reads ", 0
dma_wrote:      db "DMA writes", 13, 10, 0
farewell:       db "Done.", 13, 10, 0
new_line:       db 13, 10, 0

align 4
sum:            dd 0
packet:         db 16, 0
.count:         dw CHUNK
                dw 0, BUFFER
.sector:        dq 0

; Two regions in one table: the chunk in halves.
first_half:     dd BUFFER * 16
.bytes:         dw CHUNK * 256, 0
second_half:    dd BUFFER * 16 + CHUNK * 256
.bytes:         dw CHUNK * 256, 0x8000

bus_master:     dw 0
ide_command:    db 0
ide_count:      db CHUNK
ide_sector:     db 0
direction:      db 0

    times 9 * 512 - ($ - $$) db 0
