// SPDX-License-Identifier: BSD-2-Clause
//
// One request of a drive to its image, from the virtual time at which it was made to that at which
// it is done: computed from the request alone. Where the host cannot do it, for want of space or
// otherwise, it waits to be tried again, and the drive stays busy meanwhile.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fabric/host/block_store.hpp"
#include "fabric/time/event_queue.hpp"
#include "fabric/time/frequency.hpp"

namespace devices {

class ImageRequest {
public:
    struct State {
        bool active = false;
        bool stalled = false;  // The host could not.
        fabric::BlockOperation operation = fabric::BlockOperation::Read;
        u64 offset = 0;
        u32 length = 0;
        std::vector<u8> data;  // Of a write.

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "active", state.active);
            visit(2, "stalled", state.stalled);
            visit(3, "operation", state.operation);
            visit(4, "offset", state.offset);
            visit(5, "length", state.length);
            visit(6, "data", state.data);
        }
    };

    /// How long a request takes.
    struct Pace {
        u64 access_ns = 60'000;
        u64 bytes_per_second = 500'000'000;
    };

    enum class Outcome : u8 { Done, Failed };
    /// `data`: what a read found.
    using Done = std::function<void(Outcome outcome, std::vector<u8> data)>;
    using Trouble = std::function<void(const fabric::BlockTrouble& trouble)>;

    /// `state` is a member of the device's State. `trouble` hears of what the host could not do;
    /// the request waits for retry() or give_up().
    ImageRequest(State& state, fabric::EventQueue& events, const std::string& timer_name, Pace pace,
                 Trouble trouble, Done done);
    ~ImageRequest() { forget(); }
    ImageRequest(const ImageRequest&) = delete;
    ImageRequest& operator=(const ImageRequest&) = delete;

    /// The image that requests go to from now on. Null: there is none.
    void set_store(fabric::BlockStore* store);
    fabric::BlockStore* store() const { return store_; }

    void start(fabric::BlockOperation operation, u64 offset, u32 length, std::vector<u8> data);
    /// Nobody is told; what was written may be on the image, or not.
    void cancel();
    /// What was under way before the state was replaced.
    void forget();

    bool stalled() const { return state_.stalled; }
    void retry();
    void give_up();

private:
    void submit();
    void due();

    State& state_;
    fabric::BlockStore* store_ = nullptr;
    Pace pace_;
    Trouble trouble_;
    Done done_;
    std::optional<fabric::BlockStore::Ticket> ticket_;  // None after a restore: submitted anew.
    fabric::Timer timer_;
};

}  // namespace devices
