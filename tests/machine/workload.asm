; SPDX-License-Identifier: BSD-2-Clause
;
; A guest that does a little of everything a run must reproduce: demand paging, x87 and SSE registers that
; stay loaded, RDRAND, RDTSC, REP strings over page borders, single steps, interrupt shadows, code that
; changes itself, and a UART that is polled and echoes. It ends after `ROUNDS` rounds or when a '.' has been
; echoed, with a digest of all it has seen on the debug console.
;
; 64 KiB, run in place below 1 MiB. RAM: tables 6000-bfff, stack below 7000:0, data from 2 MiB.
%define IDT         0x5000
%define STACK       0x7c00
%define PML4        0x8000
%define PDPT        0x9000
%define PD          0xa000
%define PATCHED     0xc000
%define DATA        0x200000
%define DEMAND      0x40000000
%define DEMAND_PD   0xd000
%define DEMAND_PT   0xe000
%define FRAMES      0x300000
%define ROUNDS      2000
%define COM1        0x3f8

%define OFF(label) ((label) - image)
    org 0xf0000
image:

    bits 16
start:
    cli
    xor ax, ax
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov sp, STACK
    cld
    mov di, IDT
    mov cx, (0xf000 - IDT) / 4
    xor eax, eax
    rep stosd
    mov dword [PML4], PDPT | 3
    mov dword [PDPT], PD | 3
    mov dword [PDPT + 8], DEMAND_PD | 3
    mov dword [DEMAND_PD], DEMAND_PT | 3
    mov dword [PD], 0x83
    mov dword [PD + 8], 0x2000e3
    mov dword [IDT + 14 * 16], (OFF(page_fault) & 0xffff) | 0x80000
    mov dword [IDT + 14 * 16 + 4], 0xf8e00
    mov dword [IDT + 1 * 16], (OFF(single_step) & 0xffff) | 0x80000
    mov dword [IDT + 1 * 16 + 4], 0xf8e00
    o32 lgdt [cs:OFF(gdt_pointer)]
    o32 lidt [cs:OFF(idt_pointer)]
    mov eax, 0x620                       ; PAE, OSFXSR, OSXMMEXCPT
    mov cr4, eax
    mov eax, PML4
    mov cr3, eax
    mov ecx, 0xc0000080
    mov eax, 0x100
    xor edx, edx
    wrmsr
    mov eax, 0x80010023                  ; PG, WP, NE, MP, PE
    mov cr0, eax
    jmp dword 0x08:long_start

    bits 64
long_start:
    mov ax, 0x10
    mov ds, ax
    mov es, ax
    mov ss, ax
    mov rsp, STACK
    fninit
    fldpi
    fld1
    mov dword [DATA], 0x3f8ccccd         ; 1.1f
    movss xmm6, [DATA]
    shufps xmm6, xmm6, 0
    movaps xmm7, xmm6
    mov dx, COM1 + 3
    mov al, 0x83
    out dx, al
    mov dx, COM1
    mov al, 1
    out dx, al
    mov dx, COM1 + 3
    mov al, 3
    out dx, al
    mov dx, COM1 + 2
    mov al, 7
    out dx, al
    mov rdi, PATCHED                     ; mov eax, imm32 ; ret
    mov dword [rdi], 0xb8
    mov word [rdi + 4], 0xc300
    xor r15, r15                         ; round
    mov r14, 0x1234567                   ; digest
    xor r13, r13                         ; traps taken

round:
    call numbers
    call strings
    call floating
    call demand_pages
    call shadows
    call serial
    inc r15
    cmp r12b, '.'
    je .end
    cmp r15, ROUNDS
    jb round
.end:
    mov cl, 16
.digit:
    rol r14, 4
    mov eax, r14d
    and al, 15
    add al, 'a'
    out 0xe9, al
    dec cl
    jnz .digit
.drain:
    mov dx, COM1 + 5
    in al, dx
    test al, 0x40
    jz .drain
    xor eax, eax
    out 0xf4, eax
.never:
    jmp .never

; Into the digest: RAX.
mix:
    xor r14, rax
    mov rax, 0x9e3779b97f4a7c15
    imul r14, rax
    rol r14, 29
    ret

numbers:
    mov ecx, 40
