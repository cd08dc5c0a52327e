; SPDX-License-Identifier: BSD-2-Clause
;
; Hardware task switches by JMP, CALL, IRET, an interrupt task gate; busy bits, NT, back link, CR3, LDTR, the T
; bit, and what is checked before and after the switch. SDM 3A 7.2, 7.3.
;
;! expect: pass
;! peers: qemu bochs
;! differs: qemu "a bad DS in the new task, at" SDM 3A 7.3: the fault belongs to the new task
;! differs: qemu "data as CS in the new task, error code" SDM 3A table 7-1
;! differs: qemu "the T bit" SDM 3A 7.2.1: TCG has no debug trap on a task switch
;! differs: qemu "the T bit, at" SDM 3A 7.2.1
;! differs: qemu "DR6.BT" SDM 3B 17.2.3
%define TEST_MODE 32
%include "rom_test.inc"

%define TASK        SPARE                ; a second TSS
%define TASK_GATE   (SPARE + 8)
%define TASK_NP     (SPARE + 16)
%define TASK_SMALL  (SPARE + 24)

%define BUSY        0x200                ; in the second dword of a descriptor
%define TYPE_BITS   0xf00

%macro set_task 3 ; TSS address, EIP, EFLAGS
    mov dword [%1 + 28], 0               ; CR3
    mov dword [%1 + 32], %2
    mov dword [%1 + 36], %3
    mov dword [%1 + 56], KERNEL_STACK - 0x2000
    mov dword [%1 + 72], DATA            ; ES CS SS DS FS GS
    mov dword [%1 + 76], CODE32
    mov dword [%1 + 80], DATA
    mov dword [%1 + 84], DATA
    mov dword [%1 + 88], DATA
    mov dword [%1 + 92], 0
    mov dword [%1 + 96], 0               ; LDT
    mov dword [%1 + 100], 104 << 16
%endmacro

    bits 32
test_main:
    set_descriptor TASK, LINEAR(task_state), 103, 0x89, 0
    set_descriptor TASK_NP, LINEAR(task_state), 103, 0x09, 0
    set_descriptor TASK_SMALL, LINEAR(task_state), 102, 0x89, 0
    mov dword [gdt + TASK_GATE], TASK << 16
    mov dword [gdt + TASK_GATE + 4], 0xe500
    check_bits "LTR made the first task busy", dword [gdt + TSS + 4], TYPE_BITS, 0xb00

    ; JMP there and JMP back.
    set_task task_state, jumped_to, 0x40002
    mov dword [task_state + 40], 0x1111  ; EAX
    mov ebx, 0x2222
    jmp TASK:0
.back:
    check_equal "JMP: the new task had its EAX", dword [seen_eax], 0x1111
    check_equal "JMP: our EBX came back", ebx, 0x2222
    check_bits "JMP: the old task was not busy meanwhile", dword [seen_old], BUSY, 0
    check_bits "JMP: the new one was", dword [seen_new], BUSY, BUSY
    check_bits "JMP: NT is clear in the new task", dword [seen_flags], 0x4000, 0
    check_equal "JMP: TR", dword [seen_tr], TASK
    check_bits "back again: busy bits changed places", dword [gdt + TASK + 4], BUSY, 0
    check_equal "EIP was saved in the old task", dword [tss + 32], .back
    mov eax, cr0
    check_bits "CR0.TS is set by a switch", eax, 8, 8
    clts

    ; CALL there and IRET back.
    set_task task_state, called, 2
    call TASK:0
    check_bits "CALL: NT is set in the new task", dword [seen_flags], 0x4000, 0x4000
    check_equal "CALL: back link", dword [seen_link], TSS
    check_bits "CALL: the old task stays busy", dword [seen_old], BUSY, BUSY
    check_bits "IRET: the nested task is not busy any more", dword [gdt + TASK + 4], BUSY, 0
    pushfd
    pop eax
    check_bits "IRET: NT is clear here", eax, 0x4000, 0

    ; The nested task goes on behind its IRET when called again.
    call TASK:0
    check_equal "CALL: the task went on where it left", dword [seen_again], 1

    ; Through a task gate in the GDT, and in the IDT.
    set_task task_state, called, 2
    mov dword [seen_link], 0
    call TASK_GATE:0
    check_equal "a task gate", dword [seen_link], TSS
    mov eax, [IDT32 + 0x50 * 8]
    mov edx, [IDT32 + 0x50 * 8 + 4]
    mov dword [IDT32 + 0x50 * 8], TASK << 16
    mov dword [IDT32 + 0x50 * 8 + 4], 0xe500
    set_task task_state, called, 2
    mov dword [seen_link], 0
    int 0x50
    check_equal "a task gate for an interrupt", dword [seen_link], TSS

    ; A fault through a task gate pushes its error code on the new task's stack.
    mov ebx, [IDT32 + GP * 8]
    mov ecx, [IDT32 + GP * 8 + 4]
    mov dword [IDT32 + GP * 8], TASK << 16
    mov dword [IDT32 + GP * 8 + 4], 0xe500
    set_task task_state, faulted, 2
    mov eax, 0x1000
