; SPDX-License-Identifier: BSD-2-Clause
;
; Says how checks went, and ends the run.

; EAX, EDX: what there is, and what there ought to be; CS:SI: the check's name.
check_equal:
    cmp eax, edx
    je say_ok
    push eax
    push edx
    call say_failed_name
    mov si, got
    call say
    pop edx
    pop eax
    push edx
    call say_number
    mov si, wanted
    call say
    pop eax
    call say_number
    jmp say_newline

say_failed:
    call say_failed_name
    mov si, does_not_hold
    call say
    jmp say_newline

say_failed_name:
    push si
    mov si, failed
    call say
    pop si
    jmp say

say_ok:
    push si
    mov si, ok
    call say
    pop si
    call say
say_newline:
    mov al, 10
    out DEBUG_PORT, al
    ret

; CS:SI, to a 0.
say:
    cs lodsb
    test al, al
    jz .said
    out DEBUG_PORT, al
    jmp say
.said:
    ret

; EAX, in hexadecimal.
say_number:
    mov cx, 8
.digit:
    rol eax, 4
    push ax
    and al, 15
    cmp al, 10
    sbb al, 0x69
    das
    out DEBUG_PORT, al
    pop ax
    loop .digit
    ret

finish:
    mov si, done
    call say
    mov dx, 0xf4
    mov al, 0
    out dx, al
    mov dx, 0x8900                      ; Bochs has no port F4.
    mov si, shutdown
.next:
    cs lodsb
    out dx, al
    test al, al
    jnz .next
.wait:
    cli
    hlt
    jmp .wait

ok:             db 'ok ', 0
failed:         db 'FAIL ', 0
does_not_hold:  db ': does not hold', 0
got:            db ': ', 0
wanted:         db ' instead of ', 0
done:           db 'done', 10, 0
shutdown:       db 'Shutdown', 0
