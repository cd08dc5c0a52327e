// SPDX-License-Identifier: BSD-2-Clause
//
// PC16550D UART: COM1 to COM4 of a PC.
//
// Characters leave and arrive at the programmed line rate in virtual time, so a guest that polls
// LSR sees the delays a real port has, and one that reads in time loses nothing. Not modelled:
// framing, parity and break errors (the line is perfect), DMA mode, and a modem that rings: its
// lines say whether somebody is at the far end. Deviation: a character reaches its far end as its
// first bit leaves, not its last; the interrupt of an empty transmitter FIFO is never put off by a
// character (data sheet, 8.4.2).
#pragma once

#include <span>
#include <string>
#include <vector>

#include "fabric/bus/device.hpp"
#include "fabric/bus/irq_line.hpp"
#include "fabric/host/byte_sink.hpp"
#include "fabric/support/fifo.hpp"
#include "fabric/time/event_queue.hpp"

namespace devices {

class Uart16550 final : public fabric::Device, public fabric::IoHandler {
public:
    struct Config {
        std::string name = "com1";
        u32 clock_hz = 1'843'200;
    };

    struct Wiring {
        fabric::EventQueue& events;
        fabric::IrqLine irq;
        fabric::ByteSink& line_out;
    };

    struct State {
        u8 interrupt_enable = 0;
        u8 line_control = 0;
        u8 modem_control = 0;
        u8 modem_deltas = 0;
        u8 scratch = 0;
        u16 divisor = 12;  // 9600 baud, as a PC BIOS leaves it.
        u8 trigger_select = 0;
        bool fifos_enabled = false;
        bool overrun = false;
        bool transmitter_empty_unread = false;  // THRE interrupt raised and not yet read from IIR.
        bool receive_timed_out = false;
        fabric::Fifo<u8, 16> received;
        fabric::Fifo<u8, 16> to_send;
        std::vector<u8> on_the_line;  // From the host, not yet arrived.
        bool far_end_absent = false;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "ier", state.interrupt_enable);
            visit(2, "lcr", state.line_control);
            visit(3, "mcr", state.modem_control);
            visit(4, "scr", state.scratch);
            visit(5, "divisor", state.divisor);
            visit(6, "fifos_enabled", state.fifos_enabled);
            visit(7, "overrun", state.overrun);
            visit(8, "thre_unread", state.transmitter_empty_unread);
            visit(9, "received", state.received);
            visit(10, "to_send", state.to_send);
            visit(11, "modem_deltas", state.modem_deltas);
            visit(12, "trigger_select", state.trigger_select);
            visit(13, "receive_timed_out", state.receive_timed_out);
            visit(14, "on_the_line", state.on_the_line);
            visit(15, "far_end_absent", state.far_end_absent);
        }
    };

    Uart16550(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    /// Characters from the host. Called by the input journal, never by a host thread.
    void receive(std::span<const u8> bytes);

    /// Whether somebody is at the far end, who then is ready as well: CTS, DSR and DCD. From the
    /// input journal too.
    void set_far_end(bool present);
    bool has_far_end() const { return !state_.far_end_absent; }

    /// Characters from the host that have not arrived yet.
    usize backlog() const { return state_.on_the_line.size(); }

    const State& state() const { return state_; }

private:
    u8 read_data();
    u8 read_interrupt_ident();
    u8 read_line_status();
    u8 read_modem_status();
    void write_data(u8 value);
    void write_interrupt_enable(u8 value);
    void write_fifo_control(u8 value);
    void write_modem_control(u8 value);

    void push_received(u8 byte);
    void character_arrived();
    void start_transmission();
    void character_sent();
    void receive_timed_out();

    bool divisor_latched() const;
    bool looped_back() const;
    u8 modem_lines() const;
    void note_changed_lines(u8 before);
    u8 pending_interrupt() const;
    fabric::VmDuration character_time() const;
    void restart_receive_timeout();
    void update_irq();

    Config config_;
    Wiring wiring_;
    State state_;
    fabric::Timer transmit_;
    fabric::Timer arrival_;
    fabric::Timer timeout_;
};

}  // namespace devices
