; SPDX-License-Identifier: BSD-2-Clause
;
; Single-stepping by TF: which instructions trap, what is skipped, what gates do to it. SDM 3B 17.3.1.4, 3A 6.8.3.
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 64
%include "rom_test.inc"

%define TF 0x100
%define LOGGED(number) qword [exc_log + (number) * 32 + 8]

%macro start_stepping 0
    note_only DB
    mov eax, 0xffff0ff0
    mov dr6, rax
    pushfq
    or dword [rsp], TF
    popfq
%endmacro

%macro stop_stepping 0
    pushfq
    and dword [rsp], ~TF
    popfq
%endmacro

    bits 64
test_main:
    start_stepping
    nop                                  ; the POPF that sets TF does not trap, this does
.first:
    inc ecx
.second:
    jmp .third
    nop
.third:
    nop
.fourth:
    stop_stepping
    mov dword [exc_continue], 0
    check_equal "the first trap is behind the instruction after POPF", LOGGED(0), .first
    check_equal "then behind each", LOGGED(1), .second
    check_equal "a jump traps at its target", LOGGED(2), .third
    check_equal "the fourth", LOGGED(3), .fourth
    check_equal "PUSHF, AND, POPF: the POPF that clears TF still traps", qword [exc_count], 7
    check_bits "DR6.BS", qword [exc_log + 16], 0x4000, 0x4000
    check_bits "TF is set in the image", qword [exc_log + 24], TF, TF

    ; REP: a trap per iteration.
    mov esi, SCRATCH
    mov edi, SCRATCH + 0x100
    mov ecx, 3
    start_stepping
.rep:
    rep movsb
.after_rep:
    stop_stepping
    mov dword [exc_continue], 0
    check_equal "REP MOVSB: after the first iteration", LOGGED(0), .rep
    check_equal "after the second", LOGGED(1), .rep
    check_equal "after the last", LOGGED(2), .after_rep

    ; MOV SS holds the trap back for one instruction.
    mov ebx, DATA
    start_stepping
    mov ss, ebx
.in_shadow:
    inc ecx
.behind_shadow:
    stop_stepping
    mov dword [exc_continue], 0
    check_equal "no trap between MOV SS and the next", LOGGED(0), .behind_shadow

    ; A fault wins: the instruction did not finish, so it does not trap.
    mov dword [exc_count], 0
    start_stepping
    nop
    try
.undefined:
    ud2
    after_try
    ; TF was cleared on the way to the handler, which did not return by IRET.
    mov dword [exc_continue], 0
    pushfq
    pop rbx
    check_bits "a gate clears TF", rbx, TF, 0
    check_equal "the fault was #UD", qword [exc_vector], UD
    check_bits "TF was set in its image", qword [exc_flags], TF, TF

    ; INT n: TF is cleared, the trap of the INT itself is lost.
    mov qword [IDT64 + 0x60 * 16], 0
    mov eax, step_handler
    mov [IDT64 + 0x60 * 16], ax
    mov word [IDT64 + 0x60 * 16 + 2], CODE64
    mov word [IDT64 + 0x60 * 16 + 4], 0x8e00
    mov word [IDT64 + 0x60 * 16 + 6], LINEAR(step_handler) >> 16
    start_stepping
    int 0x60
.after_int:
    nop
.after_int_nop:
    stop_stepping
    mov dword [exc_continue], 0
    check_equal "INT n and its handler do not trap, nor does IRET here", LOGGED(0), .after_int_nop
    check_bits "TF was clear within", rbx, TF, 0

    ; IRET and POPF that set TF trap after the next instruction.
    note_only DB
    mov rax, rsp
    push DATA
    push rax
    pushfq
    or dword [rsp], TF
    push CODE64
    push .iret_target
    iretq
.iret_target:
    nop
.behind_iret_target:
    stop_stepping
    mov dword [exc_continue], 0
    check_equal "IRET that sets TF", LOGGED(0), .behind_iret_target

    ; BTF: with DEBUGCTL.BTF only branches trap.
    mov ecx, 0x1d9
    mov eax, 2
    xor edx, edx
    try
    wrmsr
    after_try
    cmp qword [exc_vector], -1
    jne .no_btf
    rdmsr
    test eax, 2
    jz .no_btf
    start_stepping
    nop
    nop
    jmp .branch_target
    nop
.branch_target:
    stop_stepping
    mov dword [exc_continue], 0
    check_equal "BTF: the first trap is at the branch's target", LOGGED(0), .branch_target
    mov ecx, 0x1d9
    rdmsr
    check_bits "BTF is cleared by the trap", rax, 2, 0
.no_btf:
    finish

step_handler:
    pushfq
    pop rbx
    iretq
    test_end
