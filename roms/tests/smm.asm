; SPDX-License-Identifier: BSD-2-Clause
;
; System management mode, entered from long mode by the APM port: the processor's state in it, what is saved
; where, RSM with a changed image, what is blocked meanwhile, SMBASE relocation. SDM 3C 31 (32 in later
; editions); the save area is the AMD64 one (APM 2 10.2.3), which QEMU and Bochs use too.
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 64
%include "rom_test.inc"
%include "apic_test.inc"

%define APM_CONTROL     0xb2

%define SMBASE0         0x30000          ; after power-on
%define SMBASE1         0x40000          ; where it is moved
%define ENTRY           0x8000

; The save area.
%define SAVED_CS        0xfe10
%define SAVED_SS        0xfe20
%define SAVED_HALT      0xfec9
%define SAVED_EFER      0xfed0
%define SAVED_REVISION  0xfefc
%define SAVED_SMBASE    0xff00
%define SAVED_CR4       0xff48
%define SAVED_CR3       0xff50
%define SAVED_CR0       0xff58
%define SAVED_DR7       0xff60
%define SAVED_RFLAGS    0xff70
%define SAVED_RIP       0xff78
%define SAVED_R15       0xff80
%define SAVED_RBX       0xffe0
%define SAVED_RCX       0xfff0
%define SAVED_RAX       0xfff8

; What the handler leaves behind.
%define smi_count       0x4040
%define smi_cs          0x4048
%define smi_cr0         0x4050
%define smi_cr4         0x4058
%define smi_flags       0x4060
%define smi_nmi_inside  0x4068
%define smi_nested      0x4070
%define smi_dr7         0x4078
%define smi_high        0x4080           ; a read beyond 64 KiB
%define smi_irq_inside  0x4088
%define smi_ip          0x4090
%define nmi_count       0x4098
%define smi_command     0x40a0           ; what the handler does; below

    bits 64
test_main:
    call set_up_apic
    set_gate 2, nmi_entry
    call let_apm_port_interrupt
    mov esi, smi_handler
    mov edi, SMBASE0 + ENTRY
    mov ecx, smi_handler_end - smi_handler
    rep movsb
    mov esi, smi_handler
    mov edi, SMBASE1 + ENTRY
    mov ecx, smi_handler_end - smi_handler
    rep movsb

    ; In and out.
    mov rbx, 0x1122334455667788
    mov r15, 0x99aabbccddeeff00
    mov rcx, 0x0f0e0d0c0b0a0908
    mov dword [smi_command], 0
    mov byte [smi_count], 0
    mov al, 0
    stc
    sti
    out APM_CONTROL, al
.after_out:
    settle
    cli
    check_equal "one SMI", [smi_count], 1
    check_equal "RBX came back", rbx, [.rbx]
    check_equal "R15 came back", r15, [.r15]
    check_equal "CS within is SMBASE / 16", [smi_cs], 0x3000
    check_equal "IP within", [smi_ip], ENTRY
    mov edx, 0x8000000d                  ; PG TS EM PE
    check_bits "CR0 within: no paging, no protection", [smi_cr0], rdx, 0
    check_equal "CR4 within", [smi_cr4], 0
    check_bits "flags within", [smi_flags], 0x37fd7, 2
    check_equal "DR7 within", [smi_dr7], 0x400
    check_equal "segments reach 4 GiB", [smi_high], [PAGES]
    mov rax, cr0
    mov edx, 0x80010033
    check_equal "CR0 came back", rax, rdx
    mov ecx, 0xc0000080
    rdmsr
    check_bits "EFER came back", rax, 0xd00, 0xd00

    ; The image.
    mov rdx, [SMBASE0 + SAVED_RBX]
    check_equal "RBX saved", [SMBASE0 + SAVED_RBX], rbx
    check_equal "R15 saved", [SMBASE0 + SAVED_R15], r15
    mov rdx, 0x0f0e0d0c0b0a0908
    check_equal "RCX saved", [SMBASE0 + SAVED_RCX], rdx
    mov rax, .after_out
    mov rdx, [SMBASE0 + SAVED_RIP]
    sub rdx, rax
    cmp rdx, 8                           ; who looks later has come a few bytes further
    setb dl
    movzx edx, dl
    check_equal "RIP saved", rdx, 1
    check_bits "flags saved", [SMBASE0 + SAVED_RFLAGS], 0x201, 0x201
    check_bits "EFER saved", [SMBASE0 + SAVED_EFER], 0xd00, 0xd00
    mov edx, 0x80010033
    mov eax, [SMBASE0 + SAVED_CR0]
    check_equal "CR0 saved", rax, rdx
    mov rdx, cr3
    check_equal "CR3 saved", [SMBASE0 + SAVED_CR3], rdx
    mov rdx, cr4
    check_equal "CR4 saved", [SMBASE0 + SAVED_CR4], rdx
    movzx edx, word [SMBASE0 + SAVED_CS]
    check_equal "CS saved", rdx, CODE64
    mov edx, [SMBASE0 + SAVED_SMBASE]
    check_equal "SMBASE saved", rdx, SMBASE0
    mov edx, [SMBASE0 + SAVED_REVISION]
    check_bits "revision: SMBASE can be moved", rdx, 0x20000, 0x20000
    check_bits "revision: 64-bit layout", rdx, 0x64, 0x64

    ; RSM takes what the handler has changed.
    mov dword [smi_command], 1
    mov rbx, 5
    mov al, 1
    out APM_CONTROL, al
    settle
    mov rdx, 0xfedcba9876543210
    check_equal "RBX changed by the handler", rbx, rdx

    ; NMI, interrupts and SMIs wait for RSM.
    mov dword [smi_command], 2
    mov dword [smi_count], 0
    mov dword [nmi_count], 0
    fresh_log
    apic_read APIC_ID
    mov [0x40b0], eax
    sti
    mov al, 2
    out APM_CONTROL, al
    settle
    cli
    check_equal "NMI blocked within", [smi_nmi_inside], 0
    check_equal "NMI taken after RSM", [nmi_count], 1
    check_equal "interrupt held within", [smi_irq_inside], 0
    check_equal "interrupt taken after RSM", [irq_count], 1
    check_equal "SMI blocked within", [smi_nested], 1
    check_equal "SMI taken after RSM", [smi_count], 2
    mov dword [nmi_count], 0
    send_to_own_id ICR_NMI
    settle
    check_equal "NMI is not blocked for good", [nmi_count], 1

    ; RSM outside is no instruction.
    try
    rsm
    caught "RSM outside of SMM", UD, none

    ; Another SMBASE.
    mov dword [smi_command], 3
    mov al, 3
    out APM_CONTROL, al
    settle
    mov dword [smi_command], 0
    mov dword [smi_count], 0
    mov rbx, 0x1234
    mov al, 4
    out APM_CONTROL, al
    settle
    check_equal "an SMI after SMBASE was moved", [smi_count], 1
    check_equal "CS at the new SMBASE", [smi_cs], 0x4000
    check_equal "saved at the new SMBASE", [SMBASE1 + SAVED_RBX], rbx
    mov edx, [SMBASE1 + SAVED_SMBASE]
    check_equal "the new SMBASE is saved", rdx, SMBASE1

    ; From ring 3, in compatibility mode.
    mov dword [tss + 4], INNER_STACK
    mov dword [smi_count], 0
    try
    push USER_DATA
    push USER_STACK
    push 0x3002                          ; IOPL 3
    push USER_CODE32
    push in_user
    iretq
    bits 32
