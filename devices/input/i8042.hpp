// SPDX-License-Identifier: BSD-2-Clause
//
// 8042 keyboard controller of a PC (IBM PS/2 Hardware Interface Technical Reference): ports 60 and
// 64, a keyboard and an auxiliary line, translation of set 2 into set 1, A20 and reset.
//
// Bytes take their time on the lines, one at a time; what the controller itself answers is there at
// once. A byte to a device leaves the input buffer as soon as the line is free. Not modelled:
// passwords, the key lock, errors of parity and time, reading the lines (C1, C2, AC).
#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>

#include "devices/input/ps2_device.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"
#include "fabric/support/fifo.hpp"
#include "fabric/time/event_queue.hpp"

namespace devices {

namespace i8042 {

enum class Line : u8 { None, Keyboard, Auxiliary };

struct Byte {
    Line line = Line::None;
    u8 value = 0;

    bool operator==(const Byte&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "line", state.line);
        visit(2, "value", state.value);
    }
};

}  // namespace i8042

class I8042 final : public fabric::Device {
public:
    struct Config {
        std::string name = "i8042";
        u64 byte_ns = 660'000;  // Eleven bits at 16.7 kHz, the fastest that PS/2 allows.
    };

    struct Wiring {
        fabric::EventQueue& events;
        fabric::IrqLine keyboard_irq;
        fabric::IrqLine auxiliary_irq;
        fabric::IrqLine a20;  // One of several sources: the board joins them.
        std::function<void()> reset;
        Ps2Device& keyboard;
        Ps2Device& auxiliary;
    };

    using Line = i8042::Line;
    using Byte = i8042::Byte;

    struct State {
        std::array<u8, 32> ram = {0x40};  // Byte 0 is the command byte.
        u8 output_port = 0x03;            // The two bits that are the guest's.
        Byte output;                      // The output buffer, which keeps what was read.
        bool output_full = false;
        fabric::Fifo<Byte, 8> replies;  // The controller's own, which wait for the buffer.
        u8 command = 0;                 // Which waits for its data.
        bool last_was_command = false;
        bool release_seen = false;    // By the translation.
        Line receiving = Line::None;  // Which line is bringing a byte.
        std::optional<Byte> sending;  // To a device.
        std::optional<Byte> input;    // The input buffer, while that goes on.

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "ram", state.ram);
            visit(2, "output_port", state.output_port);
            visit(3, "output", state.output);
            visit(4, "output_full", state.output_full);
            visit(5, "replies", state.replies);
            visit(6, "command", state.command);
            visit(7, "last_was_command", state.last_was_command);
            visit(8, "release_seen", state.release_seen);
            visit(9, "receiving", state.receiving);
            visit(10, "sending", state.sending);
            visit(11, "input", state.input);
        }
    };

    I8042(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    fabric::IoHandler& data_port() { return data_port_; }        // 60
    fabric::IoHandler& command_port() { return command_port_; }  // 64

    /// A device has something to send: the `data_ready` of its wiring.
    void data_ready() { start_receiving(); }

    const State& state() const { return state_; }

private:
    class DataPort final : public fabric::IoHandler {
    public:
        explicit DataPort(I8042& controller) : controller_(controller) {}
        u64 read(u64, u32) override { return controller_.read_data(); }
        void write(u64, u32, u64 value) override { controller_.write_data(static_cast<u8>(value)); }

    private:
        I8042& controller_;
    };

    class CommandPort final : public fabric::IoHandler {
    public:
        explicit CommandPort(I8042& controller) : controller_(controller) {}
        u64 read(u64, u32) override { return controller_.read_status(); }
        void write(u64, u32, u64 value) override {
            controller_.write_command(static_cast<u8>(value));
        }

    private:
        I8042& controller_;
    };

    u8 read_data();
    u8 read_status() const;
    void write_data(u8 value);
    void write_command(u8 value);
    void write_parameter(u8 command, u8 value);
    void set_control(u8 value);
    void set_a20(bool on);
    u8 output_port() const;
    void pulse(u8 zeroes);

    bool enabled(Line line) const;
    Ps2Device& device(Line line);
    void reply(u8 value);
    void reply(Byte byte);
    void fill_output(Byte byte);
    void start_receiving();
    void byte_received();
    void send(Byte byte);
    void byte_sent();
    void update_irqs();

    Config config_;
    Wiring wiring_;
    State state_;
    DataPort data_port_{*this};
    CommandPort command_port_{*this};
    fabric::Timer receive_;
    fabric::Timer send_;
};

}  // namespace devices
