// SPDX-License-Identifier: BSD-2-Clause
//
// The only way into the machine. Everything the guest can notice that its own execution does not
// determine comes through here: keys, mouse, serial and network input, the wall clock, entropy, the
// completion of host I/O. Recording is writing down what passed and when; replaying is reading it
// back with the host side left unconnected.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/time/event_queue.hpp"

namespace fabric {

class InputJournal {
public:
    struct Entry {
        VmTime when;
        u16 port = 0;
        std::vector<u8> bytes;
        bool operator==(const Entry&) const = default;
    };

    using Deliver = std::function<void(std::span<const u8>)>;

    /// Live, and recording as it goes.
    InputJournal() = default;
    /// Replaying: posts from the host are ignored.
    explicit InputJournal(std::vector<Entry> recording)
        : replaying_(true), log_(std::move(recording)) {}

    /// Ports are numbered in the order the board adds them; the order is part of the file format.
    u16 add_port(std::string name, Deliver deliver);

    /// From any host thread.
    void post(u16 port, std::span<const u8> bytes);

    /// From the run loop, between two instructions.
    void deliver_due(VmTime now);

    /// When replaying: the instant the run loop must not run past.
    std::optional<VmTime> next_due() const;

    std::span<const Entry> log() const { return log_; }

private:
    struct Port {
        std::string name;
        Deliver deliver;
    };

    bool replaying_ = false;
    std::vector<Port> ports_;
    std::vector<Entry> log_;
    usize replayed_ = 0;

    std::mutex posted_mutex_;  // Guards posted_, the one thing host threads touch.
    std::vector<Entry> posted_;
};

}  // namespace fabric
