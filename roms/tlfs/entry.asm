; SPDX-License-Identifier: BSD-2-Clause
;
; What C++ cannot say: interrupt entries, calls that may fault, hypercalls with every register known, and the
; ways into the other modes of the processor: ring 3, 32-bit compatibility mode, real mode, and up from reset.

    bits 64
    default rel
    extern interrupt_taken, processor_main
    global interrupt_entries, run_guarded, resume_guarded, hypercall_with_registers, hypercall_target
    global hypercall_from_32_bits, compatibility_registers, enter_user_mode, user_hypercall, user_sgdt
    global low_code, low_code_end, low_next_stack, low_next_entry, low_next_argument, low_cr3, low_cr4
    global probe_real_mode, processor_entry, processor_entry_by_stack

; Selectors; processor.cpp builds such a table for each processor.
%define CODE32      0x08
%define DATA        0x10
%define CODE64      0x18
%define CODE16      0x20
%define USER_DATA   0x2b
%define USER_CODE   0x33

    section .text

; ---- Interrupts: `struct InterruptFrame` in processor.hpp ---------------------------------------------
%define HAS_ERROR_CODE(vector) ((vector) < 32 && ((0x60227d00 >> ((vector) & 31)) & 1))

%assign vector 0
%rep 256
entry_ %+ vector:
%if HAS_ERROR_CODE(vector) == 0
    push 0
%endif
    push vector
    jmp near entry_all
%assign vector vector + 1
%endrep

entry_all:
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
    mov rbp, rsp
    and rsp, -16
    cld
    call interrupt_taken
    mov rsp, rbp
    pop rax
    pop rcx
    pop rdx
    pop rbx
    pop rbp
    pop rsi
    pop rdi
    pop r8
    pop r9
    pop r10
    pop r11
    pop r12
    pop r13
    pop r14
    pop r15
    add rsp, 16
    iretq

%macro push_preserved 0
    push rbx
    push rbp
    push r12
    push r13
    push r14
    push r15
%endmacro

%macro pop_preserved 0
    pop r15
    pop r14
    pop r13
    pop r12
    pop rbp
    pop rbx
%endmacro

; ---- bool run_guarded(void (*function)(void*), void* argument, u64* stack): true if it faulted -----------
run_guarded:
    push_preserved
    sub rsp, 8
    mov [rdx], rsp
    mov rax, rdi
    mov rdi, rsi
    call rax
    xor eax, eax
guarded_end:
    add rsp, 8
    pop_preserved
    ret
resume_guarded:                          ; interrupt_taken returns to here with RSP as it was noted
    mov eax, DATA                        ; ring 3 takes segments of ring 0 away
    mov ds, eax
    mov es, eax
    mov eax, 1
    jmp guarded_end

; ---- void hypercall_with_registers(HypercallRegisters*): RAX RCX RDX RBX RBP RSI RDI R8..R15, XMM0..5 ----
hypercall_with_registers:
    push_preserved
    push rdi
%assign i 0
%rep 6
    movups xmm %+ i, [rdi + 120 + i * 16]
%assign i i + 1
%endrep
    mov rax, [rdi + 0]
    mov rcx, [rdi + 8]
    mov rdx, [rdi + 16]
    mov rbx, [rdi + 24]
    mov rbp, [rdi + 32]
    mov rsi, [rdi + 40]
    mov r8, [rdi + 56]
    mov r9, [rdi + 64]
    mov r10, [rdi + 72]
    mov r11, [rdi + 80]
    mov r12, [rdi + 88]
    mov r13, [rdi + 96]
    mov r14, [rdi + 104]
    mov r15, [rdi + 112]
    mov rdi, [rdi + 48]
    call [hypercall_target]
    push rdi
    mov rdi, [rsp + 8]
    mov [rdi + 0], rax
    pop rax
    mov [rdi + 48], rax
    mov [rdi + 8], rcx
    mov [rdi + 16], rdx
    mov [rdi + 24], rbx
    mov [rdi + 32], rbp
    mov [rdi + 40], rsi
    mov [rdi + 56], r8
    mov [rdi + 64], r9
    mov [rdi + 72], r10
    mov [rdi + 80], r11
    mov [rdi + 88], r12
    mov [rdi + 96], r13
    mov [rdi + 104], r14
    mov [rdi + 112], r15
%assign i 0
%rep 6
    movups [rdi + 120 + i * 16], xmm %+ i
%assign i i + 1
%endrep
    pop rdi
    pop_preserved
    ret

; ---- void hypercall_from_32_bits(): EAX EBX ECX EDX ESI EDI from and to compatibility_registers -----------
hypercall_from_32_bits:
    push_preserved
    sub rsp, 8
    call far dword [compatibility_pointer]
    add rsp, 8
    pop_preserved
    ret

    bits 32
