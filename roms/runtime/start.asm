; SPDX-License-Identifier: BSD-2-Clause
;
; The payload's first bytes (boot.asm calls here, RDI = ROM header), and the exception entries.

    bits 64
    default rel
    extern rom_main, exception_report, bss_start, bss_end
    global start, exception_entries

    section .text.start
start:
    mov rbx, rdi
    lea rdi, [bss_start]
    lea rcx, [bss_end]
    sub rcx, rdi
    xor eax, eax
    rep stosb
    mov rdi, rbx
    sub rsp, 8                           ; boot.asm's CALL left RSP 8 below a multiple of 16
    call rom_main
.stop:
    hlt
    jmp .stop

    section .text
; Vectors with an error code: SDM 3A table 6-1.
%define HAS_ERROR_CODE(vector) ((1 << (vector)) & 0x60227d00)

%assign vector 0
%rep 32
entry_ %+ vector:
%if HAS_ERROR_CODE(vector) == 0
    push 0
%endif
    push vector
    jmp exception_common
%assign vector vector + 1
%endrep

; The frame the C side sees: registers (RAX first), vector, error code, RIP, CS, RFLAGS, RSP, SS.
exception_common:
    push r15
    push r14
    push r13
    push r12
    push r11
    push r10
    push r9
    push r8
    push rdi
    push rsi
    push rbp
    push rbx
    push rdx
    push rcx
    push rax
    mov rdi, rsp
    and rsp, -16
    cld
    call exception_report
.stop:
    hlt
    jmp .stop

    section .rodata
exception_entries:
%assign vector 0
%rep 32
    dq entry_ %+ vector
%assign vector vector + 1
%endrep
