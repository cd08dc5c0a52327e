// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/screen/typist.hpp"

#include <algorithm>
#include <span>
#include <utility>

#include "frontends/screen/timed_text.hpp"
#include "frontends/session/session.hpp"

namespace frontends {

using fabric::Result;
using fabric::VmDuration;
using fabric::VmTime;

namespace {

/// Between two looks at a keyboard that is not ready.
constexpr VmDuration retry{5'000'000};

/// A key that goes down waits its turn. One that comes up does not: held on, it would repeat.
bool presses(const KeyStep& step) { return step.events.size() >= 2 && step.events[1] != 0; }

/// What was typed has been read, and what comes now will be taken.
bool ready(const devices::Ps2Keyboard::State& keyboard) {
    return keyboard.scanning && !keyboard.testing && keyboard.codes.empty();
}

}  // namespace

Result<TypedText> parse_typed_text(const std::string& text) {
    // "\@" is a character: the '@' before the time is the last one that is none.
    const usize at = text.rfind('@');
    const bool timed = at != std::string::npos && (at == 0 || text[at - 1] != '\\');
    if (!timed) return TypedText{.time = {}, .steps = TRY(parse_keys(text)), .text = text};
    const TimedText parts = TRY(parse_timed_text(text));
    return TypedText{
        .time = parts.time.value_or(VmTime{}), .steps = TRY(parse_keys(parts.text)), .text = text};
}

Typist::Typist(std::vector<TypedText> texts, const machine::Pc& pc) : pc_(pc) {
    for (TypedText& text : texts) type(std::move(text));
}

void Typist::type(TypedText text) {
    if (text.steps.empty()) return;
    const auto first = texts_.begin() + (step_ == 0 ? 0 : 1);
    const auto place = std::upper_bound(
        first, texts_.end(), text, [](const auto& a, const auto& b) { return a.time < b.time; });
    if (place == texts_.begin()) due_ = text.time;
    texts_.insert(place, std::move(text));
}

Stop Typist::next_stop() const {
    if (texts_.empty()) return {};
    return {.time = due_};
}

void Typist::attend(Session& session) {
    machine::Machine& machine = session.machine();
    const VmTime now = machine.now().time;
    while (!texts_.empty() && due_ <= now) {
        const KeyStep& step = texts_.front().steps[step_];
        // What was posted is the keyboard's when the machine has run on.
        if (presses(step) && (machine.journal().has_posts() || !ready(pc_.keyboard().state()))) {
            due_ = now + retry;
            return;
        }
        if (!step.events.empty()) machine.journal().post(pc_.keyboard_input(), step.events);
        due_ = now + step.then;
        if (++step_ < texts_.front().steps.size()) continue;
        texts_.pop_front();
        step_ = 0;
        if (!texts_.empty()) due_ = std::max(due_, texts_.front().time);
    }
}

void Typist::end(Session&, int) {
    for (const TypedText& text : texts_) {
        const usize done = &text == &texts_.front() ? step_ : 0;
        if (std::ranges::none_of(std::span(text.steps).subspan(done), presses)) continue;
        print_notice("--type '" + text.text + "': the run was over before all of it was typed");
    }
}

}  // namespace frontends
