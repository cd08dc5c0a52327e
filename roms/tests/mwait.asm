; SPDX-License-Identifier: BSD-2-Clause
;
; MONITOR and MWAIT: waiting ends by a store to the line or an interrupt; who may use them. SDM 2B MONITOR,
; MWAIT, 3A 9.10.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "a store to the line in between" SDM 3A 9.10.4: TCG monitors nothing, MWAIT is HLT
;! differs: qemu "MWAIT with nothing armed" SDM 2B MWAIT
;! differs: qemu "MONITOR of a non-canonical address" SDM 2B MONITOR
;! differs: qemu "MONITOR of a page that is not there" SDM 2B MONITOR
;! differs: bochs "an interrupt ends it" SDM 2B MWAIT: it may end for reasons of its own, and does at once
;! differs: bochs "RIP is behind MWAIT" follows from that
%define TEST_MODE 64
%include "rom_test.inc"
%include "apic_test.inc"

%define LINE    (PAGES + 0x1000)

    bits 64
test_main:
    mov eax, 1
    cpuid
    check_bits "CPUID shows MONITOR", rcx, 8, 8
    call set_up_apic
    apic_write APIC_DIVIDE, 0xb
    apic_write APIC_TIMER, 0x70

    ; By an interrupt.
    apic_write APIC_INITIAL, 20000
    mov eax, LINE
    xor ecx, ecx
    xor edx, edx
    monitor
    xor eax, eax
    sti
    mwait
.after_mwait:
    cli
    check_equal "an interrupt ends it", [irq_count], 1
    check_equal "RIP is behind MWAIT", [irq_log + 8], .after_mwait

    ; A store before MWAIT: it does not wait. The timer is there in case it does.
    fresh_log
    apic_write APIC_INITIAL, 2000000
    mov eax, LINE
    xor ecx, ecx
    xor edx, edx
    monitor
    mov dword [LINE + 60], 1
    xor eax, eax
    sti
    mwait
    cli
    check_equal "a store to the line in between", [irq_count], 0
    apic_write APIC_INITIAL, 0

    ; Nothing armed: it does not wait either.
    fresh_log
    apic_write APIC_INITIAL, 2000000
    xor eax, eax
    xor ecx, ecx
    sti
    mwait
    cli
    check_equal "MWAIT with nothing armed", [irq_count], 0
    apic_write APIC_INITIAL, 0

    ; What is refused.
    try
    mov eax, LINE
    mov ecx, 1
    monitor
    caught "MONITOR with a hint that does not exist", GP, 0
    try
    mov rax, 0x800000000000
    xor ecx, ecx
    monitor
    caught "MONITOR of a non-canonical address", GP, 0
    try
    mov rax, 0x80000000                  ; not mapped
    xor ecx, ecx
    monitor
    caught "MONITOR of a page that is not there", PF, 0
    try
    mov ecx, 2
    mwait
    caught "MWAIT with an extension that does not exist", GP, 0
    try
    enter_user in_user
in_user:
    mov eax, LINE
    xor ecx, ecx
    monitor
    caught "MONITOR in ring 3", UD, none
    try
    enter_user in_user_too
in_user_too:
    xor ecx, ecx
    mwait
    caught "MWAIT in ring 3", UD, none
    finish
    test_end
