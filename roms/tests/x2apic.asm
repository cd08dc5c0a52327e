; SPDX-License-Identifier: BSD-2-Clause
;
; x2APIC mode: its MSRs, who may be read and written, reserved bits, and the ways between the modes. SDM 3A
; 10.12.
;
;! expect: pass
;! peers: bochs
;! differs: bochs "the logical ID follows" SDM 3A 10.12.10.2
;! differs: bochs "DIV_CONF has three bits" SDM 3A 10.12.1.3, reserved bits
;! differs: bochs "SELF_IPI has a vector only" SDM 3A 10.12.11
;! differs: bochs "LVT timer, reserved bits" SDM 3A 10.12.1.3
;! differs: bochs "the command, reserved bits" SDM 3A 10.12.9
;! differs: bochs "nor from disabled to x2APIC mode" SDM 3A 10.12.5
;! differs: bochs "disabled and enabled it begins anew" follows from that
%define TEST_MODE 64
%include "rom_test.inc"
%include "apic_test.inc"

%define BASE 0x1b

%macro read_msr 1 ; RAX = all 64 bits
    mov ecx, %1
    rdmsr
    shl rdx, 32
    or rax, rdx
%endmacro

%macro write_msr 2
    mov rax, %2
    mov rdx, rax
    shr rdx, 32
    mov ecx, %1
    wrmsr
%endmacro

%macro read_refused 2
    try
    mov ecx, %2
    rdmsr
    caught %1, GP, 0
%endmacro

%macro write_refused 3
    try
    write_msr %2, %3
    caught %1, GP, 0
%endmacro

    bits 64
test_main:
    mov eax, 1
    cpuid
    check_bits "CPUID shows x2APIC", rcx, 0x200000, 0x200000
    call set_up_apic
    read_refused "no MSRs in xAPIC mode", 0x802
    write_refused "nor any to write", 0x808, 0
    write_refused "a reserved bit of IA32_APIC_BASE", BASE, 0xfee00b00
    write_refused "x2APIC mode needs the APIC enabled", BASE, 0xfee00500

    apic_write APIC_TPR, 0x23
    write_msr BASE, 0xfee00d00
    read_msr BASE
    mov ebx, 0xfee00d00
    check_equal "x2APIC mode is on", rax, rbx
    read_msr 0x808
    check_equal "TPR was kept", rax, 0x23
    read_msr 0x80f
    check_equal "SVR was kept", rax, 0x17f
    mov eax, 0xb
    xor ecx, ecx
    cpuid
    mov ebx, edx
    read_msr 0x802
    check_equal "the ID is that of leaf 0BH", rax, rbx
    read_msr 0x80d
    check_equal "the logical ID follows", rax, 1
    write_msr 0x808, 0

    read_refused "DFR is gone", 0x80e
    write_refused "LDR is read-only", 0x80d, 1
    write_refused "the ID is read-only", 0x802, 0
    write_refused "the version is read-only", 0x803, 0
    write_refused "PPR is read-only", 0x80a, 0
    read_refused "EOI is write-only", 0x80b
    write_refused "EOI takes zero alone", 0x80b, 1
    write_refused "TPR has eight bits", 0x808, 0x100
    write_refused "ESR takes zero alone", 0x828, 1
    write_refused "ISR is read-only", 0x810, 0
    read_refused "the command has no upper half", 0x831
    write_refused "CUR_COUNT is read-only", 0x839, 0
    write_refused "DIV_CONF has three bits", 0x83e, 4
    read_refused "SELF_IPI is write-only", 0x83f
    write_refused "SELF_IPI has a vector only", 0x83f, 0x100
    write_refused "SVR, reserved bits", 0x80f, 0x100000100
    write_refused "LVT timer, reserved bits", 0x832, 0x80000
    write_refused "the command, reserved bits", 0x830, 0x100000
    read_refused "beyond the last", 0x840

    fresh_log
    sti
    write_msr 0x83f, 0x40
    settle
    check_equal "SELF_IPI", [irq_count], 1
    cli
    write_msr 0x80b, 0
    mov rbx, 0x00000000ffffffff          ; to everyone
    shl rbx, 32
    or rbx, 0x4051
    mov dword [irq_keeps], 1
    write_msr 0x830, rbx
    read_msr 0x822
    check_equal "a broadcast by a command of 64 bits", rax, 0x20000
    sti
    settle
    cli
    read_msr 0x812
    check_equal "in service", rax, 0x20000
    read_msr 0x80a
    check_equal "PPR", rax, 0x50
    write_msr 0x80b, 0
    read_msr 0x812
    check_equal "EOI", rax, 0

    write_refused "no way back to xAPIC mode", BASE, 0xfee00900
    write_msr BASE, 0xfee00100
    write_refused "nor from disabled to x2APIC mode", BASE, 0xfee00d00
    write_msr BASE, 0xfee00900
    apic_read APIC_SVR
    check_equal "disabled and enabled it begins anew", rax, 0xff
    finish
    test_end
