// SPDX-License-Identifier: BSD-2-Clause
//
// The terminal that satori was started from. Keys go one by one to whoever takes them: a serial
// port of the guest, or a monitor. Ctrl-A is ours, as in QEMU: Ctrl-A x leaves, Ctrl-A Ctrl-A sends
// one Ctrl-A, Ctrl-A h tells what there is besides. Where standard input is no terminal, all of it
// goes through.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "frontends/session/attendant.hpp"

struct termios;  // Its header defines B0, which is a bit of DR6 to us.

namespace frontends {

class Terminal final : public Attendant {
public:
    using TakeKeys = std::function<void(Session&, std::span<const u8>)>;
    using Command = std::function<void(Session&)>;

    /// Takes standard input; if it is a terminal, key by key until destroyed. While the guest has
    /// no room for more, nothing is read. Without a guest to take them, keys are for commands.
    Terminal(TakeKeys guest, std::function<bool()> guest_has_room);
    ~Terminal() override;
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// What Ctrl-A and this key does, and how the help puts it.
    void add_command(char key, std::string help, Command command);

    /// Keys go there instead of to the guest, until send_keys_to_guest().
    void send_keys_to(TakeKeys taker) { taker_ = std::move(taker); }
    void send_keys_to_guest() { taker_ = guest_; }

    bool interactive() const { return saved_ != nullptr; }

    void attend(Session& session) override;
    void await(Wakers& wakers) const override;
    bool may_wake_guest() const override { return !at_end_; }
    void end(Session& session, int status) override;

private:
    struct EscapeCommand {
        char key;
        std::string help;
        Command act;
    };

    void take_key(u8 key, Session& session);
    void act_on(u8 key, Session& session);
    void hand_over(Session& session);
    void show_help() const;

    bool may_read() const { return !at_end_ && (interactive() || guest_has_room_()); }

    TakeKeys guest_;
    TakeKeys taker_;
    std::function<bool()> guest_has_room_;
    std::vector<EscapeCommand> commands_;
    std::vector<u8> keys_;            // Read and not handed over yet.
    std::unique_ptr<termios> saved_;  // How it was, if it is one.
    bool escape_ = false;
    bool at_end_ = false;
};

}  // namespace frontends
