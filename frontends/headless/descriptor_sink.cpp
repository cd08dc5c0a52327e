// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/headless/descriptor_sink.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

constexpr usize longest_line = 4096;

}  // namespace

Result<std::unique_ptr<DescriptorSink>> DescriptorSink::open(const std::string& name) {
    if (name == "none") return std::make_unique<DescriptorSink>(-1);
    const int descriptor =
        name == "stdout"   ? dup(STDOUT_FILENO)
        : name == "stderr" ? dup(STDERR_FILENO)
                           : ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        return Error{name + ": " + std::strerror(errno) +
                     "; give stdout, stderr, none or a file that can be written"};
    }
    return std::make_unique<DescriptorSink>(descriptor);
}

DescriptorSink::~DescriptorSink() {
    flush();
    if (descriptor_ >= 0) close(descriptor_);
}

void DescriptorSink::accept(u8 byte) {
    if (descriptor_ < 0) return;
    waiting_.push_back(byte);
    if (byte == '\n' || waiting_.size() >= longest_line) flush();
}

void DescriptorSink::flush() {
    usize done = 0;
    while (done < waiting_.size()) {
        const ssize_t written = write(descriptor_, waiting_.data() + done, waiting_.size() - done);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) break;  // A reader that is gone is no reason to stop the guest.
        done += static_cast<usize>(written);
    }
    waiting_.clear();
}

}  // namespace frontends
