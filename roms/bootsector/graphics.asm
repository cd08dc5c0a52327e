; SPDX-License-Identifier: BSD-2-Clause
;
; INT 10h in modes 12h and 13h and through VBE (VBE 3.0).

VBE_MODE        equ 0x101               ; 640 by 480, a byte for each pixel.
VBE_LINEAR      equ 0x4000
VBE_KEEP        equ 0x8000              ; What is in the memory.
MODE_INFO       equ 0x200               ; In the buffer.

test_graphics:
    push word 0xa000
    pop fs
    call test_planes
    call test_bytes
    jmp test_vbe

test_planes:
    mov ax, 0x0012
    int 0x10
    mov ax, 0x0c0b
    mov bh, 0
    mov cx, 11
    mov dx, 5
    int 0x10
    mov ax, 0x0d00
    int 0x10
    check_byte "INT 10h: mode 12h, 0Ch and 0Dh, a pixel", al, 0x0b
    mov cx, 12
    mov ax, 0x0d00
    int 0x10
    check_byte "INT 10h: mode 12h, 0Dh, the next is dark", al, 0
    mov cl, 0
.plane:
    mov dx, 0x3ce
    mov al, 4                           ; Read map select.
    mov ah, cl
    out dx, ax
    mov al, [fs:5 * 80 + 1]
    cmp al, 0x10
    sete al
    shl al, cl
    or [.colour], al
    inc cl
    cmp cl, 4
    jb .plane
    check_byte "INT 10h: mode 12h, the pixel's bits in the planes", [.colour], 0x0b
    ret
.colour: db 0

test_bytes:
    mov ax, 0x0013
    int 0x10
    mov ax, 0x0c9e
    mov bh, 0
    mov cx, 300
    mov dx, 100
    int 0x10
    check_byte "INT 10h: mode 13h, 0Ch, the pixel's byte", [fs:100 * 320 + 300], 0x9e
    mov byte [fs:101 * 320 + 1], 0x55
    mov ax, 0x0d00
    mov cx, 1
    mov dx, 101
    int 0x10
    check_byte "INT 10h: mode 13h, 0Dh, a byte's pixel", al, 0x55
    ret

test_vbe:
    push word BUFFER_SEGMENT
    pop es
    xor di, di
    mov dword [es:di], 'VBE2'
    mov ax, 0x4f00
    int 0x10
    check_word "INT 10h: 4F00h is there", ax, 0x004f
    check_dword "INT 10h: 4F00h, the signature", [es:di], 'VESA'
    cmp word [es:di + 4], 0x0200
    check_that "INT 10h: 4F00h, VBE 2.0 or later", ae
    cmp word [es:di + 18], 16
    check_that "INT 10h: 4F00h, a MiB or more", ae
    mov di, MODE_INFO
    mov ax, 0x4f01
    mov cx, VBE_MODE
    int 0x10
    check_word "INT 10h: 4F01h knows the mode", ax, 0x004f
    check_word "INT 10h: 4F01h, 640 pixels to a line", [es:MODE_INFO + 18], 640
    check_word "INT 10h: 4F01h, 480 lines", [es:MODE_INFO + 20], 480
    check_byte "INT 10h: 4F01h, a byte for a pixel", [es:MODE_INFO + 25], 8
    test word [es:MODE_INFO], 0x80
    check_that "INT 10h: 4F01h, a linear frame buffer", nz
    mov ax, 0x4f02
    mov bx, VBE_LINEAR | VBE_MODE
    int 0x10
    check_word "INT 10h: 4F02h sets the mode", ax, 0x004f
    mov ax, 0x4f03
    int 0x10
    check_word "INT 10h: 4F03h, the mode", bx, VBE_LINEAR | VBE_MODE
    call test_frame_buffer
    push word 0
    pop es
    call test_scan_lines
    mov ax, 0x0003
    int 0x10
    mov ax, 0x4f03
    int 0x10
    check_word "INT 10h: 4F03h, text again", bx, 3
    ret

; What is written to the linear frame buffer is seen in the window, and the other way round.
test_frame_buffer:
    mov eax, [es:MODE_INFO + 40]
    add eax, 0x10000                    ; The second 64 KiB.
    mov [.to + 2], ax
    mov [.from + 2], ax
    shr eax, 16
    mov [.to + 4], al
    mov [.from + 4], al
    mov [.to + 7], ah
    mov [.from + 7], ah
    mov dword [es:0x1000], 0x0c0ffee0
    mov si, .move_to
    call .move
    mov bx, VBE_KEEP | VBE_MODE
    mov ax, 0x4f02
    int 0x10
    check_word "INT 10h: 4F02h sets the mode with a window", ax, 0x004f
    mov ax, 0x4f05
    mov bx, 0
    mov dx, 1
    int 0x10
    check_word "INT 10h: 4F05h, the window moves", ax, 0x004f
    check_dword "VBE: the frame buffer's bytes are in the window", [fs:0], 0x0c0ffee0
    mov dword [fs:0], 0xdecade00
    mov bx, VBE_KEEP | VBE_LINEAR | VBE_MODE
    mov ax, 0x4f02
    int 0x10
    mov si, .move_from
    call .move
    check_dword "VBE: the window's bytes are in the frame buffer", [es:0x1000], 0xdecade00
    ret
.move:
    push es
    push word 0
    pop es
    mov ah, 0x87
    mov cx, 2
    int 0x15
    pop es
    ret
.move_to:
    dq 0, 0
    descriptor BUFFER + 0x1000
.to:
    descriptor 0
    dq 0, 0
.move_from:
    dq 0, 0
.from:
    descriptor 0
    descriptor BUFFER + 0x1000
    dq 0, 0

test_scan_lines:
    mov ax, 0x4f06
    mov bl, 0
    mov cx, 1024
    int 0x10
    check_word "INT 10h: 4F06h, longer lines", ax, 0x004f
    check_word "INT 10h: 4F06h, bytes to a line", bx, 1024
    mov ax, 0x4f07
    mov bx, 0
    mov cx, 16
    mov dx, 9
    int 0x10
    check_word "INT 10h: 4F07h, the picture moves", ax, 0x004f
    xor cx, cx
    xor dx, dx
    mov ax, 0x4f07
    mov bx, 1
    int 0x10
    check_word "INT 10h: 4F07h, its first column", cx, 16
    check_word "INT 10h: 4F07h, its first line", dx, 9
    ret
