; SPDX-License-Identifier: BSD-2-Clause
;
; A disk that shows pictures: each letter typed is another mode of the display, set by INT 10h and
; drawn the way its programs did. The letter goes to COM1 when its picture is there. A dot ends the
; run, by port F4.
;
;   a  text, 80 x 25: all characters, all colours     g  VBE 101: 640 x 480, 256 colours, by banks
;   b  text, 80 x 50: another font                    h  VBE 111: 640 x 480, 65536 colours, linear
;   c  13h: 320 x 200, 256 colours                    i  VBE 112: 640 x 480, 16 million colours
;   d  mode X: 320 x 240, unchained                   j  10h: 640 x 350, split and panned
;   e  12h: 640 x 480, four planes                    k  6: 640 x 200, two colours, interleaved
;   f  4: 320 x 200, four colours, interleaved        l  0Dh: 320 x 200, four planes

bits 16
org 0x7c00

SECTORS equ 8
SPT equ 63

start:
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, 0x7c00
    mov [drive], dl
    mov ax, 0x0200 + SECTORS - 1
    mov cx, 2                       ; Cylinder 0, sector 2.
    xor dh, dh
    mov bx, 0x7e00
    int 0x13
    jc failed
    mov al, '!'
    call say
next_key:
    xor ax, ax
    int 0x16
    cmp al, '.'
    je finish
    cmp al, 'a'
    jb next_key
    cmp al, 'l'
    ja next_key
    mov [letter], al
    movzx bx, al
    sub bx, 'a'
    add bx, bx
    mov ax, cs
    mov ds, ax
    cld
    call [pictures + bx]
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov al, [letter]
    call say
    jmp next_key

failed:
    mov al, '?'
    call say
    cli
    hlt
    jmp failed

finish:
    xor al, al
    out 0xf4, al
    jmp next_key

say:
    mov dx, 0x3f8
    out dx, al
    ret

; Limits of 4 GiB for FS: the linear frame buffer is above 1 MiB.
enter_flat:
    cli
    lgdt [gdt_pointer]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp .protected
.protected:
    mov bx, 8
    mov fs, bx
    and al, 0xfe
    mov cr0, eax
    jmp 0:.real
.real:
    xor bx, bx
    mov fs, bx
    sti
    ret

align 8
gdt:
    dq 0
    dq 0x00cf_9200_0000_ffff
gdt_pointer:
    dw 15
    dd gdt

drive: db 0
letter: db 0

    times 510 - ($ - $$) db 0
    dw 0xaa55

pictures:
    dw text_25, text_50, mode_13, mode_x, mode_12, mode_4
    dw vbe_banked, vbe_565, vbe_888, split, mode_6, mode_0d

; AX: a mode of INT 10h. ES: A000.
set_graphics:
    int 0x10
    mov ax, 0xa000
    mov es, ax
    xor di, di
    ret

; DX: the index port, AX: index and value. As one write.
%macro register 3
    mov dx, %1
    mov ax, (%3) << 8 | (%2)
    out dx, ax
%endmacro

; ---- Text

; Cell n: character n, colours by n as well; bit 7 would blink.
fill_text:
    mov ax, 0xb800
    mov es, ax
    xor di, di
    xor ax, ax
.cell:
    mov dx, ax
    add ah, al
    and ah, 0x7f
    stosw
    mov ax, dx
    inc ax
    loop .cell
    ret

hide_cursor:
    mov ah, 1
    mov cx, 0x2000
    int 0x10
    ret

text_25:
    mov ax, 3
    int 0x10
    call hide_cursor
    mov cx, 80 * 25
    jmp fill_text

text_50:
    mov ax, 3
    int 0x10
    mov ax, 0x1112
    xor bl, bl
    int 0x10
    call hide_cursor
    mov cx, 80 * 50
    jmp fill_text

; ---- A byte a dot

mode_13:
    mov ax, 0x13
    call set_graphics
    xor dx, dx                      ; y
.line:
    mov ax, dx
    mov cx, 320
.dot:
    stosb
    inc ax
    loop .dot
    inc dx
    cmp dx, 200
    jb .line
    ret

; Mode 13h, unchained, with 480 lines of which two and two are one.
mode_x:
    mov ax, 0x13
    call set_graphics
    register 0x3c4, 4, 0x06
    register 0x3d4, 0x14, 0x00
    register 0x3d4, 0x17, 0xe3
    register 0x3c4, 0, 0x01
    mov dx, 0x3c2
    mov al, 0xe3
    out dx, al
    register 0x3c4, 0, 0x03
    register 0x3d4, 0x11, 0x2c
    register 0x3d4, 0x06, 0x0d
    register 0x3d4, 0x07, 0x3e
    register 0x3d4, 0x10, 0xea
    register 0x3d4, 0x11, 0xac
    register 0x3d4, 0x12, 0xdf
    register 0x3d4, 0x15, 0xe7
    register 0x3d4, 0x16, 0x06
    xor bx, bx                      ; The plane.
.plane:
    mov dx, 0x3c4
    mov al, 2
    mov ah, 1
    mov cl, bl
    shl ah, cl
    out dx, ax
    xor di, di
    xor dx, dx                      ; y
.line:
    mov si, bx                      ; x
