// SPDX-License-Identifier: BSD-2-Clause
//
// A disk as a device sees it: requests are started, done by a worker thread in the order in which
// they were started, and finished by the device at a virtual time that the device computes from the
// request alone. The host's I/O runs ahead of that time; if it is late, finish() waits for it. So
// the guest sees the same whatever the host's disk does, and a recording need not hold disk data.
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "fabric/host/block_medium.hpp"
#include "fabric/support/int_types.hpp"

namespace fabric {

enum class BlockOperation : u8 { Read, Write, Flush, Discard };

struct BlockRequest {
    BlockOperation operation = BlockOperation::Read;
    u64 offset = 0;
    u64 length = 0;        // Of a read or a discard; a write is as long as its data.
    std::vector<u8> data;  // Of a write.
};

struct BlockOutcome {
    std::vector<u8> data;  // What a read found; what a write was given, for another try.
    std::optional<BlockTrouble> trouble;
};

class BlockStore {
public:
    enum class Ticket : u64 {};

    explicit BlockStore(std::unique_ptr<BlockMedium> medium);
    /// Everything started is done first: a write that the guest saw finished is never lost.
    ~BlockStore();
    BlockStore(const BlockStore&) = delete;
    BlockStore& operator=(const BlockStore&) = delete;

    u64 size() const { return size_; }
    bool read_only() const { return read_only_; }

    Ticket start(BlockRequest request);
    /// Waits for the host if need be. Each ticket is finished or forgotten, once.
    BlockOutcome finish(Ticket ticket);
    /// The request is still done; nobody wants to know.
    void forget(Ticket ticket);

    /// Until nothing is under way: before a checkpoint. The medium may then be used until the next
    /// start().
    BlockMedium& idle_medium();

private:
    struct Queued {
        u64 ticket;
        BlockRequest request;
    };

    void work();
    BlockOutcome carry_out(BlockRequest request);

    std::unique_ptr<BlockMedium> medium_;
    u64 size_;
    bool read_only_;

    std::mutex mutex_;  // Guards all below.
    std::condition_variable work_to_do_;
    std::condition_variable work_done_;
    std::deque<Queued> queue_;  // The first is being carried out while busy_.
    std::map<u64, BlockOutcome> outcomes_;
    std::set<u64> forgotten_;
    u64 tickets_ = 0;
    bool busy_ = false;
    bool ending_ = false;
    std::thread worker_;
};

}  // namespace fabric
