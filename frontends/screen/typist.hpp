// SPDX-License-Identifier: BSD-2-Clause
//
// Types what --type says, at its virtual times: the same run, the same instants, whatever the host
// does; and what somebody at the monitor says, at once. A key waits while the guest has not read
// those before it, or has its keyboard switched off, so that nothing is lost to a guest that is
// busy.
#pragma once

#include <deque>
#include <string>
#include <vector>

#include "frontends/screen/key_script.hpp"
#include "frontends/session/attendant.hpp"
#include "machine/board/pc.hpp"

namespace frontends {

/// One --type.
struct TypedText {
    fabric::VmTime time;
    std::vector<KeyStep> steps;
    std::string text = {};  // As it was given.
};

/// "TEXT@TIME", with the text as key_script.hpp says; without a time, at power-on.
fabric::Result<TypedText> parse_typed_text(const std::string& text);

class Typist final : public Attendant {
public:
    /// One text after another, each at its time or when those with earlier times are done.
    Typist(std::vector<TypedText> texts, const machine::Pc& pc);

    /// Once more, behind what is being typed and before what has a later time.
    void type(TypedText text);

    void attend(Session& session) override;
    Stop next_stop() const override;
    bool may_wake_guest() const override { return !texts_.empty(); }
    /// Tells what was never typed.
    void end(Session& session, int status) override;

private:
    std::deque<TypedText> texts_;
    const machine::Pc& pc_;
    usize step_ = 0;      // Of the first text.
    fabric::VmTime due_;  // When it is that step's turn.
};

}  // namespace frontends