.dot:
    mov ax, si
    xor al, dl
    stosb
    add si, 4
    cmp si, 320
    jb .dot
    inc dx
    cmp dx, 240
    jb .line
    inc bx
    cmp bx, 4
    jb .plane
    ret

; ---- Four planes

; Write mode 2, a byte of 8 dots at a time, and every third dot of it left out: BP bytes a line, SI
; lines. The colour goes up by one every 16 lines and every other byte.
fill_planes:
    register 0x3ce, 5, 0x02
    register 0x3ce, 8, 0xdb
    xor dx, dx
.line:
    mov bx, dx
    shr bx, 4
    xor cx, cx
.byte:
    mov ax, cx
    shr ax, 1
    add ax, bx
    mov ah, [es:di]                 ; The latches.
    stosb
    inc cx
    cmp cx, bp
    jb .byte
    inc dx
    cmp dx, si
    jb .line
    ret

mode_12:
    mov ax, 0x12
    call set_graphics
    mov bp, 80
    mov si, 480
    jmp fill_planes

mode_0d:
    mov ax, 0x0d
    call set_graphics
    mov bp, 40
    mov si, 200
    jmp fill_planes

; The upper 200 lines begin at line 30 of the memory and 3 dots to the right.
split:
    mov ax, 0x10
    call set_graphics
    mov bp, 80
    mov si, 350
    call fill_planes
    mov cx, 30 * 80
    register 0x3d4, 0x0d, (30 * 80) & 0xff
    register 0x3d4, 0x0c, (30 * 80) >> 8
    register 0x3d4, 0x18, 200
    mov dx, 0x3d4                   ; Bits 8 and 9 of the line compare are 0.
    mov al, 7
    out dx, al
    inc dx
    in al, dx
    and al, 0xef
    out dx, al
    dec dx
    mov al, 9
    out dx, al
    inc dx
    in al, dx
    and al, 0xbf
    out dx, al
    mov dx, 0x3da
    in al, dx
    mov dx, 0x3c0
    mov al, 0x30                    ; Mode control: the lower part is not panned.
    out dx, al
    mov al, 0x21
    out dx, al
    mov al, 0x33
    out dx, al
    mov al, 3
    out dx, al
    ret

; ---- As the colour graphics adapter has it: even lines, then odd ones

fill_cga:
    mov ax, 0xb800
    mov es, ax
    xor di, di
.byte:
    mov ax, di
    mov cl, 5
    ror ax, cl
    add ax, di
    stosb
    cmp di, 0x4000
    jb .byte
    ret

mode_4:
    mov ax, 4
    int 0x10
    jmp fill_cga

mode_6:
    mov ax, 6
    int 0x10
    jmp fill_cga

; ---- VBE

vbe_banked:
    mov ax, 0x4f02
    mov bx, 0x101
    int 0x10
    mov ax, 0xa000
    mov es, ax
    xor bp, bp                      ; The bank.
    xor si, si                      ; y
    xor cx, cx                      ; x
.bank:
    mov ax, 0x4f05
    xor bx, bx
    mov dx, bp
    int 0x10
    xor di, di
.dot:
    mov ax, cx
    shr ax, 1
    add ax, si
    stosb
    inc cx
    cmp cx, 640
    jb .same_line
    xor cx, cx
    inc si
    cmp si, 480
    jae .done
.same_line:
    test di, di
    jnz .dot
    inc bp
    jmp .bank
.done:
    ret

; BX: the mode. EDI: where its memory is. Only the low words of 32-bit registers are INT 10h's.
set_linear:
    push bx
    mov ax, 0x4f01
    mov cx, bx
    mov di, mode_information
    int 0x10
    pop bx
    or bx, 0x4000
    mov ax, 0x4f02
    int 0x10
    call enter_flat                 ; The BIOS may have been in protected mode since last time.
    mov edi, [mode_information + 40]
    ret

vbe_565:
    mov bx, 0x111
    call set_linear
    xor si, si
.line:
    xor cx, cx
.dot:
    mov ax, cx                      ; x in the blue and green bits, y in the red ones.
    mov dx, si
    shl dx, 7
    xor ax, dx
    mov [fs:edi], ax
    add edi, 2
    inc cx
    cmp cx, 640
    jb .dot
    inc si
    cmp si, 480
    jb .line
    ret

vbe_888:
    mov bx, 0x112
    call set_linear
    xor bp, bp
    mov bl, [mode_information + 25] ; Bits per dot: 24 or 32.
    shr bl, 3
    movzx ebx, bl
    xor si, si
.line:
    xor cx, cx
.dot:
    mov ax, cx
    shr ax, 2
    mov [fs:edi], al                ; Blue: x / 4. Green: y / 2. Red: x + y.
    mov ax, si
    shr ax, 1
    mov [fs:edi + 1], al
    mov ax, cx
    add ax, si
    mov [fs:edi + 2], al
    add edi, ebx
    inc cx
    cmp cx, 640
    jb .dot
    inc si
    cmp si, 480
    jb .line
    ret

    times SECTORS * 512 - ($ - $$) db 0

mode_information equ 0x9000

; A whole cylinder, so that every BIOS agrees on where the sectors are.
    times SPT * 16 * 512 - ($ - $$) db 0
