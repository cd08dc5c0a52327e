// SPDX-License-Identifier: BSD-2-Clause
//
// A guest's bytes on their way to a file descriptor of the host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fabric/host/byte_sink.hpp"
#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"
#include "frontends/session/attendant.hpp"

namespace frontends {

/// Bytes are gathered until a line ends or a slice of the run does.
class DescriptorSink final : public fabric::ByteSink, public Attendant {
public:
    /// Of a descriptor that is closed at the end; -1 loses all.
    explicit DescriptorSink(int descriptor) : descriptor_(descriptor) {}
    ~DescriptorSink() override;
    DescriptorSink(const DescriptorSink&) = delete;
    DescriptorSink& operator=(const DescriptorSink&) = delete;

    /// What a user named: stdout, stderr, none or a file, which is written anew.
    static fabric::Result<std::unique_ptr<DescriptorSink>> open(const std::string& name);

    void accept(u8 byte) override;
    void attend(Session&) override { flush(); }
    void end(Session&, int) override { flush(); }

private:
    void flush();

    int descriptor_;
    std::vector<u8> waiting_;
};

}  // namespace frontends
