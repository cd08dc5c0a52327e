// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/trace/trace_output.hpp"

#include <fmt/format.h>

#include <cstdio>

namespace frontends {

using fabric::Error;
using fabric::Result;
using fabric::TraceFilter;

namespace {

bool asks_for_anything(const TraceOptions& options) {
    const TraceFilter& limits = options.limits;
    return !options.list.empty() || !limits.ranges.empty() || limits.ring || limits.processor ||
           limits.from || limits.until || limits.count != 0 || !options.file.empty() ||
           options.buffer != 0;
}

Result<TraceFilter> filter_of(const TraceOptions& options, const machine::Board& board) {
    if (options.list.empty()) {
        return Error{"--trace is missing: say what to trace; '--trace help' lists it"};
    }
    auto words = fabric::parse_trace_list(options.list, board.trace_subjects());
    if (!words) return Error{"--trace: " + words.error().message + "; '--trace help' lists all"};
    TraceFilter filter = options.limits;
    filter.categories = std::move(words.value().categories);
    filter.subjects = std::move(words.value().subjects);
    if (filter.processor.value_or(0) >= board.processors()) {
        return Error{fmt::format("--trace-cpu {}: the last one here is {}", *filter.processor,
                                 board.processors() - 1)};
    }
    return filter;
}

}  // namespace

bool asks_for_trace_help(const TraceOptions& options) { return options.list == "help"; }

void print_trace_help(const machine::Board& board) {
    fmt::print("Categories:\n");
    for (const auto& [word, description] : fabric::trace_categories) {
        fmt::print("  {:<13} {}\n", word, description);
    }
    fmt::print("  {:<13} all of these but instructions and registers\n", "all");
    fmt::print("Subjects of this machine, for all that happens to them:\n");
    std::string line;
    for (const std::string& subject : board.trace_subjects()) {
        constexpr usize widest = 77;
        if (line.size() + 1 + subject.size() > widest) {
            fmt::print(" {}\n", line);
            line.clear();
        }
        line += ' ' + subject;
    }
    fmt::print(" {}\n", line);
}

Result<std::unique_ptr<TraceOutput>> TraceOutput::start(const TraceOptions& options,
                                                        machine::Machine& machine) {
    if (!asks_for_anything(options)) return std::unique_ptr<TraceOutput>();
    TraceFilter filter = TRY(filter_of(options, machine.board()));
    std::unique_ptr<TraceOutput> output(new TraceOutput(machine));
    fabric::Trace& trace = machine.board().trace();
    if (options.buffer != 0) {
        output->ring_ = std::make_unique<fabric::RingSink>(options.buffer);
        trace.add_sink(*output->ring_);
    }
    if (!options.file.empty()) {
        auto sink = fabric::TextSink::create_file(options.file);
        if (!sink) return std::move(sink).error().within("--trace-file");
        output->text_ = std::move(sink).value();
    } else if (!output->ring_) {
        output->text_ = std::make_unique<fabric::TextSink>(stderr);
    }
    if (output->text_) trace.add_sink(*output->text_);
    machine.trace(std::move(filter));
    return output;
}

TraceOutput::~TraceOutput() {
    fabric::Trace& trace = machine_.board().trace();
    machine_.trace({});
    if (text_) trace.remove_sink(*text_);
    if (ring_) trace.remove_sink(*ring_);
}

void TraceOutput::end(Session&, int status) {
    if (!ring_ || status == 0) return;
    fmt::print(stderr, "satori: the last {} events of the trace:\n", ring_->records().size());
    for (const fabric::TraceRecord& record : ring_->records()) {
        fmt::print(stderr, "{}\n", fabric::text_of(record));
    }
}

Result<> TraceOutput::finish() {
    if (!text_) return {};
    auto outcome = text_->finish();
    if (!outcome) return std::move(outcome).error().within("--trace-file");
    return {};
}

}  // namespace frontends
