; SPDX-License-Identifier: BSD-2-Clause
;
; Non-maskable interrupts, sent by the local APIC to itself: taken whatever IF, TPR and APIC say, and blocked
; until the next IRET, whoever's it is. SDM 3A 6.7, 10.6.1.
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 64
%include "rom_test.inc"
%include "apic_test.inc"

%define nmi_count   0x4040
%define nmi_plan    0x4048               ; what the handler does, see below
%define nmi_inside  0x4050               ; nmi_count as seen within the first
%define nmi_rip     0x4058               ; where the last came

    bits 64
test_main:
    call set_up_apic
    set_gate 2, nmi_entry
    set_gate 3, breakpoint_entry
    cli
    mov dword [nmi_plan], 0
    mov dword [nmi_count], 0
    send_to_own_id ICR_NMI
.sent:
    settle
    check_equal "taken although IF is clear", [nmi_count], 1
    mov eax, 15
    mov cr8, rax
    send_to_own_id ICR_NMI
    settle
    check_equal "taken although TPR is highest", [nmi_count], 2
    xor eax, eax
    mov cr8, rax
    apic_read APIC_ISR
    check_equal "ISR knows nothing of it", rax, 0

    ; Another one within the handler waits for its IRET.
    mov dword [nmi_plan], 1
    mov dword [nmi_count], 0
    send_to_own_id ICR_NMI
    settle
    check_equal "blocked within the handler", [nmi_inside], 1
    check_equal "taken after its IRET", [nmi_count], 2
    check_equal "where the first had come from", [nmi_rip], rbx

    ; Two within the handler are one.
    mov dword [nmi_plan], 2
    mov dword [nmi_count], 0
    send_to_own_id ICR_NMI
    settle
    check_equal "one waits, not two", [nmi_count], 2

    ; The IRET of another handler ends the blocking.
    mov dword [nmi_plan], 3
    mov dword [nmi_count], 0
    send_to_own_id ICR_NMI
    settle
    check_equal "another handler's IRET lets it in", [nmi_inside], 2
    check_equal "two in all", [nmi_count], 2

    ; By a disabled APIC as well.
    mov dword [nmi_plan], 0
    mov dword [nmi_count], 0
    apic_write APIC_SVR, 0xff
    send_to_own_id ICR_NMI
    settle
    check_equal "a software-disabled APIC takes it", [nmi_count], 1
    finish

; plan 1: sends another; 2: sends two; 3: sends another and raises #BP. RBX: where the first came.
nmi_entry:
    push rax
    push rdx
    mov rax, [rsp + 16]
    mov [nmi_rip], rax
    inc dword [nmi_count]
    mov eax, [nmi_plan]
    mov dword [nmi_plan], 0
    test eax, eax
    jz .done
    mov rbx, [rsp + 16]
    push rax
    send_to_own_id ICR_NMI
    pop rax
    settle
    cmp eax, 2
    jne .once
    send_to_own_id ICR_NMI
    settle
    jmp .seen
.once:
    cmp eax, 3
    jne .seen
    int3
    settle
.seen:
    mov eax, [nmi_count]
    mov [nmi_inside], rax
.done:
    pop rdx
    pop rax
    iretq

breakpoint_entry:
    iretq
    test_end