compatibility_body:
    mov eax, [abs compatibility_registers]
    mov ebx, [abs compatibility_registers + 4]
    mov ecx, [abs compatibility_registers + 8]
    mov edx, [abs compatibility_registers + 12]
    mov esi, [abs compatibility_registers + 16]
    mov edi, [abs compatibility_registers + 20]
    call [abs hypercall_target]
    mov [abs compatibility_registers], eax
    mov [abs compatibility_registers + 4], ebx
    mov [abs compatibility_registers + 8], ecx
    mov [abs compatibility_registers + 12], edx
    mov [abs compatibility_registers + 16], esi
    mov [abs compatibility_registers + 20], edi
    retf
    bits 64

; ---- void enter_user_mode(u64 rip, u64 rsp, u64 rax): does not return but by a guarded fault ---------------
enter_user_mode:
    mov rax, rdx
    push USER_DATA
    push rsi
    push 2
    push USER_CODE
    push rdi
    iretq

; Ring 3. HLT faults with #GP, the hypercall that may not be with #UD.
user_hypercall:
    call rax
    hlt
; SGDT to [RAX]; UD2 says that it did not fault.
user_sgdt:
    sgdt [rax]
    ud2

; ---- The code below 1 MiB: up from reset (SIPI), and down to real mode and up again ------------------------
%define LOW                 0x8000
%define LOW_STACK           0x7ff0
%define LOW_OF(label)       (LOW + (label) - low_code)

    bits 16
low_code:                                ; SIPI vector 8: CS = 0800, IP = 0
    cli
    xor ax, ax
    mov ds, ax
    jmp ascend

descend16:                               ; compatibility mode, 16 bits
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax                         ; paging off: no longer in long mode
    mov ecx, 0xc0000080
    rdmsr
    and eax, ~0x100
    wrmsr
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    jmp 0:LOW_OF(real_mode)
real_mode:
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, LOW_STACK
    mov word [6 * 4], LOW_OF(real_invalid_opcode)
    mov [6 * 4 + 2], ax
    mov [LOW_OF(probe_result)], ax
    call [LOW_OF(probe_target)]
    jmp ascend
real_invalid_opcode:
    mov word [LOW_OF(probe_result)], 1
    ; falls through: what the exception pushed is of no use

ascend:
    o32 lgdt [LOW_OF(low_gdt_pointer)]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp dword CODE32:LOW_OF(ascend32)
    bits 32
ascend32:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov eax, [LOW_OF(low_cr4)]
    mov cr4, eax
    mov eax, [LOW_OF(low_cr3)]
    mov cr3, eax
    mov ecx, 0xc0000080
    rdmsr
    or eax, 0x100
    wrmsr
    mov eax, 0x80010033                  ; PG WP NE ET MP PE
    mov cr0, eax
    jmp CODE64:LOW_OF(ascend64)
    bits 64
ascend64:
    mov rsp, [abs LOW_OF(low_next_stack)]
    mov rdi, [abs LOW_OF(low_next_argument)]
    mov rax, [abs LOW_OF(low_next_entry)]
    jmp rax

    align 8
low_gdt:
    dq 0
    dq 0x00cf9b000000ffff
    dq 0x00cf93000000ffff
    dq 0x00af9b000000ffff
    dq 0x00009b000000ffff
low_gdt_pointer:
    dw low_gdt_pointer - low_gdt - 1
    dq LOW_OF(low_gdt)
real_idt_pointer:
    dw 0x3ff
    dq 0
probe_target:
    dw 0
probe_result:
    dw 0
    align 8
low_next_stack:
    dq 0
low_next_entry:
    dq 0
low_next_argument:
    dq 0
low_cr3:
    dq 0
low_cr4:
    dq 0
low_code_end:

; ---- u64 probe_real_mode(u64 target): calls there, below 64 KiB; 1 if #UD was raised -----------------------
probe_real_mode:
    push_preserved
    pushfq
    cli
    sgdt [saved_gdt]
    sidt [saved_idt]
    mov [abs LOW_OF(probe_target)], di
    mov [abs LOW_OF(low_next_stack)], rsp
    lea rax, [.back]
    mov [abs LOW_OF(low_next_entry)], rax
    mov rax, cr3
    mov [abs LOW_OF(low_cr3)], rax
    mov rax, cr4
    mov [abs LOW_OF(low_cr4)], rax
    lgdt [abs LOW_OF(low_gdt_pointer)]
    lidt [abs LOW_OF(real_idt_pointer)]
    push CODE16
    push LOW_OF(descend16)
    o64 retf
.back:
    lgdt [saved_gdt]
    lidt [saved_idt]
    movzx eax, word [abs LOW_OF(probe_result)]
    popfq
    pop_preserved
    ret

; Where another processor begins in 64-bit code: its argument is in RDI, or on top of its stack.
processor_entry_by_stack:
    pop rdi
processor_entry:
    and rsp, -16
    call processor_main
.stop:
    hlt
    jmp .stop

    section .data
    align 8
hypercall_target:
    dq 0
compatibility_pointer:
    dd compatibility_body
    dw CODE32
    align 8
compatibility_registers:
    times 6 dd 0
saved_gdt:
    times 10 db 0
saved_idt:
    times 10 db 0

    section .rodata
    align 8
interrupt_entries:
%assign vector 0
%rep 256
    dq entry_ %+ vector
%assign vector vector + 1
%endrep
