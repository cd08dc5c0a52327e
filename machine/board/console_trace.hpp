// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <string>

#include "fabric/host/byte_sink.hpp"
#include "fabric/trace/trace.hpp"

namespace machine {

/// Hands on what a guest writes, and tells the trace of it line by line.
class ConsoleTrace final : public fabric::ByteSink {
public:
    ConsoleTrace(std::string subject, fabric::ByteSink& out, fabric::Trace& trace)
        : subject_(std::move(subject)), out_(out), trace_(trace) {}

    void accept(u8 byte) override;

private:
    std::string subject_;
    fabric::ByteSink& out_;
    fabric::Trace& trace_;
    std::string line_;  // What has come of it. For people alone: it is no state.
};

}  // namespace machine
