// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/interpreter/block_cache.hpp"

#include <algorithm>
#include <new>
#include <span>

#include "fabric/support/verify.hpp"

namespace cpu::interpreter {

BlockCache::BlockCache() { chunks_.push_back(std::make_unique<u8[]>(chunk_bytes)); }

template <class T>
T* BlockCache::allocate_array(usize count) {
    const usize bytes = (count * sizeof(T) + 31) & ~usize{31};
    VERIFY(bytes <= chunk_bytes);
    if (used_ + bytes > chunk_bytes) {
        ++chunk_;
        used_ = 0;
        if (chunk_ == chunks_.size()) chunks_.push_back(std::make_unique<u8[]>(chunk_bytes));
    }
    u8* place = chunks_[chunk_].get() + used_;
    used_ += bytes;
    T* first = reinterpret_cast<T*>(place);
    for (usize i = 0; i < count; ++i) new (first + i) T{};
    return first;
}

Block* BlockCache::find(u64 physical, u32 mode) const {
    const auto found = blocks_.find({physical, mode});
    return found == blocks_.end() ? nullptr : found->second;
}

Block* BlockCache::allocate(usize ops) {
    Block* block = allocate_array<Block>(1);
    block->ops = allocate_array<Op>(ops);
    block->op_count = static_cast<u16>(ops);
    return block;
}

Exits* BlockCache::allocate_exits() { return allocate_array<Exits>(1); }

const Instruction* BlockCache::keep(const Instruction& instruction) {
    Instruction* kept = allocate_array<Instruction>(1);
    *kept = instruction;
    return kept;
}

void BlockCache::add(Block& block) {
    blocks_[{block.physical, block.mode}] = &block;
    by_frame_[block.physical >> 12].push_back(&block);
}

bool BlockCache::invalidate(u64 first, u64 length, Handler abandoned) {
    bool any = false;
    const auto in_frame = [&](auto found) {
        std::erase_if(found->second, [&](Block* block) {
            const u64 begin = block->physical;
            if (begin >= first + length || begin + block->length <= first) return false;
            abandon(*block, abandoned);
            blocks_.erase({block->physical, block->mode});
            any = true;
            return true;
        });
        return found->second.empty() ? by_frame_.erase(found) : std::next(found);
    };
    const u64 frames = ((first + length - 1) >> 12) - (first >> 12) + 1;
    if (frames > by_frame_.size()) {
        for (auto each = by_frame_.begin(); each != by_frame_.end();) each = in_frame(each);
        return any;
    }
    for (u64 frame = first >> 12; frame < (first >> 12) + frames; ++frame) {
        const auto found = by_frame_.find(frame);
        if (found != by_frame_.end()) in_frame(found);
    }
    return any;
}

void BlockCache::invalidate_offset(u16 offset, Handler abandoned) {
    for (auto& [frame, blocks] : by_frame_) {
        std::erase_if(blocks, [&](Block* block) {
            if (offset < block->offset || offset >= block->offset + block->length) return false;
            abandon(*block, abandoned);
            blocks_.erase({block->physical, block->mode});
            return true;
        });
    }
    // Its frame stays marked as one with code until something is written to it.
    std::erase_if(by_frame_, [](const auto& each) { return each.second.empty(); });
}

void BlockCache::abandon(Block& block, Handler abandoned) {
    block.count = Block::abandoned;
    for (Op& op : std::span(block.ops, block.op_count)) op.handler = abandoned;
}

bool BlockCache::nearly_full() const { return chunk_ + 1 >= most_chunks; }

std::vector<u64> BlockCache::clear() {
    std::vector<u64> frames;
    for (const auto& [frame, blocks] : by_frame_) frames.push_back(frame);
    std::sort(frames.begin(), frames.end());
    blocks_.clear();
    by_frame_.clear();
    chunk_ = 0;
    used_ = 0;
    return frames;
}

}  // namespace cpu::interpreter
