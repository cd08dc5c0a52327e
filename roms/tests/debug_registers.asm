; SPDX-License-Identifier: BSD-2-Clause
;
; Debug registers: instruction, data and I/O breakpoints, RF, GD, DR4 and DR5, ICEBP, and what DR6 keeps.
; SDM 3B 17.2, 17.3.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "a data breakpoint on MOV SS, at" SDM 3A 6.8.3: TCG does not hold it back
;! differs: qemu "an instruction breakpoint behind MOV SS" SDM 3A 6.8.3
;! differs: qemu "a watched dword is aligned" SDM 3B 17.2.5: the low bits are masked
;! differs: qemu "a watched dword is aligned, at" SDM 3B 17.2.5
;! differs: qemu "both B bits" SDM 3B 17.2.3
;! differs: qemu "DR6 keeps its bits" SDM 3B 17.2.3
;! differs: qemu "general detect" SDM 3B 17.2.4: TCG has no GD
;! differs: qemu "general detect, at" SDM 3B 17.2.4
;! differs: qemu "DR6.BD" SDM 3B 17.2.3
;! differs: qemu "GD is clear again" SDM 3B 17.2.4
;! differs: qemu "INT1" SDM 2A INT1: TCG raises #UD
;! differs: qemu "INT1, at" SDM 2A INT1
%define TEST_MODE 64
%include "rom_test.inc"

%define VARIABLE    SCRATCH
%define RF          0x10000
%define TYPE_EXEC   0
%define TYPE_WRITE  1
%define TYPE_IO     2
%define TYPE_RW     3

; DR7 with breakpoint %1 enabled locally, of type %2 and length code %3.
%define DR7_OF(number, type, length) (0x400 | (1 << ((number) * 2)) | ((type) << (16 + (number) * 4)) | ((length) << (18 + (number) * 4)))

%macro arm 4 ; number, address, type, length code
    mov eax, %2
    mov dr%1, rax
    mov eax, 0xffff0ff0
    mov dr6, rax
    mov eax, DR7_OF(%1, %3, %4)
    mov dr7, rax
%endmacro

%macro disarm 0
    mov eax, 0x400
    mov dr7, rax
%endmacro

    bits 64
test_main:
    mov rax, dr7
    check_bits "DR7 bit 10 reads as 1", rax, 0x400, 0x400
    mov rax, dr6
    check_bits "DR6 after reset", rax, 0x7fff0ff0, 0x7fff0ff0

    ; Instruction breakpoint: a fault, before the instruction; RF in the image; RF lets it pass.
    arm 0, .target, TYPE_EXEC, 0
    xor ecx, ecx
    try
.target:
    inc ecx
    caught "an instruction breakpoint", DB, none, .target
    disarm
    check_equal "it hit before the instruction", rcx, 0
    check_bits "DR6.B0 alone", qword [exc_dr6], 0xe00f, 1
    check_bits "RF is clear in the image of an instruction breakpoint", qword [exc_flags], RF, 0
    note_only DB
    mov dword [exc_flags_or], RF
    arm 0, .target2, TYPE_EXEC, 0
    mov ecx, 3
.target2:
    dec ecx
    jnz .target2
    disarm
    mov dword [exc_continue], 0
    check_bits "RF holds for one instruction: a hit per round", qword [exc_count], 0xffff, 3

    ; Data breakpoints: traps, after the instruction.
    arm 1, VARIABLE, TYPE_WRITE, 3
    try
    mov dword [VARIABLE], 0x1234
.after_write:
    nop
    caught "a write to a watched dword", DB, none, .after_write
    check_equal "the write was done", qword [VARIABLE], 0x1234
    check_bits "DR6.B1", qword [exc_dr6], 0xf, 2
    check_bits "RF clear in the image of a trap", qword [exc_flags], RF, 0
    try
    mov eax, [VARIABLE]
    not_caught "a read is no write"
    try
    mov byte [VARIABLE + 3], 1
.after_byte:
    nop
    caught "a byte within the dword", DB, none, .after_byte
    try
    mov byte [VARIABLE + 4], 1
    not_caught "the byte behind it"
    try
    mov qword [VARIABLE - 7], 0
.after_overlap:
    nop
    caught "a quadword that ends in it", DB, none, .after_overlap
    arm 2, VARIABLE, TYPE_RW, 3
    try
    mov eax, [VARIABLE]
.after_read:
    nop
    caught "a read of a watched dword", DB, none, .after_read
    check_bits "DR6.B2", qword [exc_dr6], 0xf, 4
    arm 3, VARIABLE, TYPE_RW, 2          ; length code 2: eight bytes
    try
    mov al, [VARIABLE + 7]
