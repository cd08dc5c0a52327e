; SPDX-License-Identifier: BSD-2-Clause
;
; Option ROM "linuxboot": boots the Linux kernel that the machine hands over through fw_cfg.
;
; The machine has chosen all addresses and filled in the kernel's setup header (machine/board/
; direct_boot.cpp). Here the four blobs are copied by fw_cfg's DMA, which reaches all of memory from
; real mode, and the kernel is entered at its real-mode entry as the boot protocol says
; (Documentation/x86/boot.rst, "Running the Kernel").

    bits 16
    org 0

rom_size            equ 512
stack_top           equ 0x7c00

; In segment 0: conventional memory that nobody uses while the system is being loaded.
dma_control         equ 0x7000
dma_length          equ 0x7004
dma_address         equ 0x7008          ; 64 bits. All three are big-endian.
value               equ 0x7010
setup_address       equ 0x7014

dma_low             equ 0x518
control_error       equ 1 << 0
control_read        equ 1 << 1
control_select      equ 1 << 3

key_kernel_address  equ 0x07
key_kernel_size     equ 0x08
key_initrd_address  equ 0x0a
key_initrd_size     equ 0x0b
key_kernel_data     equ 0x11
key_initrd_data     equ 0x12
key_cmdline_address equ 0x13
key_cmdline_size    equ 0x14
key_cmdline_data    equ 0x15
key_setup_address   equ 0x16
key_setup_size      equ 0x17
key_setup_data      equ 0x18

start:
    dw 0xaa55
    db rom_size / 512
    jmp near initialize
    times 0x1a - ($ - start) db 0
    dw pnp_header

; Expansion header (Plug and Play BIOS Specification 1.0a, 3.2).
    align 16, db 0
pnp_header:
    db '$PnP', 1, 2
    dw 0
    db 0
    db -(0x24 + 'P' + 'n' + 'P' + 1 + 2 + manufacturer - start + product - start + 2 + 0x80 + 0x04 \
         + boot - start) & 0xff         ; No offset is beyond FFh: each is the sum of its bytes.
    dd 0
    dw manufacturer
    dw product
    db 2, 0x80, 0                       ; Mass storage, other.
    db 0x04                             ; Something to load the system from.
    dw 0, 0                             ; No connection vectors:
    dw boot                             ; a bootstrap entry vector.
    dw 0, 0

manufacturer:   db 'Satori', 0
product:        db 'Linux kernel of the machine', 0

initialize:
    mov ax, 0x20                        ; There is something to boot from (3.3).
    retf

boot:
    cli
    cld
    xor ax, ax
    mov ds, ax
    mov ss, ax
    mov sp, stack_top
    sti

    mov bp, setup_items
    call load
    mov [setup_address], edi
    mov bp, cmdline_items
    call load
    mov bp, kernel_items
    call load
    mov bp, initrd_items
    call load

    ; All segments at the setup code; its stack ends where the command line begins.
    mov eax, [setup_address]
    shr eax, 4
    cli
    mov ds, ax
    mov es, ax
    mov fs, ax
    mov gs, ax
    mov ss, ax
    mov sp, 0xfff0
    add ax, 0x20
    push ax
    push word 0
    retf

; Copies a blob, given CS:BP -> the keys of its address, its size, its data. EDI: where to.
load:
    mov cx, [cs:bp]
    call read_value
    mov edi, eax
    mov cx, [cs:bp + 2]
    call read_value
    test eax, eax
    jz .nothing
    mov cx, [cs:bp + 4]
    jmp copy
.nothing:
    ret

; EAX = the value of item CX.
read_value:
    push edi
    mov edi, value
    mov eax, 4
    call copy
    mov eax, [value]
    pop edi
    ret

; Copies EAX bytes of item CX to the physical address EDI. The transfer is over when OUT is.
copy:
    mov edx, edi
    bswap eax
    mov [dma_length], eax
    bswap edx
    mov dword [dma_address], 0
    mov [dma_address + 4], edx
    xchg cl, ch
    mov [dma_control], cx
    mov word [dma_control + 2], (control_read | control_select) << 8
    mov eax, dma_control
    bswap eax
    mov dx, dma_low
    out dx, eax
    test byte [dma_control + 3], control_error
    jnz failed
    ret

failed:
    mov si, message
.next:
    mov al, [cs:si]
    inc si
    test al, al
    jz .told
    mov ah, 0x0e
    mov bx, 7
    int 0x10
    jmp .next
.told:
    int 0x18                            ; The next boot device's turn.
    hlt
    jmp .told

setup_items:    dw key_setup_address, key_setup_size, key_setup_data
cmdline_items:  dw key_cmdline_address, key_cmdline_size, key_cmdline_data
kernel_items:   dw key_kernel_address, key_kernel_size, key_kernel_data
initrd_items:   dw key_initrd_address, key_initrd_size, key_initrd_data

message:        db 13, 10, 'linuxboot: the kernel or initrd does not fit into memory', 13, 10, 0

    times rom_size - 1 - ($ - start) db 0
    db 0                                ; For the check sum, which whoever loads the ROM fills in.

