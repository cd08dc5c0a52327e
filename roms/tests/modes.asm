; SPDX-License-Identifier: BSD-2-Clause
;
; Real, protected, long, compatibility mode and all the way back, twice; what the control registers say on the
; way. SDM 3A 9.9 (protected mode), 9.8.5 (long mode), 9.8.5.4 (leaving it).
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "real mode stops at 64 KiB" SDM 3A 5.3: TCG checks no segment limits
;! differs: qemu "a word across 64 KiB" SDM 3A 5.3
%define TEST_MODE 16
%include "rom_test.inc"

    bits 16
test_main:
    mov ecx, 2
.again:
    push ecx
    mov eax, cr0
    check_bits "CR0.PE is clear in real mode", eax, 0x80000011, 0x10
    smsw ax
    and eax, 0xffff
    check_equal "SMSW agrees", eax, 0x10
    call round_trip
    pop ecx
    dec ecx
    jnz .again

    ; A 32-bit operand and address in real mode; the limit is still 64 KiB.
    mov ebx, 0x1000
    mov dword [ebx], 0x12345678
    check_equal "32-bit addressing in real mode", dword [0x1000], 0x12345678
    try
    mov ebx, 0x10000
    mov al, [ebx]
    caught "real mode stops at 64 KiB", GP, none
    try
    mov ax, [0xffff]
    caught "a word across 64 KiB", GP, none
    try
    div byte [zero_byte]
    caught "#DE in real mode", DE, none
    finish

zero_byte equ 0x1800

; Real -> protected 16 -> protected 32 -> long -> compatibility 32 -> protected 32 -> 16 -> real.
round_trip:
    mov byte [zero_byte], 0
    mov [saved_sp], sp
    cli
    o32 lgdt [cs:OFF(gdt_pointer)]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    ; CS is still the real-mode one: execution goes on with it until the far jump (SDM 3A 9.9.1).
    mov bx, cs
    movzx ebx, bx
    check_equal "CS keeps its value until it is loaded", ebx, IMAGE >> 4
    jmp CODE16:OFF(.protected16)
.protected16:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    movzx esp, sp
    jmp dword CODE32:.protected32
    bits 32
.protected32:
    mov esp, KERNEL_STACK
    lidt [idt32_pointer]
    mov dword [0x200000], 0x55aa         ; flat: beyond any 16-bit limit
    check_equal "flat 32-bit data", dword [0x200000], 0x55aa
    call build_page_tables
    mov eax, cr4
    or eax, 0x20
    mov cr4, eax
    mov eax, PML4
    mov cr3, eax
    mov ecx, 0xc0000080
    rdmsr
    or eax, 0x100
    wrmsr
    rdmsr
    check_bits "EFER.LME without paging: LMA is clear", eax, 0x500, 0x100
    mov eax, cr0
    or eax, 0x80000000
    mov cr0, eax
    mov ecx, 0xc0000080
    rdmsr
    check_bits "EFER.LMA with paging", eax, 0x500, 0x500
    ; CS.L is clear: this is compatibility mode already.
    mov eax, 0xffffffff
    inc eax                              ; 40 is INC here, a REX prefix in 64-bit mode
    check_equal "compatibility mode", eax, 0
    jmp CODE64:.long
    bits 64
.long:
    lidt [idt64_pointer]
    mov rax, 0x123456789abcdef0
    mov r15, rax
    ror r15, 4
    check_equal "64-bit registers", r15, qword [rotated]
    push qword compatibility_target
    mov dword [rsp + 4], CODE32
    jmp far dword [rsp]
rotated: dq 0x0123456789abcdef
    bits 32
compatibility_target:
    mov eax, DATA
    mov ss, eax
    mov esp, KERNEL_STACK
    mov ecx, 0xc0000080
    rdmsr
    check_bits "compatibility mode is within long mode", eax, 0x500, 0x500
    mov eax, cr0
    and eax, 0x7fffffff
    mov cr0, eax
    mov ecx, 0xc0000080
    rdmsr
    check_bits "paging off: LMA is clear again", eax, 0x500, 0x100
    and eax, ~0x100
    wrmsr
    mov eax, cr4
    and eax, ~0x20
    mov cr4, eax
    jmp CODE16:OFF(.back16)
    bits 16
.back16:
    mov eax, DATA16
    mov ds, eax
    mov es, eax
    mov fs, eax
    mov gs, eax
    mov ss, eax
    o32 lidt [OFF(real_idt_pointer)]
    mov eax, cr0
    and al, 0xfe
    mov cr0, eax
    jmp (IMAGE >> 4):OFF(.real)
.real:
    xor eax, eax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, [saved_sp]
    ret

saved_sp equ 0x1810
    test_end