.after_eight:
    nop
    caught "the last of eight bytes", DB, none, .after_eight
    check_bits "DR6.B3", qword [exc_dr6], 0xf, 8
    arm 0, VARIABLE + 2, TYPE_RW, 3      ; the low bits of the address are masked by the length
    try
    mov al, [VARIABLE]
.after_masked:
    nop
    caught "a watched dword is aligned", DB, none, .after_masked

    ; PUSH, REP MOVS (once per iteration), and a disabled breakpoint.
    arm 0, KERNEL_STACK - 0x108, TYPE_WRITE, 2
    mov r15, rsp
    try
    mov rsp, KERNEL_STACK - 0x100
    push rax
.after_push:
    nop
    caught "a push", DB, none, .after_push
    note_only DB
    arm 0, VARIABLE + 2, TYPE_WRITE, 0
    mov esi, VARIABLE + 0x100
    mov edi, VARIABLE
    mov ecx, 5
    rep movsb
.after_rep:
    disarm
    mov dword [exc_continue], 0
    check_equal "REP MOVSB: one hit", qword [exc_count], 1
    check_equal "it hit within the instruction", qword [exc_log + 8], .the_rep
.the_rep equ .after_rep - 2
    check_equal "the copy went on", rcx, 0
    arm 0, VARIABLE, TYPE_WRITE, 0
    disarm
    try
    mov [VARIABLE], al
    not_caught "a breakpoint that is not enabled"

    ; Two at once; and B bits are set for conditions that are not enabled only if another one is met.
    mov eax, VARIABLE
    mov dr0, rax
    mov dr1, rax
    mov eax, 0xffff0ff0
    mov dr6, rax
    mov eax, DR7_OF(0, TYPE_WRITE, 0) | DR7_OF(1, TYPE_WRITE, 3)
    mov dr7, rax
    try
    mov [VARIABLE], al
    nop
    caught "two breakpoints at once", DB, none
    check_bits "both B bits", qword [exc_dr6], 3, 3
    disarm

    ; The processor never clears DR6.
    mov rax, dr6
    check_bits "DR6 keeps its bits", rax, 3, 3

    ; I/O breakpoints need CR4.DE; DR4 and DR5 are aliases without it.
    mov eax, VARIABLE
    mov dr0, rax
    db 0x0f, 0x23, 0xe0                  ; MOV DR4, RAX: DR6 without DE
    mov rax, cr4
    bts rax, 3
    mov cr4, rax
    try
    db 0x0f, 0x21, 0xe0                  ; MOV RAX, DR4
    caught "DR4 with CR4.DE", UD, none
    arm 0, 0x80, TYPE_IO, 0
    try
    out 0x80, al
.after_out:
    nop
    caught "an I/O breakpoint", DB, none, .after_out
    try
    out 0x81, al
    not_caught "the port behind it"
    disarm

    ; GD: any access to a debug register is #DB; entering the handler clears it.
    mov eax, 0xffff0ff0
    mov dr6, rax
    mov eax, 0x2400
    mov dr7, rax
    try
.general:
    mov rax, dr0
    caught "general detect", DB, none, .general
    check_bits "DR6.BD", qword [exc_dr6], 0x2000, 0x2000
    mov rax, dr7
    check_bits "GD is clear again", rax, 0x2000, 0

    ; INT1, and values that are refused.
    try
    db 0xf1
.after_icebp:
    nop
    caught "INT1", DB, none, .after_icebp
    mov rax, 1 << 32
    try
    mov dr7, rax
    caught "the upper half of DR7", GP, 0
    try
    mov dr6, rax
    caught "the upper half of DR6", GP, 0

    ; MOV SS and POP SS hold back a data breakpoint for one instruction (SDM 3A 6.8.3), and an instruction
    ; breakpoint on the next is suppressed as if RF were set (SDM 3B 17.3.1.1).
    mov qword [VARIABLE], DATA
    arm 0, VARIABLE, TYPE_RW, 1
    mov eax, 0xffff0ff0
    mov dr6, rax
    try
    mov ss, [VARIABLE]
    nop
.after_shadow:
    nop
    caught "a data breakpoint on MOV SS", DB, none, .after_shadow
    disarm
    arm 1, .behind_ss, TYPE_EXEC, 0
    mov eax, DATA
    try
    mov ss, eax
.behind_ss:
    nop
    not_caught "an instruction breakpoint behind MOV SS"
    disarm
    finish
    test_end
