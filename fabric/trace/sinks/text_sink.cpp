// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/trace/sinks/text_sink.hpp"

#include <cerrno>
#include <cstring>

namespace fabric {

Result<std::unique_ptr<TextSink>> TextSink::create_file(const std::string& path) {
    std::FILE* const stream = std::fopen(path.c_str(), "we");
    if (!stream) return Error{"trace file " + path + ": " + std::strerror(errno)};
    auto sink = std::make_unique<TextSink>(stream);
    sink->path_ = path;
    return sink;
}

TextSink::~TextSink() {
    if (!path_.empty()) std::fclose(stream_);
}

void TextSink::accept(const TraceRecord& record) {
    std::fputs((text_of(record) + '\n').c_str(), stream_);
}

Result<> TextSink::finish() {
    if (std::fflush(stream_) == 0 && !std::ferror(stream_)) return {};
    return Error{"trace file " + path_ + ": " + std::strerror(errno) +
                 "; the end of it is missing"};
}

}  // namespace fabric
