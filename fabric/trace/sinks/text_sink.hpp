// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "fabric/support/result.hpp"
#include "fabric/trace/trace.hpp"

namespace fabric {

/// A line per record, to an open stream: stderr, or a file of its own.
class TextSink final : public TraceSink {
public:
    /// Onto a stream that somebody else closes.
    explicit TextSink(std::FILE* stream) : stream_(stream) {}
    static Result<std::unique_ptr<TextSink>> create_file(const std::string& path);
    TextSink(const TextSink&) = delete;
    TextSink& operator=(const TextSink&) = delete;
    ~TextSink() override;

    void accept(const TraceRecord& record) override;

    /// Whether all of it has been written.
    Result<> finish();

private:
    std::FILE* stream_;
    std::string path_;  // Of a file of our own.
};

}  // namespace fabric
