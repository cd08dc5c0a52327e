// SPDX-License-Identifier: BSD-2-Clause
#include "roms/bench/kernels.h"

enum {
    shape_count = 512,
    tree_depth = 11,
};

// Kept out of line, so that calls are calls.
static __attribute__((noinline, noclone, optimize("no-optimize-sibling-calls"))) u64 fib(
    unsigned n) {
    if (n < 2) return n;
    const u64 left = fib(n - 1);
    __asm__ volatile("");
    return left + fib(n - 2);
}

u64 fib_run(void) {
    volatile unsigned n = 20;
    return fib(n);
}

struct shape {
    u64 (*area)(const struct shape*);
    u32 width, height;
};

static __attribute__((noinline)) u64 rectangle(const struct shape* shape) {
    return (u64)shape->width * shape->height;
}

static __attribute__((noinline)) u64 triangle(const struct shape* shape) {
    return (u64)shape->width * shape->height / 2;
}

static __attribute__((noinline)) u64 frame(const struct shape* shape) {
    return 2 * ((u64)shape->width + shape->height);
}

static __attribute__((noinline)) u64 point(const struct shape* shape) {
    return shape->width ^ shape->height;
}

static struct shape shapes[shape_count];

void virtual_prepare(void) {
    static u64 (*const kinds[4])(const struct shape*) = {rectangle, triangle, frame, point};
    u64 random = 5;
    for (unsigned i = 0; i < shape_count; ++i) {
        const u64 dice = next_random(&random);
        shapes[i] = (struct shape){kinds[dice >> 62], (u32)dice & 1023, (u32)(dice >> 16) & 1023};
    }
}

u64 virtual_run(void) {
    u64 sum = 0;
    for (unsigned pass = 0; pass < 24; ++pass)
        for (unsigned i = 0; i < shape_count; ++i) sum += shapes[i].area(&shapes[i]);
    return sum;
}

struct node {
    struct node *left, *right;
};

static struct node nodes[1 << (tree_depth + 1)];
static struct node* free_node;

static __attribute__((noinline)) struct node* grow(unsigned depth) {
    struct node* node = free_node++;
    node->left = depth == 0 ? 0 : grow(depth - 1);
    node->right = depth == 0 ? 0 : grow(depth - 1);
    return node;
}

static __attribute__((noinline)) u64 count(const struct node* node) {
    return node->left == 0 ? 1 : 1 + count(node->left) + count(node->right);
}

u64 tree_run(void) {
    free_node = nodes;
    return count(grow(tree_depth));
}
