// SPDX-License-Identifier: BSD-2-Clause
//
// Decoded blocks, by physical address and mode: code shared by many address spaces is decoded once.
// Blocks are never moved or reused while anything may run in them; when the arena is full all go at
// once, between two runs of handlers.
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "cpu/interpreter/op.hpp"

namespace cpu::interpreter {

class BlockCache {
public:
    BlockCache();

    Block* find(u64 physical, u32 mode) const;
    /// Room for a block of this many operations; not yet findable.
    Block* allocate(usize ops);
    Exits* allocate_exits();
    const Instruction* keep(const Instruction& instruction);
    void add(Block& block);

    /// The bytes [first, first + length) have changed. True if any block lay there: it then runs no
    /// further than the operation it is in.
    bool invalidate(u64 first, u64 length, Handler abandoned);
    /// An instruction at this offset of any page is to be decoded anew.
    void invalidate_offset(u16 offset, Handler abandoned);
    bool has_code(u64 frame) const { return by_frame_.contains(frame); }

    bool nearly_full() const;
    /// Forgets every block. No handler may be running. Gives the frames that held code.
    std::vector<u64> clear();

private:
    static constexpr usize chunk_bytes = 1 << 20;
    static constexpr usize most_chunks = 96;

    struct Key {
        u64 physical;
        u32 mode;
        bool operator==(const Key&) const = default;
    };
    struct KeyHash {
        usize operator()(const Key& key) const {
            return static_cast<usize>((key.physical * 0x9e37'79b9'7f4a'7c15) ^
                                      (u64{key.mode} << 20));
        }
    };

    template <class T>
    T* allocate_array(usize count);
    static void abandon(Block& block, Handler abandoned);

    std::unordered_map<Key, Block*, KeyHash> blocks_;
    std::unordered_map<u64, std::vector<Block*>> by_frame_;
    std::vector<std::unique_ptr<u8[]>> chunks_;
    usize chunk_ = 0;
    usize used_ = 0;
};

}  // namespace cpu::interpreter
