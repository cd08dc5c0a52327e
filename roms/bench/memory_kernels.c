// SPDX-License-Identifier: BSD-2-Clause
#include "roms/bench/kernels.h"

enum {
    link_count = 512 * 1024 / 64,  // a cache line each: a second-level cache's worth, on 128 pages
    bucket_count = 1 << 16,
    record_count = 256,
    copy_words = 256 * 1024 / 8,
};

struct link {
    struct link* next;
    u64 value;
    u64 padding[6];
};

static struct link links[link_count];

void chase_prepare(void) {
    static u32 order[link_count];
    u64 random = 6;
    for (u32 i = 0; i < link_count; ++i) order[i] = i;
    for (u32 i = link_count - 1; i > 0; --i) {
        const u32 other = (u32)(next_random(&random) % (i + 1));
        const u32 kept = order[i];
        order[i] = order[other];
        order[other] = kept;
    }
    for (u32 i = 0; i < link_count; ++i) {
        links[order[i]].next = &links[order[(i + 1) % link_count]];
        links[order[i]].value = i;
    }
}

u64 chase_run(void) {
    const struct link* at = links;
    u64 sum = 0;
    for (unsigned i = 0; i < 20000; ++i) {
        sum = sum * 3 + at->value;
        at = at->next;
    }
    return sum;
}

// Open addressing, 1 MiB: insert, find, erase by overwriting.
static struct bucket { u64 key, value; } buckets[bucket_count];

static struct bucket* find(u64 key) {
    u64 slot = key * 0x9e3779b97f4a7c15ull >> 48;
    while (buckets[slot].key != 0 && buckets[slot].key != key) slot = (slot + 1) % bucket_count;
    return &buckets[slot];
}

u64 hash_run(void) {
    u64 random = 7;
    for (unsigned i = 0; i < 4000; ++i) {
        const u64 key = next_random(&random) | 1;
        *find(key) = (struct bucket){key, i};
    }
    u64 sum = 0;
    random = 7;
    for (unsigned i = 0; i < 4000; ++i) {
        const u64 key = next_random(&random) | 1;
        sum += find(key)->value ^ find(key + 2)->value;
    }
    random = 7;
    for (unsigned i = 0; i < 4000; ++i) find(next_random(&random) | 1)->value = 0;
    return sum;
}

struct record {
    u64 key;
    u32 size, flags;
    u16 kind, state;
    u32 owner;
    u64 stamps[5];
};

static struct record records[record_count], sorted[record_count];

void structs_prepare(void) {
    u64 random = 8;
    for (unsigned i = 0; i < record_count; ++i) {
        const u64 dice = next_random(&random);
        records[i] = (struct record){dice,
                                     (u32)dice,
                                     (u32)(dice >> 7),
                                     (u16)dice,
                                     (u16)(dice >> 9),
                                     (u32)(dice >> 21),
                                     {i, dice, dice * 3, dice * 5, dice * 7}};
    }
}

static __attribute__((noinline)) void touch(struct record* record, unsigned by) {
    record->size += by;
    record->state = (u16)(record->kind ^ by);
    record->flags |= record->owner & by;
    record->stamps[by % 5] += record->key;
}

u64 structs_run(void) {
    u64 sum = 0;
    for (unsigned pass = 0; pass < 12; ++pass) {
        for (unsigned i = 0; i < record_count; ++i) {
            sorted[i * 37 % record_count] = records[i];
            touch(&sorted[i * 37 % record_count], pass);
        }
        for (unsigned i = 0; i < record_count; ++i)
            sum += sorted[i].stamps[pass % 5] + sorted[i].state + sorted[i].flags;
    }
    return sum;
}

// On 2 MiB pages.
static __attribute__((section(".bss.large_pages"))) u64 copy_from[copy_words];
static __attribute__((section(".bss.large_pages"))) u64 copy_to[copy_words];

void copy_u64_prepare(void) {
    u64 random = 9;
    for (unsigned i = 0; i < copy_words; ++i) copy_from[i] = next_random(&random);
}

u64 copy_u64_run(void) {
    for (unsigned i = 0; i < copy_words; ++i) copy_to[i] = copy_from[i];
    return mix(copy_to[1], copy_to[copy_words - 1]);
}
