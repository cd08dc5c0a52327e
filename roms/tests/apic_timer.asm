; SPDX-License-Identifier: BSD-2-Clause
;
; The local APIC's timer: one-shot, periodic, masked, by TSC deadline. SDM 3A 10.5.4.
;
;! expect: pass
;! peers: qemu bochs
;! differs: bochs "and is gone" SDM 3A 10.5.4.1: the timer disarms itself
%define TEST_MODE 64
%include "rom_test.inc"
%include "apic_test.inc"

%define DEADLINE 0x6e0

    bits 64
test_main:
    call set_up_apic
    apic_write APIC_DIVIDE, 0xb
    apic_write APIC_TIMER, LVT_MASKED | 0x70
    apic_write APIC_INITIAL, 0x40000000
    apic_read APIC_CURRENT
    mov ebx, eax
    mov ecx, 1000
.spin:
    loop .spin
    apic_read APIC_CURRENT
    cmp eax, ebx
    setb cl
    movzx ecx, cl
    check_equal "it counts down", rcx, 1
    apic_write APIC_INITIAL, 0
    apic_read APIC_CURRENT
    check_equal "a count of zero stops it", rax, 0

    ; Masked, it comes to zero and says nothing.
    fresh_log
    sti
    apic_write APIC_INITIAL, 100
.wait:
    apic_read APIC_CURRENT
    test eax, eax
    jnz .wait
    settle
    check_equal "masked, no interrupt", [irq_count], 0
    apic_write APIC_TIMER, 0x70
    settle
    check_equal "unmasked too late", [irq_count], 0

    ; Periodic.
    apic_write APIC_TIMER, TIMER_PERIODIC | 0x61
    apic_write APIC_INITIAL, 200000
.period:
    hlt
    cmp dword [irq_count], 3
    jb .period
    cli
    mov ebx, [irq_count]
    cmp ebx, 3                           ; a peer in real time may have come to more
    setae bl
    movzx ebx, bl
    check_equal "three periods", rbx, 1
    check_vector "the vector of its entry", 2, 0x61
    apic_write APIC_TIMER, LVT_MASKED
    apic_write APIC_INITIAL, 0

    ; TSC deadline.
    mov eax, 1
    cpuid
    bt ecx, 24
    jnc .no_deadline
    fresh_log
    mov ecx, DEADLINE
    mov eax, 1000
    xor edx, edx
    wrmsr
    rdmsr
    check_equal "no deadline in another mode", rax, 0
    apic_write APIC_TIMER, TIMER_DEADLINE | 0x70
    rdtsc
    shl rdx, 32
    lea rbx, [rax + rdx + 100000]
    mov eax, ebx
    mov rdx, rbx
    shr rdx, 32
    mov ecx, DEADLINE
    wrmsr
    rdmsr
    check_equal "the deadline is read back", rax, rbx
    apic_read APIC_CURRENT
    check_equal "nothing is counted in this mode", rax, 0
    sti
    hlt
    cli
    check_equal "the deadline interrupts", [irq_count], 1
    rdtsc
    shl rdx, 32
    or rax, rdx
    cmp rax, rbx
    setae cl
    movzx ecx, cl
    check_equal "not before its time", rcx, 1
    mov ecx, DEADLINE
    rdmsr
    check_equal "and is gone", rax, 0
    fresh_log
    mov ecx, DEADLINE
    mov eax, 1
    xor edx, edx
    wrmsr
    sti
    settle
    cli
    check_equal "one that has passed interrupts at once", [irq_count], 1
.no_deadline:
    finish
    test_end
