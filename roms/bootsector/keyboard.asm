; SPDX-License-Identifier: BSD-2-Clause
;
; INT 16h: what function 05h puts into the buffer, and what comes from the keyboard's interrupt. The
; controller's command D2h says that a byte came from the keyboard.

test_keyboard:
.empty:                                 ; A person may have typed meanwhile.
    mov ah, 0x01
    int 0x16
    jz .emptied
    mov ah, 0x00
    int 0x16
    jmp .empty
.emptied:
    call test_buffer
    call test_keys
    jmp test_shift_keys

test_buffer:
    mov cx, 0x1e61                      ; a
    call put_key
    check_byte "INT 16h: 05h takes a key", al, 0
    mov cx, 0x3042                      ; B
    call put_key
    mov ah, 0x01
    int 0x16
    check_that "INT 16h: 01h, there is a key", nz
    check_word "INT 16h: 01h, the first of two", ax, 0x1e61
    mov ah, 0x00
    int 0x16
    check_word "INT 16h: 00h, the first of two", ax, 0x1e61
    mov ah, 0x10
    int 0x16
    check_word "INT 16h: 10h, the second", ax, 0x3042
    mov ah, 0x11
    int 0x16
    check_that "INT 16h: 11h, there is none left", z

    mov si, 15                          ; All that the buffer holds.
.fill:
    mov cx, si
    call put_key
    test al, al
    jnz .filled
    dec si
    jnz .fill
.filled:
    check_word "INT 16h: 05h takes 15 keys", si, 0
    mov cx, 0x1e61
    call put_key
    check_byte "INT 16h: 05h takes no more", al, 1
    mov si, 15
.take:
    mov ah, 0x10
    int 0x16
    cmp ax, si
    jne .taken
    dec si
    jnz .take
.taken:
    check_word "INT 16h: 10h gives 15 keys in their order", si, 0
    mov ah, 0x01
    int 0x16
    check_that "INT 16h: 01h, and then none", z
    ret

put_key:
    mov ah, 0x05
    int 0x16
    ret

test_keys:
    mov si, .a
    call type
    call take_key
    check_word "INT 9h: a", ax, 0x1e61
    mov si, .shifted_a
    call type
    call take_key
    check_word "INT 9h: A, with Shift", ax, 0x1e41
    mov si, .control_c
    call type
    call take_key
    check_word "INT 9h: Ctrl-C", ax, 0x2e03
    mov si, .alt_x
    call type
    call take_key
    check_word "INT 9h: Alt-X", ax, 0x2d00
    mov si, .cursor_up
    call type
    mov ah, 0x10
    int 0x16
    check_word "INT 9h: a cursor key", ax, 0x48e0
    mov si, .cursor_up
    call type
    call take_key
    check_word "INT 9h: a cursor key, for those who know 84 keys", ax, 0x4800
    mov si, .f1
    call type
    call take_key
    check_word "INT 9h: F1", ax, 0x3b00
    ret
.a:             db 0x1e, 0x9e, 0
.shifted_a:     db 0x2a, 0x1e, 0x9e, 0xaa, 0
.control_c:     db 0x1d, 0x2e, 0xae, 0x9d, 0
.alt_x:         db 0x38, 0x2d, 0xad, 0xb8, 0
.cursor_up:     db 0xe0, 0x48, 0xe0, 0xc8, 0
.f1:            db 0x3b, 0xbb, 0

test_shift_keys:
    mov ah, 0x02
    int 0x16
    and al, 0x0f
    check_byte "INT 16h: 02h, nothing is down", al, 0
    mov si, .down
    call type
    mov ah, 0x02
    int 0x16
    and al, 0x0f
    check_byte "INT 16h: 02h, Shift and Ctrl are down", al, 0x06
    mov ah, 0x12
    int 0x16
    and ah, 0x0f
    check_byte "INT 16h: 12h, the left Ctrl", ah, 0x01
    mov si, .up
    call type
    mov ah, 0x02
    int 0x16
    and al, 0x0f
    check_byte "INT 16h: 02h, nothing is down again", al, 0
    mov ah, 0x01
    int 0x16
    check_that "INT 16h: 01h, those are no keys to be read", z
    ret
.down:          db 0x2a, 0x1d, 0
.up:            db 0x9d, 0xaa, 0

; Waits for a second at most. AX: the key, or 0.
take_key:
    mov ebp, [BDA_TICKS]
.wait:
    mov ah, 0x01
    int 0x16
    jnz .there
    mov eax, [BDA_TICKS]
    sub eax, ebp
    cmp eax, 18
    jb .wait
    xor ax, ax
    ret
.there:
    mov ah, 0x00
    int 0x16
    ret

; The codes at SI, each when the one before has been taken.
type:
    lodsb
    test al, al
    jz .typed
    push ax
    call controller_ready
    mov al, 0xd2
    out 0x64, al
    call controller_ready
    pop ax
    out 0x60, al
    mov ebp, [BDA_TICKS]
.taken:
    in al, 0x64
    test al, 1
    jz type
    mov eax, [BDA_TICKS]
    sub eax, ebp
    cmp eax, 18
    jb .taken
    jmp type
.typed:
    ret

controller_ready:
    in al, 0x64
    test al, 2
    jnz controller_ready
    ret
