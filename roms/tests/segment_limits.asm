; SPDX-License-Identifier: BSD-2-Clause
;
; Limits, granularity, expand-down, types and nulls in protected mode. SDM 3A 5.3 (limits), 5.4 (types),
; 3.4.3 and 3.4.5. QEMU's TCG checks no limits, so it is no judge here.
;
;! expect: pass
;! peers: bochs
%define TEST_MODE 32
%include "rom_test.inc"

%define DATA_RW 0x93
%define DATA_RO 0x91
%define DATA_DOWN 0x97
%define CODE_X 0x99
%define CODE_XR 0x9b

    bits 32
test_main:
    ; 256 bytes at SCRATCH.
    set_descriptor SPARE, SCRATCH, 0xff, DATA_RW, 4
    mov eax, SPARE
    mov fs, eax
    mov dword [fs:0xfc], 1234
    check_equal "the last dword within a limit", dword [SCRATCH + 0xfc], 1234
    try
    mov ecx, [fs:0xfd]
    caught "a dword that ends beyond the limit", GP, 0
    try
    mov [fs:0x100], al
    caught "a byte at limit + 1", GP, 0
    try
    mov eax, [fs:0xfffffffd]
    caught "a dword that wraps around 4 GiB", GP, 0
    mov cl, [fs:0xff]

    ; Granularity: limit 0 with G is 4 KiB.
    set_descriptor SPARE + 8, SCRATCH, 0, DATA_RW, 12
    mov eax, SPARE + 8
    mov gs, eax
    mov cl, [gs:0xfff]
    try
    mov cl, [gs:0x1000]
    caught "page granularity", GP, 0

    ; Expand-down: valid above the limit, up to 64 KiB (B clear) or 4 GiB (B set).
    set_descriptor SPARE + 16, SCRATCH, 0xff, DATA_DOWN, 0
    mov eax, SPARE + 16
    mov fs, eax
    mov cl, [fs:0x100]
    mov cl, [fs:0xffff]
    try
    mov cl, [fs:0xff]
    caught "expand-down: at the limit", GP, 0
    try
    mov cl, [fs:0x10000]
    caught "expand-down, 16-bit: beyond 64 KiB", GP, 0
    try
    mov ecx, [fs:0xfffe]
    caught "expand-down, 16-bit: a dword across 64 KiB", GP, 0
    set_descriptor SPARE + 16, SCRATCH, 0xff, DATA_DOWN, 4
    mov eax, SPARE + 16
    mov fs, eax
    mov cl, [fs:0x10000]
    try
    mov cx, [fs:0xff]
    caught "expand-down, 32-bit: at the limit", GP, 0

    ; Types.
    set_descriptor SPARE + 24, 0, 0xfffff, DATA_RO, 12
    mov eax, SPARE + 24
    mov fs, eax
    mov cl, [fs:SCRATCH]
    try
    mov [fs:SCRATCH], al
    caught "a write to read-only data", GP, 0
    try
    mov ss, eax
    caught "read-only data as a stack", GP, SPARE + 24
    set_descriptor SPARE + 32, 0, 0xfffff, CODE_X, 12
    mov eax, SPARE + 32
    try
    mov fs, eax
    caught "execute-only code as data", GP, SPARE + 32
    set_descriptor SPARE + 32, 0, 0xfffff, CODE_XR, 12
    mov fs, eax
    mov cl, [fs:SCRATCH]
    try
    mov [fs:SCRATCH], al
    caught "a write to code", GP, 0
    set_descriptor SPARE + 40, 0, 0xfffff, DATA_RW & 0x7f, 12
    mov eax, SPARE + 40
    try
    mov fs, eax
    caught "data that is not present", NP, SPARE + 40
    try
    mov ss, eax
    caught "a stack that is not present", SS_FAULT, SPARE + 40
    mov eax, DATA
    mov fs, eax

    ; The accessed bit.
    set_descriptor SPARE + 48, 0, 0xfffff, DATA_RW & 0xfe, 12
    check_bits "not accessed before", dword [gdt + SPARE + 48 + 4], 0x100, 0
    mov eax, SPARE + 48
    mov gs, eax
    check_bits "accessed after a load", dword [gdt + SPARE + 48 + 4], 0x100, 0x100

    ; Null selectors: loaded in peace, used in vain; SS does not take them.
    xor eax, eax
    mov fs, eax
    mov eax, 3
    mov fs, eax
    try
    mov cl, [fs:SCRATCH]
    caught "a read through a null selector", GP, 0
    try
    mov ss, eax
    caught "a null SS", GP, 0

    ; Beyond the table, and a system segment.
    mov eax, 0x1000
    try
    mov es, eax
    caught "a selector beyond the GDT", GP, 0x1000
    mov eax, TSS
    try
    mov es, eax
    caught "a TSS as data", GP, TSS
    mov eax, DATA
    mov es, eax

    ; Privilege: RPL 3 in SS at CPL 0; DPL 0 data with RPL 3.
    mov eax, DATA | 3
    try
    mov ss, eax
    caught "SS with RPL 3 at ring 0", GP, DATA
    try
    mov fs, eax
    caught "RPL 3 weakens CPL 0", GP, DATA

    ; The stack's limit: #SS; a 16-bit stack wraps within 64 KiB.
    set_descriptor SPARE + 56, 0, KERNEL_STACK >> 12, DATA_RW, 12
    mov eax, SPARE + 56
    try
    mov ss, eax
    mov eax, [ss:0x100000]
    caught "beyond the stack's limit", SS_FAULT, 0
    mov eax, SPARE + 56
    try
    mov ss, eax
    mov ebp, 0x100000
    mov eax, [ebp]
    caught "EBP uses SS", SS_FAULT, 0

    ; A jump beyond the code segment's limit.
    set_descriptor SPARE + 64, LINEAR(test_main), 0x0, CODE_XR, 4
    try
    jmp SPARE + 64:0x10
    caught "a far jump beyond the limit", GP, 0
    set_descriptor SPARE + 72, IMAGE, 0xffff, CODE_XR, 4
    jmp SPARE + 72:OFF(.based)
.based:
    mov ecx, 1
    jmp CODE32:.flat_again
.flat_again:
    check_equal "a code segment with a base", ecx, 1

    ; LAR, LSL, VERR, VERW.
    mov eax, SPARE
    lsl ebx, eax
    check_equal "LSL, bytes", ebx, 0xff
    mov eax, SPARE + 8
    lsl ebx, eax
    check_equal "LSL, pages", ebx, 0xfff
    mov eax, SPARE + 24
    lar ebx, eax
    check_equal "LAR", ebx, 0x00cf9100
    verw ax
    setz cl
    movzx ecx, cl
    check_equal "VERW of read-only data", ecx, 0
    verr ax
    setz cl
    movzx ecx, cl
    check_equal "VERR of read-only data", ecx, 1
    mov eax, 0x1000
    mov ebx, 77
    lsl ebx, eax
    setz cl
    movzx ecx, cl
    check_equal "LSL beyond the table: ZF", ecx, 0
    check_equal "LSL beyond the table: the register stays", ebx, 77
    finish
    test_end
