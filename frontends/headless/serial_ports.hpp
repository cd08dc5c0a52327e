// SPDX-License-Identifier: BSD-2-Clause
//
// The host's ends of a machine's serial ports, COM1 to COM4, as --serial says.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "fabric/support/result.hpp"
#include "frontends/headless/descriptor_sink.hpp"
#include "frontends/headless/serial_choice.hpp"
#include "frontends/headless/serial_stream.hpp"
#include "frontends/headless/terminal.hpp"
#include "frontends/session/session.hpp"

namespace frontends {

class SerialPorts final : public Attendant {
public:
    static constexpr usize most = 4;

    /// The first choice is COM1's. Opens files and sockets.
    static fabric::Result<std::unique_ptr<SerialPorts>> open(
        const std::vector<SerialChoice>& choices);

    /// Where the guest's bytes go, by port; null for those that no choice was made for.
    const std::array<fabric::ByteSink*, most>& sinks() const { return sinks_; }

    /// Of the port that is on the terminal; null if none is.
    DescriptorSink* on_standard_output() {
        return on_terminal_ ? files_[*on_terminal_].get() : nullptr;
    }

    /// Input goes to this machine from here on. Takes standard input.
    void connect(machine::Machine& machine);
    void join(Session& session);

    /// Tells the machine who has come and gone.
    void attend(Session& session) override;

    /// After connect(): whose keys they are, if a port is on it or not.
    Terminal& terminal() { return *terminal_; }

private:
    SerialPorts() = default;
    fabric::Result<> add(const SerialChoice& choice, usize port);

    std::array<fabric::ByteSink*, most> sinks_{};
    std::array<bool, most> connected_{};
    std::array<std::unique_ptr<DescriptorSink>, most> files_;
    std::array<std::unique_ptr<SerialStream>, most> streams_;
    bool somebody_is_at(usize port) const;

    std::array<std::optional<bool>, most> told_;  // Of the far ends.
    std::optional<usize> on_terminal_;
    std::optional<Terminal> terminal_;
};

}  // namespace frontends