in_user:
    mov al, 5
    out APM_CONTROL, al
    jmp .on
.on:
    nop
    nop
    mov ebx, 0x600dcafe
    ud2
    bits 64
    caught "back in ring 3, to the next instruction", UD, none
    mov eax, ebx
    mov edx, 0x600dcafe
    check_equal "which ran on", rax, rdx
    check_bits "in its code segment", [exc_cs], 0xffff, USER_CODE32
    check_bits "on its stack", [exc_ss], 0xffff, USER_DATA
    movzx edx, word [SMBASE1 + SAVED_SS]
    check_equal "SS saved", rdx, USER_DATA
    check_equal "one SMI from ring 3", [smi_count], 1
    finish

    align 8
test_main.rbx: dq 0x1122334455667788
test_main.r15: dq 0x99aabbccddeeff00

nmi_entry:
    inc dword [nmi_count]
    iretq

; A PIIX4 wants APMC_EN in its function 3 (290562, 4.2.2, DEVACTB); ours has no PCI to write to.
let_apm_port_interrupt:
    mov dx, 0xcf8
    mov eax, 0x80000b58
    out dx, eax
    mov dx, 0xcfc
    in eax, dx
    cmp eax, -1
    je .nobody
    or eax, 0x02000000
    out dx, eax
.nobody:
    ret

; Commands: 1 changes RBX, 2 asks for everything that waits, 3 moves SMBASE.
    bits 16
smi_handler:
    pushfd                               ; SS:SP is as the interrupted code had it
    pop dword [dword smi_flags]
    call .here
.here:
    pop bp
    sub bp, .here - smi_handler
    movzx ebp, bp
    mov [dword smi_ip], ebp
    inc dword [dword smi_count]
    xor eax, eax
    mov ax, cs
    mov [dword smi_cs], eax
    mov eax, cr0
    mov [dword smi_cr0], eax
    mov eax, cr4
    mov [dword smi_cr4], eax
    mov eax, dr7
    mov [dword smi_dr7], eax
    mov eax, [dword PAGES]
    mov [dword smi_high], eax
    mov eax, [dword smi_command]
    mov dword [dword smi_command], 0
    cmp al, 1
    je .change
    cmp al, 2
    je .ask
    cmp al, 3
    je .move
    rsm
.change:
    mov dword [dword SMBASE0 + SAVED_RBX], 0x76543210
    mov dword [dword SMBASE0 + SAVED_RBX + 4], 0xfedcba98
    rsm
.ask:
    mov eax, [dword 0x40b0]
    mov [dword APIC + APIC_ICR_HIGH], eax
    mov dword [dword APIC + APIC_ICR], ICR_NMI
    mov dword [dword APIC + APIC_ICR], ICR_SELF | 0x40
    mov al, 0
    out APM_CONTROL, al
    jmp .settle
.settle:
    nop
    nop
    mov eax, [dword nmi_count]
    mov [dword smi_nmi_inside], eax
    mov eax, [dword irq_count]
    mov [dword smi_irq_inside], eax
    mov eax, [dword smi_count]
    mov [dword smi_nested], eax
    rsm
.move:
    mov dword [dword SMBASE0 + SAVED_SMBASE], SMBASE1
    rsm
smi_handler_end:
    test_end
