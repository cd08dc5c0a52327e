// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/input_journal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "fabric/support/verify.hpp"
#include "fabric/trace/trace.hpp"

namespace fabric {

namespace {

/// For people: "68 65 6c 6c 6f ..."
std::string first_bytes(std::span<const u8> bytes) {
    constexpr usize shown = 16;
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const u8 byte : bytes.first(std::min(bytes.size(), shown))) {
        if (!text.empty()) text += ' ';
        text += digits[byte >> 4];
        text += digits[byte & 15];
    }
    if (bytes.size() > shown) text += " ...";
    return text;
}

}  // namespace

InputJournal::InputJournal(Recording recording)
    : replaying_(true),
      recorded_machine_(std::move(recording.machine)),
      recorded_ports_(std::move(recording.ports)),
      log_(std::move(recording.entries)) {}

u16 InputJournal::add_port(std::string name, Deliver deliver) {
    VERIFY(ports_.size() < 0xffff);
    ports_.push_back({std::move(name), std::move(deliver)});
    return static_cast<u16>(ports_.size() - 1);
}

Result<> InputJournal::check_fits(const std::string& machine) const {
    if (!replaying_) return {};
    if (recorded_machine_ != machine) {
        return Error{"the recording is of another machine: " + recorded_machine_ +
                     "; this one is " + machine};
    }
    for (usize i = 0; i < std::max(ports_.size(), recorded_ports_.size()); ++i) {
        const std::string here = i < ports_.size() ? ports_[i].name : "none";
        const std::string there = i < recorded_ports_.size() ? recorded_ports_[i] : "none";
        if (here != there) {
            return Error{fmt::format(
                "the recording is of another machine: its input port {} is '{}', this machine's is "
                "'{}'",
                i, there, here)};
        }
    }
    for (const Entry& entry : log_) {
        if (entry.port >= ports_.size()) {
            return Error{"the recording has input for port " + std::to_string(entry.port) +
                         "; there are " + std::to_string(ports_.size())};
        }
    }
    return {};
}

void InputJournal::post(u16 port, std::span<const u8> bytes) {
    if (replaying_) return;
    VERIFY(port < ports_.size());
    {
        const std::lock_guard lock(posted_mutex_);
        posted_.push_back({.port = port, .bytes = {bytes.begin(), bytes.end()}});
        has_posts_.store(true, std::memory_order_release);
    }
    posted_signal_.notify_one();
}

void InputJournal::wait_for_post(u64 longest_ns) {
    std::unique_lock lock(posted_mutex_);
    posted_signal_.wait_for(lock, std::chrono::nanoseconds(longest_ns),
                            [this] { return !posted_.empty(); });
}

void InputJournal::deliver_due(VmInstant now) {
    if (replaying_) {
        while (replayed_ < log_.size() && now.reached(log_[replayed_].when)) {
            const Entry& entry = log_[replayed_++];
            if (!(entry.when == now)) diverged_ = true;
            hand_over(entry);
        }
        return;
    }
    if (!has_posts()) return;
    std::vector<Entry> arrived;
    {
        const std::lock_guard lock(posted_mutex_);
        arrived = std::exchange(posted_, {});
        has_posts_.store(false, std::memory_order_release);
    }
    for (Entry& entry : arrived) {
        entry.when = now;
        log_.push_back(entry);
        hand_over(entry);
    }
}

void InputJournal::deliver_misplaced(VmInstant now) {
    VERIFY(replaying_ && replayed_ < log_.size());
    diverged_ = true;
    log_[replayed_].when = now;
    hand_over(log_[replayed_++]);
}

void InputJournal::hand_over(const Entry& entry) {
    VERIFY(entry.port < ports_.size());  // check_fits() has seen to it.
    const Port& port = ports_[entry.port];
    if (trace_ && trace_->listens_to(TraceCategory::Input)) {
        trace_->input(port.name, first_bytes(entry.bytes), entry.bytes.size());
    }
    port.deliver(entry.bytes);
}

std::optional<VmInstant> InputJournal::next_due() const {
    if (!replaying_ || replayed_ >= log_.size()) return std::nullopt;
    return log_[replayed_].when;
}

std::vector<std::string> InputJournal::port_names() const {
    std::vector<std::string> names;
    for (const Port& port : ports_) names.push_back(port.name);
    return names;
}

InputJournal::Recording InputJournal::recording(std::string machine, VmInstant end) const {
    return {.machine = std::move(machine), .ports = port_names(), .entries = log_, .end = end};
}

}  // namespace fabric
