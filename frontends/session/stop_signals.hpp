// SPDX-License-Identifier: BSD-2-Clause
//
// SIGINT, SIGTERM and SIGHUP end the run as Ctrl-A x does: what was asked to be saved or recorded
// is.
#pragma once

#include "frontends/session/attendant.hpp"

namespace frontends {

class StopSignals final : public Attendant {
public:
    /// From here on, until destroyed, the signals wait to be read: a second one does not break into
    /// the writing of what the first one ended. To be made before any thread is.
    StopSignals();
    ~StopSignals() override;
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    void attend(Session& session) override;
    void await(Wakers& wakers) const override;

private:
    int descriptor_;
};

}  // namespace frontends
