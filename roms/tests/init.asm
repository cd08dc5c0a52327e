; SPDX-License-Identifier: BSD-2-Clause
;
; INIT, sent by the local APIC to itself: the processor starts at its reset vector again, with the registers
; that INIT leaves alone as they were. SDM 3A 9.1, table 9-1, 10.4.7.3. The second run finds a mark in memory
; that the frame does not clear.
;
;! expect: pass
;! peers: qemu bochs
%define TEST_MODE 64
%include "rom_test.inc"
%include "apic_test.inc"

%define MARK            (PAGES + 0x8000)
%define MARK_VALUE      0x1a171a17
%define SYSENTER_EIP    0x176
%define PAT             0x277
%define APIC_BASE       0x1b

    bits 64
test_main:
    mov edx, MARK_VALUE
    mov ebx, [MARK]
    cmp ebx, edx
    je second
    mov [MARK], edx
    call set_up_apic
    check_equal "the first run", rbx, rbx

    ; What INIT keeps.
    mov ecx, SYSENTER_EIP
    mov eax, 0x12345678
    xor edx, edx
    wrmsr
    mov ecx, PAT
    mov eax, 0x00070106
    mov edx, 0x00070406
    wrmsr
    movq xmm3, rcx
    mov rax, 0x1122334455667788
    movq xmm7, rax
    fninit
    fldpi
    mov eax, 0x55aa1234
    mov dr1, rax
    ; What it does not.
    apic_write APIC_TIMER, 0x70
    apic_write APIC_TPR, 0x35
    send_self 0x40
    send_to_own_id ICR_INIT
    settle
    check_equal "INIT was taken", rbx, rdx  ; Never comes here.
    finish

second:
    ; The frame has set CR0, CR4, EFER, GDTR and so on: it began as after power-on.
    check_equal "at the reset vector again", rbx, rdx
    movq rax, xmm7
    mov rdx, 0x1122334455667788
    check_equal "XMM7 is as it was", rax, rdx
    fldpi
    fcomip st1
    setz al
    movzx eax, al
    mov edx, 1
    check_equal "so is ST0", rax, rdx
    mov rax, dr1
    check_equal "not DR1", rax, 0
    mov ecx, SYSENTER_EIP
    rdmsr
    check_bits "MSRs are as they were", rax, 0x7fffffff, 0x12345678
    mov ecx, PAT
    rdmsr
    check_bits "PAT too", rax, 0xffffff, 0x070106
    mov ecx, APIC_BASE
    rdmsr
    check_bits "IA32_APIC_BASE too", rax, 0x900, 0x900
    mov rax, cr8
    check_equal "CR8 is zero", rax, 0
    mov dword [PDPT + 3 * 8], APIC_TABLE + 3
    mov dword [PDPT + 3 * 8 + 4], 0
    mov eax, APIC & 0xffe00000
    or eax, 0x9b
    mov dword [APIC_TABLE + ((APIC >> 21) & 511) * 8], eax
    mov dword [APIC_TABLE + ((APIC >> 21) & 511) * 8 + 4], 0
    mov rax, cr3
    mov cr3, rax
    apic_read APIC_SVR
    check_equal "the APIC begins anew", rax, 0xff
    apic_read APIC_TIMER
    check_equal "its table is masked", rax, LVT_MASKED
    apic_read APIC_IRR + 0x20
    check_equal "nothing is pending", rax, 0
    apic_read APIC_TPR
    check_equal "TPR is zero", rax, 0
    finish
    test_end
