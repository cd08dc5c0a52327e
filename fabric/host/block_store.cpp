// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/block_store.hpp"

#include <utility>

#include "fabric/support/verify.hpp"

namespace fabric {

BlockStore::BlockStore(std::unique_ptr<BlockMedium> medium)
    : medium_(std::move(medium)),
      size_(medium_->size()),
      read_only_(medium_->read_only()),
      worker_([this] { work(); }) {}

BlockStore::~BlockStore() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    work_to_do_.notify_one();
    worker_.join();
}

BlockStore::Ticket BlockStore::start(BlockRequest request) {
    u64 ticket = 0;
    {
        const std::lock_guard lock(mutex_);
        ticket = ++tickets_;
        queue_.push_back({ticket, std::move(request)});
    }
    work_to_do_.notify_one();
    return Ticket{ticket};
}

BlockOutcome BlockStore::finish(Ticket ticket) {
    std::unique_lock lock(mutex_);
    const u64 wanted = static_cast<u64>(ticket);
    VERIFY(wanted != 0 && wanted <= tickets_);
    work_done_.wait(lock, [&] { return outcomes_.contains(wanted); });
    return std::move(outcomes_.extract(wanted).mapped());
}

void BlockStore::forget(Ticket ticket) {
    const std::lock_guard lock(mutex_);
    const u64 unwanted = static_cast<u64>(ticket);
    if (outcomes_.erase(unwanted) == 0) forgotten_.insert(unwanted);
}

BlockMedium& BlockStore::idle_medium() {
    std::unique_lock lock(mutex_);
    work_done_.wait(lock, [this] { return queue_.empty() && !busy_; });
    return *medium_;
}

void BlockStore::work() {
    std::unique_lock lock(mutex_);
    while (true) {
        work_to_do_.wait(lock, [this] { return ending_ || !queue_.empty(); });
        if (queue_.empty()) return;
        Queued next = std::move(queue_.front());
        queue_.pop_front();
        busy_ = true;
        lock.unlock();
        BlockOutcome outcome = carry_out(std::move(next.request));
        lock.lock();
        busy_ = false;
        if (forgotten_.erase(next.ticket) == 0) outcomes_.emplace(next.ticket, std::move(outcome));
        work_done_.notify_all();
    }
}

BlockOutcome BlockStore::carry_out(BlockRequest request) {
    BlockOutcome outcome{.data = std::move(request.data), .trouble = {}};
    const u64 length =
        request.operation == BlockOperation::Write ? outcome.data.size() : request.length;
    // A device checks what its guest asks for; what a checkpoint says it had asked for, we check.
    if (request.offset > size_ || length > size_ - request.offset) {
        outcome.trouble = BlockTrouble{BlockTrouble::Kind::HostFailed,
                                       medium_->name() + ": a request beyond its end"};
        return outcome;
    }
    switch (request.operation) {
        case BlockOperation::Read:
            outcome.data.resize(length);
            outcome.trouble = medium_->read(request.offset, outcome.data);
            break;
        case BlockOperation::Write:
            outcome.trouble = medium_->write(request.offset, outcome.data);
            break;
        case BlockOperation::Flush: outcome.trouble = medium_->flush(); break;
        case BlockOperation::Discard:
            outcome.trouble = medium_->discard(request.offset, request.length);
            break;
    }
    return outcome;
}

}  // namespace fabric
