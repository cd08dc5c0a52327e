// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/headless/serial_ports.hpp"

#include "machine/board/pc.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;
using machine::Machine;

namespace {

/// What may be on its way to the guest before more is read.
constexpr usize enough_backlog = 1024;

std::string name_of(usize port) { return "COM" + std::to_string(port + 1); }

void post_to(Machine& machine, usize port, std::span<const u8> bytes) {
    u16 input = machine.board().serial_input();
    if (port != 0) {
        input = dynamic_cast<const machine::Pc&>(machine.board()).further_serial_input(port);
    }
    machine.journal().post(input, bytes);
}

}  // namespace

Result<std::unique_ptr<SerialPorts>> SerialPorts::open(const std::vector<SerialChoice>& choices) {
    if (choices.size() > most) {
        return Error{std::to_string(choices.size()) + " serial ports: a PC has 4"};
    }
    std::unique_ptr<SerialPorts> ports(new SerialPorts);
    for (usize i = 0; i < choices.size(); ++i) {
        if (auto outcome = ports->add(choices[i], i); !outcome) {
            return std::move(outcome).error().within(name_of(i));
        }
    }
    return ports;
}

Result<> SerialPorts::add(const SerialChoice& choice, usize port) {
    connected_[port] = choice.kind != SerialChoice::Kind::None;
    switch (choice.kind) {
        case SerialChoice::Kind::None: files_[port] = TRY(DescriptorSink::open("none")); break;
        case SerialChoice::Kind::Stdio:
            if (on_terminal_) {
                return Error{"stdio: " + name_of(*on_terminal_) + " is on the terminal already"};
            }
            on_terminal_ = port;
            files_[port] = TRY(DescriptorSink::open("stdout"));
            break;
        case SerialChoice::Kind::File: files_[port] = TRY(DescriptorSink::open(choice.path)); break;
        default:
            streams_[port] = TRY(SerialStream::open(choice, name_of(port)));
            sinks_[port] = streams_[port].get();
            return {};
    }
    sinks_[port] = files_[port].get();
    return {};
}

void SerialPorts::connect(Machine& machine) {
    const auto room_at = [&machine](usize port) {
        return [&machine, port] {
            return !machine.journal().has_posts() &&
                   machine.board().serial_backlog(port) < enough_backlog;
        };
    };
    for (usize i = 0; i < most; ++i) {
        if (!streams_[i]) continue;
        streams_[i]->connect([&machine, i](auto bytes) { post_to(machine, i, bytes); }, room_at(i));
    }
    Terminal::TakeKeys guest;
    if (on_terminal_) {
        guest = [&machine, port = *on_terminal_](Session&, std::span<const u8> keys) {
            post_to(machine, port, keys);
        };
    }
    terminal_.emplace(std::move(guest), room_at(on_terminal_.value_or(0)));
}

bool SerialPorts::somebody_is_at(usize port) const {
    return streams_[port] ? streams_[port]->connected() : connected_[port];
}

void SerialPorts::attend(Session& session) {
    Machine& machine = session.machine();
    const auto* const pc = dynamic_cast<const machine::Pc*>(&machine.board());
    if (!pc) return;
    for (usize i = 0; i < most; ++i) {
        const bool present = somebody_is_at(i);
        if (present == told_[i].value_or(pc->serial().port(i).has_far_end())) continue;
        const std::array<u8, 2> change = {static_cast<u8>(i), present ? u8{1} : u8{0}};
        machine.journal().post(pc->serial_lines_input(), change);
        told_[i] = present;
    }
}

void SerialPorts::join(Session& session) {
    session.add(*this);
    for (const auto& file : files_) {
        if (file) session.add(*file);
    }
    for (const auto& stream : streams_) {
        if (stream) session.add(*stream);
    }
    session.add(*terminal_);
}

}  // namespace frontends
