; SPDX-License-Identifier: BSD-2-Clause
;
; INT 11h, 12h and what INT 15h says of memory, on a machine of 64 MiB; the A20 gate; block moves; waiting.

RAM_BYTES       equ 64 << 20
MAP             equ 0x500               ; The memory map's entries, one after the other.
SMAP            equ 0x534d4150

test_memory:
    int 0x11
    test al, 0x02
    check_that "INT 11h: a coprocessor", nz
    and al, 0x30
    check_byte "INT 11h: a display of 80 columns in colour", al, 0x20
    int 0x12
    mov [base_kib], ax
    cmp ax, 600
    check_that "INT 12h: more than 600 KiB", a
    call test_map
    call test_sizes
    call test_tables
    call test_a20
    call test_block_move
    jmp test_waiting

test_map:
    xor ebx, ebx
    mov di, MAP
.next:
    mov eax, 0xe820
    mov edx, SMAP
    mov ecx, 20
    int 0x15
    jc .ended
    cmp eax, SMAP
    jne .ended
    call note_map_entry
    add di, 20
    cmp di, MAP + 32 * 20
    jae .ended
    test ebx, ebx
    jnz .next
.ended:
    check_dword "INT 15h: E820h, the signature", eax, SMAP
    check_word "INT 15h: E820h, 20 bytes an entry", cx, 20
    check_dword "INT 15h: E820h, no more after the last entry", ebx, 0
    check_dword "INT 15h: E820h, memory from 0", [MAP], 0
    check_dword "INT 15h: E820h, memory from 0 is usable", [MAP + 16], 1
    movzx eax, word [base_kib]
    shl eax, 10
    cmp eax, [MAP + 8]
    check_that "INT 15h: E820h, as much below 1 MiB as INT 12h says", e
    check_byte "INT 15h: E820h, entries ascend without overlap", [map_overlaps], 0
    check_byte "INT 15h: E820h, memory from 1 MiB is usable", [has_1_mib], 1
    cmp dword [usable], RAM_BYTES - (1 << 20)
    check_that "INT 15h: E820h, nearly all is usable", a
    cmp dword [usable], RAM_BYTES
    check_that "INT 15h: E820h, not more is usable than there is", b
    ret

; The entry at DI, all below 4 GiB.
note_map_entry:
    mov eax, [di]
    cmp eax, [map_end]
    jae .ascends
    inc byte [map_overlaps]
.ascends:
    add eax, [di + 8]
    mov [map_end], eax
    cmp dword [di + 16], 1
    jne .noted
    mov eax, [di + 8]
    add [usable], eax
    cmp dword [di], 1 << 20
    jne .noted
    mov byte [has_1_mib], 1
.noted:
    mov eax, SMAP
    ret

test_sizes:
    mov ax, 0xe801
    int 0x15
    check_that "INT 15h: E801h is there", nc
    check_word "INT 15h: E801h, 15 MiB below 16 MiB", ax, 15 * 1024
    check_word "INT 15h: E801h, the same of what is configured", cx, 15 * 1024
    cmp bx, dx
    check_that "INT 15h: E801h, the same above 16 MiB", e
    sub bx, ((RAM_BYTES - (16 << 20)) >> 16) - 16
    cmp bx, 16                          ; The firmware keeps some for itself.
    check_that "INT 15h: E801h, the last MiB ends where memory does, or before", be
    mov ah, 0x88
    int 0x15
    sub ax, (RAM_BYTES - (2 << 20)) >> 10
    cmp ax, 1024
    check_that "INT 15h: 88h, the same in KiB", be
    ret

test_tables:
    mov ah, 0xc0
    int 0x15
    check_that "INT 15h: C0h is there", nc
    cmp word [es:bx], 8
    check_that "INT 15h: C0h, eight bytes or more", ae
    check_byte "INT 15h: C0h, the model is an AT", [es:bx + 2], 0xfc
    push word 0
    pop es
    mov ah, 0xc1
    int 0x15
    mov ax, es
    cmp ax, [0x40e]
    check_that "INT 15h: C1h, the extended data area is where 40:0E says", e
    shr ax, 6
    cmp ax, [base_kib]
    check_that "INT 15h: C1h, it follows the base memory", e
    push word 0
    pop es
    mov ah, 0xee
    int 0x15
    check_that "INT 15h: no function EEh", c
    check_byte "INT 15h: no function EEh, and AH says so", ah, 0x86
    ret

