; SPDX-License-Identifier: BSD-2-Clause
;
; The LDT: loading it, segments from it, its limit, and a null LDTR. SDM 3A 3.5.1, 2A LLDT.
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 32
%include "rom_test.inc"

%define LDT     SPARE
%define TABLE   SCRATCH
%define LOCAL0  4                        ; entry 0 of the LDT, RPL 0
%define LOCAL1  12

    bits 32
test_main:
    set_descriptor LDT, TABLE, 15, 0x82, 0
    ; Entry 0: data at SCRATCH + 0x100; entry 1: code, flat.
    mov dword [TABLE], ((SCRATCH + 0x100) << 16) | 0xff
    mov dword [TABLE + 4], 0x00409300
    mov dword [TABLE + 8], 0xffff
    mov dword [TABLE + 12], 0x00cf9b00

    mov eax, LOCAL0
    try
    mov fs, eax
    caught "an LDT selector without an LDT", GP, 4
    mov eax, LDT
    lldt ax
    xor ebx, ebx
    sldt bx
    check_equal "SLDT", ebx, LDT
    mov eax, LOCAL0
    mov fs, eax
    mov dword [fs:4], 0x777
    check_equal "data in the LDT", dword [SCRATCH + 0x104], 0x777
    jmp LOCAL1:.local
.local:
    mov ecx, cs
    jmp CODE32:.global
.global:
    check_equal "code in the LDT", ecx, LOCAL1
    mov eax, 20
    try
    mov fs, eax
    caught "a selector beyond the LDT", GP, 20
    try
    mov eax, DATA
    lldt ax
    caught "data as an LDT", GP, DATA
    try
    mov eax, LOCAL0
    lldt ax
    caught "an LDT within the LDT", GP, 4
    set_descriptor LDT + 8, TABLE, 15, 0x02, 0
    try
    mov eax, LDT + 8
    lldt ax
    caught "an LDT that is not present", NP, LDT + 8
    try
    enter_user .user
.user:
    lldt ax
    caught "LLDT at ring 3", GP, 0
    ; A null LDTR leaves loaded segments alone and stops further loads.
    mov eax, LOCAL0
    mov fs, eax
    xor eax, eax
    lldt ax
    check_equal "loaded segments outlive their table", dword [fs:4], 0x777
    mov eax, LOCAL0
    try
    mov gs, eax
    caught "after a null LLDT", GP, 4
    finish
    test_end
