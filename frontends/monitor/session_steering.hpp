// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include "frontends/monitor/steering.hpp"
#include "frontends/session/session.hpp"
#include "machine/run/debugger.hpp"

namespace frontends {

/// A session's machine, steered from its monitor.
class SessionSteering final : public Steering {
public:
    SessionSteering(Session& session, machine::Debugger& debugger)
        : session_(session), debugger_(debugger) {}

    bool paused() const override { return session_.paused(); }
    void pause() override { session_.pause(); }
    void resume() override {
        debugger_.cancel_step();
        session_.resume();
    }
    void step(u32 processor) override {
        debugger_.step(processor);
        session_.resume();
    }
    void leave() override { session_.leave(run_status::stopped); }

private:
    Session& session_;
    machine::Debugger& debugger_;
};

}  // namespace frontends