; Through 0:600 and FFFF:610, a MiB above.
test_a20:
    push word 0xffff
    pop fs
    mov ax, 0x2403
    int 0x15
    check_that "INT 15h: 2403h is there", nc
    check_word "INT 15h: 2403h, by the keyboard controller and port 92h", bx, 3
    mov ax, 0x2400
    int 0x15
    check_that "INT 15h: 2400h shuts A20", nc
    mov ax, 0x2402
    int 0x15
    check_word "INT 15h: 2402h, shut", ax, 0
    mov dword [0x600], 0x12345678
    check_dword "A20 shut: 1 MiB above is the same", [fs:0x610], 0x12345678
    mov ax, 0x2401
    int 0x15
    check_that "INT 15h: 2401h opens A20", nc
    mov ax, 0x2402
    int 0x15
    check_word "INT 15h: 2402h, open", ax, 1
    mov dword [fs:0x610], 0x9abcdef0
    check_dword "A20 open: 1 MiB above is another", [0x600], 0x12345678
    check_dword "A20 open: and keeps what it is given", [fs:0x610], 0x9abcdef0
    ret

%macro descriptor 1                     ; 64 KiB of data from there.
    dw 0xffff, (%1) & 0xffff
    db (%1) >> 16 & 0xff, 0x93, 0, (%1) >> 24
%endmacro

test_block_move:
    push word BUFFER_SEGMENT
    pop fs
    mov dword [fs:0], 0x600df00d
    mov dword [fs:1020], 0x0badf00d
    mov si, .up
    call .move
    check_that "INT 15h: 87h moves up", nc
    check_byte "INT 15h: 87h moves up, AH is 0", ah, 0
    mov dword [fs:0], 0
    mov si, .down
    call .move
    check_that "INT 15h: 87h moves down", nc
    check_dword "INT 15h: 87h, the first double word came back", [fs:0x1000], 0x600df00d
    check_dword "INT 15h: 87h, the last double word came back", [fs:0x1000 + 1020], 0x0badf00d
    check_dword "INT 15h: 87h, no more than was to be moved", [fs:0x1000 + 1024], 0
    ret
.move:
    mov ah, 0x87
    mov cx, 512
    int 0x15
    ret
.up:
    dq 0, 0
    descriptor BUFFER
    descriptor 0x2345678
    dq 0, 0
.down:
    dq 0, 0
    descriptor 0x2345678
    descriptor BUFFER + 0x1000
    dq 0, 0

test_waiting:
    mov ebp, [BDA_TICKS]
    mov ah, 0x86
    mov cx, 220_000 >> 16
    mov dx, 220_000 & 0xffff
    int 0x15
    check_that "INT 15h: 86h waits", nc
    mov eax, [BDA_TICKS]
    sub eax, ebp
    sub eax, 3
    cmp eax, 2
    check_that "INT 15h: 86h, 220 ms are three to five ticks", be

    mov byte [waited], 0
    mov ebp, [BDA_TICKS]
    mov ax, 0x8300
    mov cx, 110_000 >> 16
    mov dx, 110_000 & 0xffff
    mov bx, waited
    int 0x15
    check_that "INT 15h: 83h is told to signal later", nc
    check_byte "INT 15h: 83h, not yet", [waited], 0
.wait:
    hlt
    mov eax, [BDA_TICKS]
    sub eax, ebp
    cmp eax, 36
    ja .waited
    test byte [waited], 0x80
    jz .wait
.waited:
    dec eax
    cmp eax, 2
    check_that "INT 15h: 83h, 110 ms are one to three ticks", be
    ret

base_kib:       dw 0
map_end:        dd 0
usable:         dd 0
map_overlaps:   db 0
has_1_mib:      db 0
waited:         db 0
