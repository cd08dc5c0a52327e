// SPDX-License-Identifier: BSD-2-Clause
#include "roms/bench/kernels.h"

enum {
    sort_count = 6000,
    text_size = 64 * 1024,
};

static u32 numbers[sort_count];

static void sort(u32* first, u32* last) {
    while (last - first > 8) {
        const u32 pivot = first[(last - first) / 2];
        u32 *left = first, *right = last - 1;
        while (left <= right) {
            while (*left < pivot) ++left;
            while (*right > pivot) --right;
            if (left <= right) {
                const u32 kept = *left;
                *left++ = *right;
                *right-- = kept;
            }
        }
        sort(left, last);
        last = right + 1;
    }
    for (u32* end = first + 1; end < last; ++end) {
        const u32 value = *end;
        u32* slot = end;
        for (; slot > first && slot[-1] > value; --slot) *slot = slot[-1];
        *slot = value;
    }
}

u64 qsort_run(void) {
    u64 random = 3;
    for (unsigned i = 0; i < sort_count; ++i) numbers[i] = (u32)(next_random(&random) >> 32);
    sort(numbers, numbers + sort_count);
    u64 checksum = 0;
    for (unsigned i = 1; i < sort_count; ++i)
        checksum += numbers[i - 1] <= numbers[i] ? numbers[i] ^ i : 1ull << 63;
    return checksum;
}

u64 collatz_run(void) {
    u64 longest = 0;
    for (u64 start = 1; start < 6000; ++start) {
        u64 steps = 0;
        for (u64 n = start; n != 1; ++steps) n = n & 1 ? 3 * n + 1 : n / 2;
        if (steps > longest >> 32) longest = steps << 32 | start;
    }
    return longest;
}

// A stack machine that counts primes by trial division.
enum opcode {
    op_push,
    op_load,
    op_store,
    op_add,
    op_multiply,
    op_modulo,
    op_less,
    op_jump_zero,
    op_jump,
    op_halt
};

struct instruction {
    u8 opcode;
    u8 operand;
};

enum variable { candidate, divisor, found, limit };

// clang-format off
static const struct instruction program[] = {
    {op_push, 2},       {op_store, candidate},                    // 0
    {op_load, candidate}, {op_load, limit}, {op_less, 0}, {op_jump_zero, 31},        // 2
    {op_push, 2},       {op_store, divisor},                      // 6
    {op_load, candidate}, {op_load, divisor}, {op_load, divisor}, {op_multiply, 0},  // 8
    {op_less, 0},       {op_jump_zero, 17},                       // 12: c < d*d: prime
    {op_jump, 22},      {op_halt, 0},         {op_halt, 0},       // 14
    {op_load, candidate}, {op_load, divisor}, {op_modulo, 0}, {op_jump_zero, 26},    // 17
    {op_jump, 32},                                                // 21: try the next divisor
    {op_load, found},   {op_push, 1}, {op_add, 0}, {op_store, found},                // 22
    {op_load, candidate}, {op_push, 1}, {op_add, 0}, {op_store, candidate},          // 26
    {op_jump, 2},       {op_halt, 0},                             // 30
    {op_load, divisor}, {op_push, 1}, {op_add, 0}, {op_store, divisor},              // 32
    {op_jump, 8},                                                 // 36
};
// clang-format on

static u64 interpret(const struct instruction* code, u64* variables) {
    u64 stack[16];
    u64* top = stack;
    for (const struct instruction* at = code;;) {
        const struct instruction now = *at++;
        switch ((enum opcode)now.opcode) {
            case op_push: *top++ = now.operand; break;
            case op_load: *top++ = variables[now.operand]; break;
            case op_store: variables[now.operand] = *--top; break;
            case op_add:
                --top;
                top[-1] += *top;
                break;
            case op_multiply:
                --top;
                top[-1] *= *top;
                break;
            case op_modulo:
                --top;
                top[-1] = (u32)top[-1] % (u32)*top;
                break;
            case op_less:
                --top;
                top[-1] = top[-1] < *top;
                break;
            case op_jump_zero:
                if (*--top == 0) at = code + now.operand;
                break;
            case op_jump: at = code + now.operand; break;
            case op_halt: return variables[found];
        }
    }
}

u64 vm_run(void) {
    u64 variables[4] = {0, 0, 0, 1500};
    return interpret(program, variables);
}

// LZ with byte-aligned tokens: 0LLLLLLL literals, 1LLLLLLL + 16-bit distance: a copy of L + 3
// bytes.
static u8 packed[text_size + text_size / 64];
static u8 text[text_size];
static unsigned packed_size;

static unsigned match_length(const u8* left, const u8* right, unsigned most) {
    unsigned length = 0;
    while (length < most && left[length] == right[length]) ++length;
    return length;
}

static void emit_literals(const u8* from, unsigned count) {
    while (count > 0) {
        const unsigned chunk = count < 127 ? count : 127;
        packed[packed_size++] = (u8)chunk;
        for (unsigned i = 0; i < chunk; ++i) packed[packed_size++] = *from++;
        count -= chunk;
    }
}

static void compress(void) {
    static u32 recent[4096];
    for (unsigned i = 0; i < 4096; ++i) recent[i] = 0;
    packed_size = 0;
    unsigned at = 0, literals = 0;
    while (at + 3 < text_size) {
        const u32 key = (u32)text[at] | (u32)text[at + 1] << 8 | (u32)text[at + 2] << 16;
        u32* slot = &recent[key * 2654435761u >> 20];
        const unsigned candidate_at = *slot;
        *slot = at + 1;
        const unsigned most = text_size - at < 130 ? text_size - at : 130;
        const unsigned length =
            candidate_at == 0 ? 0 : match_length(text + candidate_at - 1, text + at, most);
        if (length < 4) {
            ++at, ++literals;
            continue;
        }
        emit_literals(text + at - literals, literals);
        const unsigned distance = at - (candidate_at - 1);
        packed[packed_size++] = (u8)(0x80 | (length - 3));
        packed[packed_size++] = (u8)distance;
        packed[packed_size++] = (u8)(distance >> 8);
        at += length, literals = 0;
    }
    literals += text_size - at;
    emit_literals(text + text_size - literals, literals);
}

void lz_prepare(void) {
    static const char words[16][9] = {
        "the ",    "machine ", "guest ",  "page ", "of ",     "a ",      "fault ", "at ",
        "vector ", "reads ",   "writes ", "port ", "memory ", "returns", "\n",     "and "};
    u64 random = 4;
    for (unsigned at = 0; at < text_size;) {
        const u64 dice = next_random(&random) >> 32;
        const char* word = words[dice % 16];
        while (*word && at < text_size) text[at++] = (u8)*word++;
        if ((dice >> 8 & 7) == 0 && at < text_size) text[at++] = (u8)(dice >> 16);
    }
    compress();
}

u64 lz_run(void) {
    const u8* from = packed;
    const u8* end = packed + packed_size;
    u8* to = text;
    while (from < end) {
        const unsigned token = *from++;
        if (token < 0x80) {
            for (unsigned i = 0; i < token; ++i) *to++ = *from++;
            continue;
        }
        const unsigned distance = from[0] | (unsigned)from[1] << 8;
        from += 2;
        for (unsigned i = 0; i < token - 0x80 + 3; ++i, ++to) *to = to[-(long)distance];
    }
    u64 checksum = (u64)(to - text) << 32 | packed_size;
    for (unsigned i = 0; i < text_size; i += 61) checksum = mix(checksum, text[i]);
    return checksum;
}
