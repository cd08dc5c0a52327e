// SPDX-License-Identifier: BSD-2-Clause
//
// The trace of one run: from the options to lines on standard error, or in a file.
#pragma once

#include <memory>

#include "fabric/support/result.hpp"
#include "fabric/trace/sinks/ring_sink.hpp"
#include "fabric/trace/sinks/text_sink.hpp"
#include "frontends/session/attendant.hpp"
#include "frontends/trace/trace_options.hpp"

namespace frontends {

/// Whether what is asked for is the list of what there is to ask for.
bool asks_for_trace_help(const TraceOptions& options);
/// Categories, and this machine's subjects. To standard output.
void print_trace_help(const machine::Board& board);

/// An attendant for the run's end alone: the machine tells the sinks by itself.
class TraceOutput final : public Attendant {
public:
    /// From here on the machine is traced, as long as the object lives. Null if the options ask for
    /// nothing.
    static fabric::Result<std::unique_ptr<TraceOutput>> start(const TraceOptions& options,
                                                              machine::Machine& machine);
    TraceOutput(const TraceOutput&) = delete;
    TraceOutput& operator=(const TraceOutput&) = delete;
    ~TraceOutput() override;

    void attend(Session&) override {}
    /// After a bad end, the last records, where they were kept.
    void end(Session& session, int status) override;

    /// Whether all of it has been written.
    fabric::Result<> finish();

private:
    explicit TraceOutput(machine::Machine& machine) : machine_(machine) {}

    machine::Machine& machine_;
    std::unique_ptr<fabric::TextSink> text_;
    std::unique_ptr<fabric::RingSink> ring_;
};

}  // namespace frontends
