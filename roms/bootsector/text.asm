; SPDX-License-Identifier: BSD-2-Clause
;
; INT 10h in text mode 3, and what of it is found in the display's memory.

%define CELL(row, column) (((row) * 80 + (column)) * 2)

test_text:
    push word 0xb800
    pop fs
    mov ax, 0x0003
    int 0x10
    mov ah, 0x0f
    int 0x10
    check_word "INT 10h: 0Fh, mode 3 of 80 columns", ax, 0x5003
    check_byte "INT 10h: 0Fh, page 0", bh, 0
    check_dword "INT 10h: 00h clears the screen", [fs:CELL(12, 40)], 0x07200720
    check_byte "40:84, 25 rows", [0x484], 24
    call test_cursor
    call test_characters
    call test_scrolling
    call test_pages
    call test_palette
    jmp test_identity

test_cursor:
    mov ah, 0x02
    mov bh, 0
    mov dx, 0x0a14
    int 0x10
    mov ah, 0x01
    mov cx, 0x0b0c
    int 0x10
    xor cx, cx
    xor dx, dx
    mov ah, 0x03
    mov bh, 0
    int 0x10
    check_word "INT 10h: 02h and 03h, the cursor's place", dx, 0x0a14
    check_word "INT 10h: 01h and 03h, the cursor's shape", cx, 0x0b0c
    mov dx, 0x3d4
    mov al, 0x0e
    out dx, al
    inc dx
    in al, dx
    mov ah, al
    dec dx
    mov al, 0x0f
    out dx, al
    inc dx
    in al, dx
    check_word "INT 10h: 02h, the cursor's place in the CRTC", ax, 10 * 80 + 20
    ret

test_characters:
    mov ax, 0x0941                      ; A, three times, white on blue.
    mov bx, 0x001f
    mov cx, 3
    int 0x10
    check_dword "INT 10h: 09h, two characters", [fs:CELL(10, 20)], 0x1f411f41
    check_dword "INT 10h: 09h, the third and the cell after", [fs:CELL(10, 22)], 0x07201f41
    mov ax, 0x0a42                      ; B, in what colour there is.
    mov bh, 0
    mov cx, 1
    int 0x10
    check_word "INT 10h: 0Ah, the attribute stays", [fs:CELL(10, 20)], 0x1f42
    mov ah, 0x08
    mov bh, 0
    int 0x10
    check_word "INT 10h: 08h reads character and attribute", ax, 0x1f42
    mov ax, 0x1301
    mov bx, 0x002e
    mov cx, .length
    mov dx, 0x0510
    mov bp, .string
    int 0x10
    check_dword "INT 10h: 13h, the string's beginning", [fs:CELL(5, 16)], 0x2e612e53
    mov ah, 0x03
    mov bh, 0
    int 0x10
    check_word "INT 10h: 13h, the cursor is behind it", dx, 0x0510 + .length
    mov ax, 0x0e43
    mov bx, 7
    int 0x10
    check_byte "INT 10h: 0Eh writes a character", [fs:CELL(5, 16 + .length)], 'C'
    mov ax, 0x0e0d
    int 0x10
    mov ah, 0x03
    mov bh, 0
    int 0x10
    check_word "INT 10h: 0Eh, a carriage return", dx, 0x0500
    ret
.string: db 'Satori'
.length equ $ - .string

test_scrolling:
    mov ah, 0x02
    mov bh, 0
    mov dx, 0x1800
    int 0x10
    mov ax, 0x095a
    mov bx, 0x004f
    mov cx, 80
    int 0x10
    mov ax, 0x0e0a
    mov bx, 7
    int 0x10
    check_word "INT 10h: 0Eh at the last row scrolls", [fs:CELL(23, 79)], 0x4f5a
    check_byte "INT 10h: 0Eh at the last row clears it", [fs:CELL(24, 0)], ' '
    mov ax, 0x0602                      ; Two rows up, in a window.
    mov bh, 0x30
    mov cx, 0x150a
    mov dx, 0x1714
    int 0x10
    check_word "INT 10h: 06h scrolls the window", [fs:CELL(21, 10)], 0x4f5a
    check_word "INT 10h: 06h fills the rows below", [fs:CELL(23, 20)], 0x3020
    check_word "INT 10h: 06h leaves what is left of it", [fs:CELL(23, 9)], 0x4f5a
    check_word "INT 10h: 06h leaves what is right of it", [fs:CELL(23, 21)], 0x4f5a
    mov ax, 0x0701
    mov bh, 0x20
    mov cx, 0x150a
    mov dx, 0x1714
    int 0x10
    check_word "INT 10h: 07h scrolls down", [fs:CELL(22, 10)], 0x4f5a
    check_word "INT 10h: 07h fills the row above", [fs:CELL(21, 10)], 0x2020
    ret

test_pages:
    mov ax, 0x0501
    int 0x10
    check_byte "INT 10h: 05h, page 1 is shown", [0x462], 1
    mov dx, 0x3d4
    mov al, 0x0c
    out dx, al
    inc dx
    in al, dx
    check_byte "INT 10h: 05h, the CRTC begins 4 KiB on", al, 0x08
    mov ah, 0x02
    mov bh, 1
    mov dx, 0
    int 0x10
    mov ax, 0x0950
    mov bx, 0x0107
    mov cx, 1
    int 0x10
    check_word "INT 10h: 09h on page 1", [fs:0x1000], 0x0750
    mov ax, 0x0500
    int 0x10
    ret

test_palette:
    mov ax, 0x1010
    mov bx, 0x0021
    mov dh, 0x3f
    mov cx, 0x152a
    int 0x10
    xor cx, cx
    xor dx, dx
    mov ax, 0x1015
    mov bx, 0x0021
    int 0x10
    check_byte "INT 10h: 1010h and 1015h, red", dh, 0x3f
    check_word "INT 10h: 1010h and 1015h, green and blue", cx, 0x152a
    mov ax, 0x1000
    mov bx, 0x2a03
    int 0x10
    mov ax, 0x1007
    mov bx, 0x0003
    int 0x10
    check_byte "INT 10h: 1000h and 1007h, a palette register", bh, 0x2a
    ret

test_identity:
    mov ax, 0x1a00
    int 0x10
    check_byte "INT 10h: 1Ah is there", al, 0x1a
    check_byte "INT 10h: 1Ah, a VGA in colour", bl, 0x08
    mov ah, 0x12
    mov bl, 0x10
    int 0x10
    check_word "INT 10h: 12h, colour and 256 KiB", bx, 0x0003
    mov ax, 0x1130
    mov bh, 0x06                        ; 8 by 16.
    xor cx, cx
    int 0x10
    check_word "INT 10h: 1130h, 16 lines to a character", cx, 16
    check_byte "INT 10h: 1130h, 25 rows", dl, 24
    check_dword "INT 10h: 1130h, the upper lines of an A", [es:bp + 0x41 * 16], 0x38100000
    push word 0
    pop es
    mov ax, 0x1b00
    xor bx, bx
    mov di, BUFFER_SEGMENT
    mov es, di
    xor di, di
    int 0x10
    check_byte "INT 10h: 1Bh is there", al, 0x1b
    check_byte "INT 10h: 1Bh, mode 3", [es:4], 3
    check_word "INT 10h: 1Bh, 80 columns", [es:5], 80
    push word 0
    pop es
    ret
