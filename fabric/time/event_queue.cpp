// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/time/event_queue.hpp"

#include <algorithm>
#include <utility>

#include "fabric/support/verify.hpp"
#include "fabric/trace/trace.hpp"

namespace fabric {

namespace {

struct SavedDeadline {
    std::string timer;
    u64 deadline = 0;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "timer", state.timer);
        visit(2, "deadline", state.deadline);
    }
};

struct SavedQueue {
    u64 now = 0;
    std::vector<SavedDeadline> deadlines;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "now", state.now);
        visit(2, "deadlines", state.deadlines);
    }
};

}  // namespace

EventQueue::~EventQueue() { VERIFY(timers_.empty()); }

std::optional<VmTime> EventQueue::next_deadline() const {
    if (pending_.empty()) return std::nullopt;
    return pending_.front()->deadline_;
}

void EventQueue::run_until(VmTime target) {
    while (!pending_.empty() && pending_.front()->deadline_ <= target) {
        Timer& due = *pending_.front();
        now_ = std::max(now_, due.deadline_);
        remove(due);
        if (trace_) trace_->timer_fired(due.name_, due.deadline_.ns);
        due.fire_();
    }
    now_ = std::max(now_, target);
}

std::vector<std::string> EventQueue::timer_names() const {
    std::vector<std::string> names;
    for (const Timer* timer : timers_) names.push_back(timer->name_);
    return names;
}

void EventQueue::save(StateWriter& out) const {
    SavedQueue saved{.now = now_.ns};
    for (const Timer* timer : timers_) {
        if (timer->pending()) saved.deadlines.push_back({timer->name_, timer->deadline_.ns});
    }
    out.write(saved);
}

Result<> EventQueue::restore(StateReader& in) {
    SavedQueue saved;
    TRY(in.read(saved));
    std::vector<std::pair<Timer*, VmTime>> deadlines;
    for (const SavedDeadline& one : saved.deadlines) {
        const auto found = std::ranges::find(timers_, one.timer, &Timer::name_);
        if (found == timers_.end()) return Error{"this machine has no timer '" + one.timer + "'"};
        deadlines.emplace_back(*found, VmTime{one.deadline});
    }
    now_ = VmTime{saved.now};
    for (Timer* timer : timers_) timer->cancel();
    for (const auto& [timer, deadline] : deadlines) timer->schedule_at(deadline);
    return {};
}

bool EventQueue::fires_before(const Timer& a, const Timer& b) const {
    return a.deadline_ != b.deadline_ ? a.deadline_ < b.deadline_ : a.order_ < b.order_;
}

void EventQueue::insert(Timer& timer) {
    pending_.push_back(&timer);
    timer.heap_index_ = pending_.size() - 1;
    sift_up(timer.heap_index_);
}

void EventQueue::remove(Timer& timer) {
    const usize hole = std::exchange(timer.heap_index_, Timer::not_pending);
    Timer* const last = pending_.back();
    pending_.pop_back();
    if (last == &timer) return;
    place(*last, hole);
    sift_up(hole);
    sift_down(last->heap_index_);
}

void EventQueue::place(Timer& timer, usize index) {
    pending_[index] = &timer;
    timer.heap_index_ = index;
}

void EventQueue::sift_up(usize index) {
    Timer& rising = *pending_[index];
    while (index != 0) {
        const usize parent = (index - 1) / 2;
        if (!fires_before(rising, *pending_[parent])) break;
        place(*pending_[parent], index);
        index = parent;
    }
    place(rising, index);
}

void EventQueue::sift_down(usize index) {
    Timer& sinking = *pending_[index];
    while (2 * index + 1 < pending_.size()) {
        usize child = 2 * index + 1;
        const bool right_is_first =
            child + 1 < pending_.size() && fires_before(*pending_[child + 1], *pending_[child]);
        if (right_is_first) ++child;
        if (!fires_before(*pending_[child], sinking)) break;
        place(*pending_[child], index);
        index = child;
    }
    place(sinking, index);
}

Timer::Timer(EventQueue& queue, std::string name, std::function<void()> fire)
    : queue_(queue),
      name_(std::move(name)),
      fire_(std::move(fire)),
      order_(queue.timers_created_++) {
    // A second timer of one name could not be told apart in a checkpoint.
    for (const Timer* other : queue_.timers_) VERIFY(other->name_ != name_);
    queue_.timers_.push_back(this);
}

Timer::~Timer() {
    cancel();
    std::erase(queue_.timers_, this);
}

void Timer::schedule_at(VmTime deadline) {
    cancel();
    deadline_ = deadline;
    queue_.insert(*this);
    if (queue_.trace_) queue_.trace_->timer_set(name_, deadline.ns);
}

void Timer::cancel() {
    if (pending()) queue_.remove(*this);
}

std::optional<VmTime> Timer::deadline() const {
    if (!pending()) return std::nullopt;
    return deadline_;
}

}  // namespace fabric
