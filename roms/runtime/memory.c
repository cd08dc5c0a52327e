// SPDX-License-Identifier: BSD-2-Clause
//
// The four functions GCC may call in freestanding code. Linked into native builds of the same
// kernels too, so that every place runs the same instructions.
#include <stddef.h>

void* memcpy(void* restrict to, const void* restrict from, size_t size) {
    char* target = to;
    const char* source = from;
    for (; size >= 8; size -= 8, target += 8, source += 8)
        *(unsigned long __attribute__((may_alias, aligned(1)))*)target =
            *(const unsigned long __attribute__((may_alias, aligned(1)))*)source;
    while (size-- > 0) *target++ = *source++;
    return to;
}

void* memmove(void* to, const void* from, size_t size) {
    char* target = to;
    const char* source = from;
    if (target <= source || target >= source + size) return memcpy(to, from, size);
    while (size-- > 0) target[size] = source[size];
    return to;
}

void* memset(void* to, int value, size_t size) {
    char* target = to;
    while (size-- > 0) *target++ = (char)value;
    return to;
}

int memcmp(const void* left, const void* right, size_t size) {
    const unsigned char* a = left;
    const unsigned char* b = right;
    for (; size-- > 0; ++a, ++b)
        if (*a != *b) return *a < *b ? -1 : 1;
    return 0;
}