.faulting:
    mov fs, eax
.behind:
    mov [IDT32 + GP * 8], ebx
    mov [IDT32 + GP * 8 + 4], ecx
    check_equal "a fault by a task gate: the error code", dword [seen_error], 0x1000
    check_equal "the faulting EIP was saved", dword [seen_old_ip], .faulting

    ; What is refused before the switch.
    try
    jmp TASK_NP:0
    caught "a task that is not present", NP, TASK_NP
    try
    jmp TASK_SMALL:0
    caught "a TSS that is too small", TS, TASK_SMALL
    try
    jmp TSS:0
    caught "a task that is busy", GP, TSS
    try
    enter_user .user
.user:
    jmp TASK:0
    caught "ring 0's TSS from ring 3", GP, TASK

    ; What is refused within the new task: the fault is the new task's.
    set_task task_state, called, 2
    mov dword [task_state + 84], 0x1000  ; DS
    try
    jmp TASK:0
    caught "a bad DS in the new task", TS, 0x1000, called
    str eax
    check_equal "by then the switch is done", eax, TASK
    set_task tss, .recovered, 2
    mov dword [tss + 56], KERNEL_STACK
    jmp TSS:0
.recovered:
    clts

    set_task task_state, called, 2
    mov dword [task_state + 76], DATA    ; CS
    try
    jmp TASK:0
    caught "data as CS in the new task", TS, DATA
    set_task tss, .recovered2, 2
    mov dword [tss + 56], KERNEL_STACK
    jmp TSS:0
.recovered2:
    clts

    ; The T bit: #DB with DR6.BT before the first instruction.
    set_task task_state, called, 2
    mov byte [task_state + 100], 1
    xor eax, eax
    mov dr6, eax
    try
    jmp TASK:0
    caught "the T bit", DB, none, called
    check_bits "DR6.BT", dword [exc_dr6], 0x8000, 0x8000
    finish

jumped_to:
    mov [seen_eax], eax
    pushfd
    pop dword [seen_flags]
    mov eax, [gdt + TSS + 4]
    mov [seen_old], eax
    mov eax, [gdt + TASK + 4]
    mov [seen_new], eax
    xor eax, eax
    str ax
    mov [seen_tr], eax
    jmp TSS:0

called:
    pushfd
    pop dword [seen_flags]
    movzx eax, word [task_state]
    mov [seen_link], eax
    mov eax, [gdt + TSS + 4]
    mov [seen_old], eax
    iretd
    mov dword [seen_again], 1
    iretd

faulted:
    pop dword [seen_error]
    mov eax, [tss + 32]
    mov [seen_old_ip], eax
    mov dword [tss + 32], test_main.behind
    iretd

    align 16
task_state: times 104 db 0
seen_eax: dd 0
seen_flags: dd 0
seen_old: dd 0
seen_new: dd 0
seen_tr: dd 0
seen_link: dd 0
seen_again: dd 0
seen_error: dd 0
seen_old_ip: dd 0
    test_end
