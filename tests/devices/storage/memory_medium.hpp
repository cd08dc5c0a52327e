// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include "fabric/host/block_medium.hpp"

namespace test {

/// A disk in memory; full, broken or read-only where a test says so.
struct MemoryMedium final : fabric::BlockMedium {
    explicit MemoryMedium(u64 bytes, bool is_read_only = false)
        : contents(bytes), read_only_(is_read_only) {
        for (u64 i = 0; i < bytes; ++i) contents[i] = static_cast<u8>(i / 512 * 7 + i);
    }

    u64 size() const override { return contents.size(); }
    bool read_only() const override { return read_only_; }
    const std::string& name() const override { return label; }

    std::optional<fabric::BlockTrouble> read(u64 offset, std::span<u8> into) override {
        if (broken) return fabric::BlockTrouble{fabric::BlockTrouble::Kind::HostFailed, "broken"};
        std::copy_n(contents.begin() + static_cast<i64>(offset), into.size(), into.begin());
        return std::nullopt;
    }
    std::optional<fabric::BlockTrouble> write(u64 offset, std::span<const u8> from) override {
        if (full) return fabric::BlockTrouble{fabric::BlockTrouble::Kind::HostFull, "full"};
        std::copy(from.begin(), from.end(), contents.begin() + static_cast<i64>(offset));
        return std::nullopt;
    }
    std::optional<fabric::BlockTrouble> flush() override {
        ++flushes;
        return std::nullopt;
    }
    std::optional<fabric::BlockTrouble> discard(u64 offset, u64 length) override {
        std::fill_n(contents.begin() + static_cast<i64>(offset), length, u8{0});
        return std::nullopt;
    }

    std::vector<u8> contents;
    std::string label = "memory";
    std::atomic<bool> full = false;
    std::atomic<bool> broken = false;
    std::atomic<int> flushes = 0;

private:
    bool read_only_;
};

}  // namespace test
