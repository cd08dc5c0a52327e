; SPDX-License-Identifier: BSD-2-Clause
;
; External interrupts by the local APIC: what is taken and when, priorities, the task priority and CR8, EOI,
; errors. SDM 3A 6.8.3, 10.5, 10.6, 10.8.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "CR8 has four bits" SDM 2B MOV to control registers, 3A 10.8.6
;! differs: qemu "an illegal vector is noted" SDM 3A 10.5.2, 10.5.3
;! differs: qemu "disabling masks the table" SDM 3A 10.4.7.2
;! differs: qemu "and keeps it masked" SDM 3A 10.4.7.2
;! differs: qemu "it comes back as after power-on" SDM 3A 10.4.3
;! differs: bochs "an illegal vector is noted" SDM 3A 10.5.3: as sent, not as received
;! differs: bochs "nothing is taken then" SDM 3A 10.4.7.2
;! differs: bochs "it comes back as after power-on" SDM 3A 10.4.3
;! differs: bochs "without a spurious interrupt" SDM 3A 10.8.3.1: the same class is not signalled at all
%define TEST_MODE 64
%include "rom_test.inc"
%include "apic_test.inc"

%define IF 0x200

    bits 64
test_main:
    mov eax, 1
    cpuid
    shr ebx, 24
    mov esi, ebx
    check_bits "CPUID shows the APIC", rdx, 0x200, 0x200
    mov ecx, 0x1b
    rdmsr
    shr eax, 8
    check_bits "IA32_APIC_BASE", rax, 0xfffff9, 0xfee009
    call set_up_apic
    apic_read APIC_ID
    shr eax, 24
    mov ebx, eax
    check_equal "its ID is CPUID's", rsi, rbx
    apic_read APIC_VERSION
    check_bits "version of the integrated kind", rax, 0xf0, 0x10

    ; Held back by IF.
    send_self 0x40
    settle
    apic_read APIC_IRR + 0x20
    check_equal "pending in IRR", rax, 1
    check_equal "not taken while IF is clear", [irq_count], 0

    ; The shadow of STI.
    sti
    cli
    settle
    check_equal "not taken between STI and CLI", [irq_count], 0
    sti
    nop
.after_shadow:
    nop
    cli
    check_equal "taken once", [irq_count], 1
    check_vector "its vector", 0, 0x40
    check_equal "taken after the instruction behind STI", [irq_log + 8], .after_shadow
    apic_read APIC_IRR + 0x20
    mov ebx, eax
    apic_read APIC_ISR + 0x20
    or eax, ebx
    check_equal "nothing left in IRR and ISR", rax, 0

    ; POPF has no shadow.
    fresh_log
    send_self 0x40
    push IF | 2
    popfq
.after_popf:
    nop
    cli
    check_equal "taken right after POPF", [irq_log + 8], .after_popf

    ; The most urgent first, whenever it came.
    fresh_log
    send_self 0x40
    send_self 0x61
    send_self 0x50
    sti
    settle
    cli
    check_equal "three interrupts", [irq_count], 3
    check_vector "the highest vector first", 0, 0x61
    check_vector "then the next", 1, 0x50
    check_vector "then the last", 2, 0x40

    ; What is in service holds back its class and those below.
    fresh_log
    mov dword [irq_keeps], 1
    send_self 0x50
    sti
    settle
    send_self 0x51
    settle
    send_self 0x40
    settle
    check_equal "the same class and a lower one wait", [irq_count], 1
    check_equal "without a spurious interrupt", [spurious_count], 0
    apic_read APIC_PPR
    check_equal "PPR is the class in service", rax, 0x50
    apic_read APIC_ISR + 0x20
    check_equal "ISR has it", rax, 0x10000
    send_self 0x61
    settle
    check_equal "a higher class nests", [irq_count], 2
    check_vector "it is the higher one", 1, 0x61
    apic_write APIC_EOI, 0
    settle
    check_equal "its EOI lets none of the lower in", [irq_count], 2
    apic_write APIC_EOI, 0
    settle
    check_equal "the next EOI lets the same class in", [irq_count], 3
    check_vector "it is the waiting one", 2, 0x51
    apic_write APIC_EOI, 0
    settle
    check_vector "then the lower class", 3, 0x40
    apic_write APIC_EOI, 0
    cli
    mov dword [irq_keeps], 0

    ; The task priority.
    fresh_log
    apic_write APIC_TPR, 0x5f
    mov rax, cr8
    check_equal "CR8 is the upper half of TPR", rax, 5
    sti
    send_self 0x51
    settle
    check_equal "TPR holds back its class", [irq_count], 0
    send_self 0x61
    settle
    check_equal "not the next", [irq_count], 1
    mov eax, 4
    mov cr8, rax
.lowered:
    settle
    cli
    check_equal "lowering CR8 lets it in", [irq_count], 2
    check_vector "which", 1, 0x51
    check_equal "at once", [irq_log + 16 + 8], .lowered
    apic_read APIC_TPR
    check_equal "MOV to CR8 clears the lower half of TPR", rax, 0x40
    mov eax, 15
    mov cr8, rax
    apic_read APIC_PPR
    check_equal "PPR follows CR8", rax, 0xf0
    mov eax, 16
    try
    mov cr8, rax
    caught "CR8 has four bits", GP, 0
    xor eax, eax
    mov cr8, rax

    ; The processor wakes from HLT, behind it.
    fresh_log
    apic_write APIC_DIVIDE, 0xb
    apic_write APIC_TIMER, 0x70
    apic_write APIC_INITIAL, 20000
    sti
    hlt
.after_hlt:
    cli
    check_equal "the timer wakes from HLT", [irq_count], 1
    check_vector "its interrupt", 0, 0x70
    check_equal "RIP is behind HLT", [irq_log + 8], .after_hlt
    apic_read APIC_CURRENT
    check_equal "the count is at zero", rax, 0
    apic_read APIC_INITIAL
    check_equal "the initial count is kept", rax, 20000

    ; Errors.
    apic_write APIC_ESR, 0
    apic_write APIC_ERROR, 0x50
    note_only BR                         ; who does not know of illegal vectors takes it
    send_self 0x05
    sti
    settle
    cli
    mov dword [exc_continue], 0
    apic_write APIC_ESR, 0
    apic_read APIC_ESR
    check_bits "an illegal vector is noted", rax, 0x20, 0x20
    apic_write APIC_ESR, 0
    apic_read APIC_ESR
    check_equal "and forgotten by the next write", rax, 0

    ; Disabled by software.
    apic_write APIC_TIMER, 0x70
    apic_write APIC_SVR, SPURIOUS
    apic_read APIC_TIMER
    check_equal "disabling masks the table", rax, LVT_MASKED | 0x70
    apic_write APIC_TIMER, 0x70
    apic_read APIC_TIMER
    check_equal "and keeps it masked", rax, LVT_MASKED | 0x70
    fresh_log
    sti
    send_self 0x40
    settle
    cli
    check_equal "nothing is taken then", [irq_count], 0
    apic_write APIC_SVR, 0x100 | SPURIOUS

    ; Disabled altogether.
    mov ecx, 0x1b
    rdmsr
    and eax, ~0x800
    wrmsr
    mov eax, 1
    cpuid
    check_bits "CPUID follows IA32_APIC_BASE", rdx, 0x200, 0
    mov ecx, 0x1b
    rdmsr
    or eax, 0x800
    wrmsr
    apic_read APIC_SVR
    check_equal "it comes back as after power-on", rax, 0xff
    finish
    test_end