.next:
    lea rax, [rax + rcx * 8 + 7]
    imul rax, r14
    bswap rax
    adc rax, rcx
    ror rax, cl
    xor edx, edx
    mov rbx, r14
    or rbx, 1
    div rbx
    push rdx
    add [DATA + 0x100 + rcx * 8], rdx
    pop rax
    loop .next
    call mix
    rdrand rax
    adc rax, 0
    call mix
    rdtsc
    shl rdx, 32
    or rax, rdx
    call mix
    inc byte [PATCHED + 1]
    mov eax, PATCHED
    call rax
    jmp mix

; 12 KiB over page borders, neither end aligned; the counter and what was copied go into the digest.
strings:
    mov edi, DATA + 0x1ffd
    mov rax, r14
    mov ecx, 500
    rep stosq
    mov esi, DATA + 0x1ff1
    mov edi, DATA + 0x5f03
    mov ecx, 12000
    rep movsb
    mov esi, DATA + 0x5f13
    mov edi, DATA + 0x2001
    mov ecx, 400
    repe cmpsw
    lea rax, [rcx + rsi]
    std
    mov edi, DATA + 0x7fff
    mov ecx, 3000
    rep stosb
    cld
    jmp mix

; ST0 and ST1, XMM6 and XMM7 live from round to round.
floating:
    fld st1
    fsqrt
    fadd st2, st0
    fmulp st1, st0
    fld st0
    fsin
    fstp tword [DATA + 0x80]
    mov rax, [DATA + 0x80]
    call mix
    mulps xmm7, xmm6
    addps xmm7, xmm6
    sqrtps xmm5, xmm7
    pshufd xmm4, xmm5, 0x1b
    paddd xmm4, xmm7
    movq rax, xmm4
    cvttss2si ecx, xmm5
    add rax, rcx
    fxsave [DATA + 0xa00]
    jmp mix

; Pages appear as they are touched; now and then all go.
demand_pages:
    mov eax, r15d
    and eax, 31
    shl eax, 12
    add eax, DEMAND
    add [rax], r14
    mov ebx, [rax]
    test r15b, 15
    jnz .kept
    mov edi, DEMAND_PT
    mov rax, [rdi]
    push rax
    mov ecx, 512
    xor eax, eax
    rep stosq
    mov rax, cr3
    mov cr3, rax
    pop rax
.kept:
    add rax, rbx
    jmp mix

; The address's own frame, with nothing but its number in it.
page_fault:
    push rax
    push rbx
    mov rbx, cr2
    shr ebx, 12
    and ebx, 511
    mov eax, ebx
    shl eax, 12
    add eax, FRAMES
    or eax, 3
    mov [DEMAND_PT + rbx * 8], rax
    mov rax, cr2
    invlpg [rax]
    pop rbx
    pop rax
    add rsp, 8
    iretq

shadows:
    mov rbx, rsp
    mov ecx, 5
.next:
    mov ax, ss
    mov ss, ax
    mov rsp, rbx
    sti
    nop
    cli
    loop .next
    pushfq
    or qword [rsp], 0x100
    popfq
    nop
    mov ss, ax
    nop
    pushfq
    and qword [rsp], ~0x100
    popfq
    lea rax, [r13 + rcx]
    jmp mix

single_step:
    inc r13
    push rax
    mov eax, 0xffff0ff0
    mov dr6, rax
    pop rax
    iretq

; Echoes what has come; each sixteenth round says that it is there.
serial:
    xor r12d, r12d
    mov dx, COM1 + 5
    in al, dx
    test al, 1
    jz .none
    mov dx, COM1
    in al, dx
    movzx r12d, al
    movzx eax, al
    call mix
    mov al, r12b
    call send
.none:
    test r15b, 15
    jnz .quiet
    mov eax, r14d
    and al, 15
    add al, 'A'
    call send
.quiet:
    mov dx, COM1 + 2
    in al, dx
    movzx eax, al
    jmp mix

send:
    mov bl, al
    mov dx, COM1 + 5
.wait:
    in al, dx
    test al, 0x20
    jz .wait
    mov al, bl
    mov dx, COM1
    out dx, al
    ret

    align 8
gdt:
    dq 0
    dq 0x00af9b000000ffff
    dq 0x00cf93000000ffff
gdt_pointer:
    dw 23
    dd gdt
idt_pointer:
    dw 0xfff
    dd IDT

    times 0xfff0 - OFF($) db 0
    bits 16
    jmp 0xf000:OFF(start)
    times 0x10000 - OFF($) db 0
