// SPDX-License-Identifier: BSD-2-Clause
//
// A guest's serial port on the terminal that satori was started from. Keys go to the guest one by
// one; Ctrl-A is ours, as in QEMU: Ctrl-A x leaves, Ctrl-A Ctrl-A sends one Ctrl-A, Ctrl-A h helps.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <termios.h>

#include "fabric/host/byte_sink.hpp"
#include "fabric/support/int_types.hpp"

namespace frontends {

/// Bytes to a file descriptor, gathered until a line ends or somebody flushes.
class DescriptorSink final : public fabric::ByteSink {
public:
    explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}
    ~DescriptorSink() override { flush(); }
    DescriptorSink(const DescriptorSink&) = delete;
    DescriptorSink& operator=(const DescriptorSink&) = delete;

    void accept(u8 byte) override;
    void flush();

private:
    int descriptor_;
    std::vector<u8> waiting_;
};

class Terminal {
public:
    /// Takes standard input; if it is a terminal, key by key until destroyed.
    Terminal();
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    struct Input {
        std::vector<u8> to_guest;
        bool leave = false;
        bool at_end = false;  // Nothing will ever come again.
    };
    /// What has been typed; waits up to so many milliseconds for something.
    Input read(int wait_ms);

    bool interactive() const { return saved_.has_value(); }

private:
    void take(u8 key, Input& input);

    std::optional<termios> saved_;
    bool escape_ = false;
    bool at_end_ = false;
};

}  // namespace frontends
