; SPDX-License-Identifier: BSD-2-Clause
;
; A fault that cannot be delivered, nor the double fault: shutdown. SDM 3A 6.15, #DF.
;
;! expect: shutdown
;! peers: qemu bochs
;! differs: qemu "before: exceptions work, error code" SDM 3A 6.13: the index is the vector
%define TEST_MODE 64
%include "rom_test.inc"

    bits 64
test_main:
    try
    int 0x90
    caught "before: exceptions work", GP, 0x90 * 8 + 2
    mov esi, last_words
    call print64
    lidt [no_idt]
    ud2
    check_equal "nothing runs after a triple fault", rax, rsi
    finish

last_words: db "about to shut down", 10, 0
no_idt: dw 0
    dq 0
    test_end
