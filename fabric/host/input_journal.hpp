// SPDX-License-Identifier: BSD-2-Clause
//
// The only way into the machine. Everything the guest can notice that its own execution does not
// determine comes through here: keys, mouse, serial and network input, the wall clock, entropy, the
// completion of host I/O. Recording is writing down what passed and when; replaying is reading it
// back with the host side left unconnected.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"
#include "fabric/time/vm_time.hpp"

namespace fabric {

class Trace;

class InputJournal {
public:
    struct Entry {
        VmInstant when;
        u16 port = 0;
        std::vector<u8> bytes;
        bool operator==(const Entry&) const = default;
    };

    /// What a recording is: enough to refuse to replay it into another machine.
    struct Recording {
        std::string machine;  // What was recorded, in its owner's words.
        std::vector<std::string> ports;
        std::vector<Entry> entries;
        VmInstant end;  // How far the recorded run came.
        bool operator==(const Recording&) const = default;
    };

    using Deliver = std::function<void(std::span<const u8>)>;

    /// Live, and recording as it goes.
    InputJournal() = default;
    /// Replaying: posts from the host are ignored.
    explicit InputJournal(Recording recording);

    /// Ports are numbered in the order the board adds them; the order is part of the file format.
    u16 add_port(std::string name, Deliver deliver);

    /// When replaying, after the last add_port(): is the recording one of this machine, with these
    /// ports?
    Result<> check_fits(const std::string& machine) const;

    /// From any host thread.
    void post(u16 port, std::span<const u8> bytes);
    /// Is there anything for deliver_due() to look at? Cheap; from any thread.
    bool has_posts() const { return has_posts_.load(std::memory_order_acquire); }
    /// Sleeps until something is posted, or so long. For a machine that waits for input only.
    void wait_for_post(u64 longest_ns);

    /// From the run loop, between two instructions.
    void deliver_due(VmInstant now);

    /// When replaying: the run will never be at the instant of the next entry, which is handed over
    /// now; the run has diverged.
    void deliver_misplaced(VmInstant now);

    /// When replaying: the instant the run loop must not run past.
    std::optional<VmInstant> next_due() const;

    bool replaying() const { return replaying_; }
    /// When replaying: an entry was handed over at another instant than the recorded one, so the
    /// run is no longer the one that was recorded.
    bool diverged() const { return diverged_; }

    std::span<const Entry> log() const { return log_; }
    Recording recording(std::string machine, VmInstant end) const;

    /// What is handed over is traced under the port's name.
    void set_trace(Trace& trace) { trace_ = &trace; }
    std::vector<std::string> port_names() const;

private:
    struct Port {
        std::string name;
        Deliver deliver;
    };

    void hand_over(const Entry& entry);

    bool replaying_ = false;
    bool diverged_ = false;
    std::vector<Port> ports_;
    std::string recorded_machine_;
    std::vector<std::string> recorded_ports_;
    std::vector<Entry> log_;
    usize replayed_ = 0;
    Trace* trace_ = nullptr;

    std::mutex posted_mutex_;  // Guards posted_, the one thing host threads touch.
    std::condition_variable posted_signal_;
    std::vector<Entry> posted_;
    std::atomic<bool> has_posts_ = false;
};

}  // namespace fabric
