; SPDX-License-Identifier: BSD-2-Clause
;
; INT 1Ah: the count of ticks, INT 1Ch, the clock that goes on without power, and its alarm.

TICKS_OF_A_DAY  equ 0x1800b0

test_clock:
    call test_tick_count
    call test_setting
    call test_leap_day
    call test_tick_rate
    jmp test_alarm

test_tick_count:
    mov ebp, [BDA_TICKS]
.wait:
    hlt
    cmp ebp, [BDA_TICKS]
    je .wait
    mov ah, 0
    int 0x1a
    shl ecx, 16
    mov cx, dx
    sub ecx, ebp
    dec ecx
    cmp ecx, 1
    check_that "INT 1Ah: 00h, the ticks of 40:6C", be
    mov ah, 1
    mov cx, (TICKS_OF_A_DAY - 1) >> 16
    mov dx, (TICKS_OF_A_DAY - 1) & 0xffff
    int 0x1a
.midnight:
    hlt
    cmp dword [BDA_TICKS], 1000
    ja .midnight
    mov ah, 0
    int 0x1a
    check_byte "INT 1Ah: 00h, midnight has passed", al, 1
    check_word "INT 1Ah: 00h, and the count began again", cx, 0
    mov ah, 0
    int 0x1a
    check_byte "INT 1Ah: 00h, midnight is told once", al, 0
    ret

test_setting:
    call read_date
    check_that "INT 1Ah: 04h reads the date", nc
    cmp ch, 0x20
    check_that "INT 1Ah: 04h, this century", e
    mov cx, 0x2027
    mov dx, 0x1019
    call set_date
    mov cx, 0x1234
    mov dx, 0x0800
    call set_time
    call read_date
    check_word "INT 1Ah: 05h and 04h, the year", cx, 0x2027
    check_word "INT 1Ah: 05h and 04h, the day", dx, 0x1019
    call read_time
    check_that "INT 1Ah: 02h reads the time", nc
    check_word "INT 1Ah: 03h and 02h, hours and minutes", cx, 0x1234
    cmp dh, 0x09
    check_that "INT 1Ah: 03h and 02h, seconds", be
    ret

test_leap_day:
    mov cx, 0x2028
    mov dx, 0x0228
    call set_date
    mov cx, 0x2359
    mov dx, 0x5900
    call set_time
    call wait_for_second
    call read_time
    check_word "INT 1Ah: midnight, hours and minutes", cx, 0
    call read_date
    check_word "INT 1Ah: midnight, the same year", cx, 0x2028
    check_word "INT 1Ah: midnight, the day that leap years have", dx, 0x0229
    ret

; By the clock's seconds: 18.2 ticks each.
test_tick_rate:
    cli
    mov eax, [0x1c * 4]
    mov [old_tick], eax
    mov dword [0x1c * 4], tick
    sti
    call wait_for_second
    mov word [ticks], 0
    call wait_for_second
    call wait_for_second
    mov ax, [ticks]
    cli
    mov edx, [old_tick]
    mov [0x1c * 4], edx
    sti
    sub ax, 36
    cmp ax, 1
    check_that "INT 1Ch: 36 or 37 times in two seconds", be
    ret

tick:
    inc word [cs:ticks]
    iret

wait_for_second:
    call read_time
    mov bl, dh
.wait:
    hlt
    call read_time
    cmp bl, dh
    je .wait
    ret

test_alarm:
    cli
    mov eax, [0x4a * 4]
    mov [old_alarm], eax
    mov dword [0x4a * 4], alarm
    sti
    mov cx, 0x1200
    mov dx, 0
    call set_time
    mov byte [alarms], 0
    mov ah, 0x06
    mov cx, 0x1200
    mov dx, 0x0100
    int 0x1a
    check_that "INT 1Ah: 06h sets an alarm", nc
    mov ebp, [BDA_TICKS]
.wait:
    hlt
    mov eax, [BDA_TICKS]
    sub eax, ebp
    cmp eax, 40
    jbe .wait
    cmp byte [alarms], 0                ; Twice, if the clock had noted an earlier match.
    check_that "INT 4Ah: the alarm went off", ne
    mov ah, 0x07
    int 0x1a
    mov eax, [old_alarm]
    mov [0x4a * 4], eax
    ret

alarm:
    inc byte [cs:alarms]
    iret

set_time:
    mov ah, 0x03
    int 0x1a
    ret

read_time:
    mov ah, 0x02
    int 0x1a
    jc read_time                        ; The clock is being updated.
    ret

set_date:
    mov ah, 0x05
    int 0x1a
    ret

read_date:
    mov ah, 0x04
    int 0x1a
    jc read_date
    ret

old_tick:       dd 0
old_alarm:      dd 0
ticks:          dw 0
alarms:         db 0
