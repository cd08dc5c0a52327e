; SPDX-License-Identifier: BSD-2-Clause
;
; From the reset vector to a 64-bit program in RAM.
;
; The ROM ends at 4 GiB and holds, from its first byte: a header that the host may patch, the payload
; (linked at 1 MiB), and this code in the last 64 KiB. Assemble with
;   -DROM_SIZE=<bytes> -DPAYLOAD='"file"'
;
; Linear memory afterwards: 4 GiB mapped one to one; the first 16 MiB by 4 KiB pages, so that a kernel's
; working set meets a TLB of honest reach, the rest by 2 MiB pages.

%define ROM_BASE        (0x100000000 - ROM_SIZE)
%define LOAD_ADDRESS    0x100000
%define STACK_TOP       0x70000
%define PML4            0x70000
%define PDPT            0x71000
%define PAGE_DIRECTORY  0x72000          ; four of them, a GiB each
%define PAGE_TABLES     0x76000          ; eight of them, 2 MiB each
%define SMALL_PAGES     (8 * 512)

%define CODE32  0x08
%define DATA    0x10
%define CODE64  0x18

    org ROM_BASE

; The header; roms/runtime/runtime.h has the same in C, bench/compare.py patches it.
header:
    db "SATROM1", 0
    dd payload - header
    dd payload_end - payload
    dd 1000                              ; scale, in thousandths of the full work
    dd 0                                 ; options
    dq -1                                ; selection mask

    align 64
payload:
    incbin PAYLOAD
payload_end:

    times ROM_SIZE - 0x10000 - ($ - $$) db 0xff

boot_segment:                            ; CS:0 after reset
    bits 16
real_mode:
    cli
    cld
    in al, 0x92                          ; fast A20, without the reset bit
    or al, 2
    and al, 0xfe
    out 0x92, al
    o32 lgdt [cs:gdt_pointer - boot_segment]
    mov eax, cr0
    or al, 1
    mov cr0, eax
    jmp dword CODE32:protected_mode

    bits 32
protected_mode:
    mov eax, DATA
    mov ds, eax
    mov es, eax
    mov ss, eax
    mov esp, STACK_TOP
    mov esi, payload
    mov edi, LOAD_ADDRESS
    mov ecx, payload_end - payload + 3
    shr ecx, 2
    rep movsd
    call build_page_tables
    mov eax, 0x20                        ; CR4.PAE
    mov cr4, eax
    mov eax, PML4
    mov cr3, eax
    mov ecx, 0xc0000080                  ; IA32_EFER.LME
    rdmsr
    or eax, 0x100
    wrmsr
    mov eax, 0x80010033                  ; PG WP NE ET MP PE
    mov cr0, eax
    jmp CODE64:long_mode

build_page_tables:
    mov edi, PML4
    mov ecx, (6 + 8) * 1024
    xor eax, eax
    rep stosd
    mov dword [PML4], PDPT + 3
    mov ecx, 4
    mov eax, PAGE_DIRECTORY + 3
    mov edi, PDPT
    call fill_table
    mov ecx, 4 * 512
    mov eax, 0x83                        ; present, writable, 2 MiB
    mov edi, PAGE_DIRECTORY
    mov edx, 0x200000
    call fill_table_by
    mov ecx, 8
    mov eax, PAGE_TABLES + 3
    mov edi, PAGE_DIRECTORY
    call fill_table
    mov ecx, SMALL_PAGES
    mov eax, 3
    mov edi, PAGE_TABLES
    ; falls through

; ECX entries at EDI: EAX, EAX + 4 KiB, ...
fill_table:
    mov edx, 0x1000
fill_table_by:
    mov [edi], eax
    add eax, edx
    add edi, 8
    loop fill_table_by
    ret

    bits 64
long_mode:
    mov rax, cr4                         ; OSFXSR, OSXMMEXCPT
    or eax, 0x600
    mov cr4, rax
    fninit
    mov eax, 1
    cpuid
    and ecx, (1 << 26) | (1 << 28)       ; XSAVE and AVX
    cmp ecx, (1 << 26) | (1 << 28)
    jne .start
    mov rax, cr4
    or eax, 1 << 18                      ; OSXSAVE
    mov cr4, rax
    xor ecx, ecx
    xor edx, edx
    mov eax, 7                           ; XCR0: x87, SSE, AVX
    xsetbv
.start:
    mov edi, header
    mov eax, LOAD_ADDRESS
    call rax
.stop:
    hlt
    jmp .stop

    align 8
gdt:
    dq 0
    dq 0x00cf9b000000ffff                ; 08: code, 32-bit, flat
    dq 0x00cf93000000ffff                ; 10: data, flat
    dq 0x00af9b000000ffff                ; 18: code, 64-bit
gdt_pointer:
    dw gdt_pointer - gdt - 1
    dd gdt

    times 0xfff0 - ($ - boot_segment) db 0xff
reset_vector:
    bits 16
    jmp near real_mode
    times 0x10000 - ($ - boot_segment) db 0xff
