; SPDX-License-Identifier: BSD-2-Clause
;
; 16-bit task state segments: what is saved and loaded, the upper halves, and switches between the two kinds.
; SDM 3A 7.6.
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 32
%include "rom_test.inc"

%define TASK16  SPARE
%define TYPE_BITS 0xf00

    bits 32
test_main:
    set_descriptor TASK16, LINEAR(small_task), 43, 0x81, 0
    mov word [small_task + 14], OFF(in_small) ; IP
    mov word [small_task + 16], 2        ; FLAGS
    mov word [small_task + 18], 0x1111   ; AX
    mov word [small_task + 20], 0x2222   ; CX
    mov word [small_task + 26], 0xe000   ; SP
    mov word [small_task + 34], DATA16   ; ES
    mov word [small_task + 36], CODE16   ; CS
    mov word [small_task + 38], DATA16   ; SS
    mov word [small_task + 40], DATA16   ; DS
    mov eax, DATA
    mov fs, eax
    mov gs, eax
    mov ebx, 0x33334444
    call TASK16:0
    check_equal "it ran with AX from its TSS", dword [seen_ax], 0x1111
    check_equal "the back link", dword [seen_link], TSS
    check_equal "FS is null in a task of 16 bits", dword [seen_fs], 0
    check_equal "our EBX came back whole", ebx, 0x33334444
    mov eax, fs
    check_equal "and FS", eax, DATA
    check_bits "its AX was saved in 16 bits", dword [small_task + 18], 0xffff, 0x5678
    check_bits "what lies behind is untouched", dword [small_task + 44], 0xffff, 0xbeef
    check_bits "it is not busy after IRET", dword [gdt + TASK16 + 4], TYPE_BITS, 0x100

    set_descriptor TASK16 + 8, LINEAR(small_task), 42, 0x81, 0
    try
    jmp TASK16 + 8:0
    caught "a 16-bit TSS of 43 bytes", TS, TASK16 + 8

    ; JMP there makes it busy, JMP back frees it.
    mov word [small_task + 14], OFF(jumped)
    jmp TASK16:0
.back:
    check_bits "busy within", dword [seen_type], TYPE_BITS, 0x300
    check_bits "free again", dword [gdt + TASK16 + 4], TYPE_BITS, 0x100

    ; The stack of ring 0 comes from SS0:SP0 of the 16-bit TSS: LTR of it, then a fault at ring 3.
    mov word [small_task + 2], 0xd000    ; SP0
    mov word [small_task + 4], DATA      ; SS0
    set_descriptor TASK16, LINEAR(small_task), 43, 0x81, 0
    mov eax, TASK16
    ltr ax
    try
    enter_user .user
.user:
    ud2
    caught "a fault at ring 3 under a 16-bit TSS", UD, none, .user
    check_equal "the frame lies below SP0", dword [exc_handler_sp], 0xd000 - 20
    finish

    bits 16
in_small:
    mov [OFF(seen_ax)], ax
    mov cx, fs
    mov [OFF(seen_fs)], cx
    mov cx, [OFF(small_task)]
    mov [OFF(seen_link)], cx
    mov ax, 0x5678
    iret

jumped:
    mov cx, [OFF(gdt) + TASK16 + 4]
    mov [OFF(seen_type)], cx
    jmp TSS:0

    align 16
small_task: times 44 db 0
    dw 0xbeef
    align 4
seen_ax: dd 0
seen_fs: dd 0
seen_link: dd 0
seen_type: dd 0
    test_end
