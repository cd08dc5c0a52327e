// SPDX-License-Identifier: BSD-2-Clause
//
// The synthetic interrupt controller of one virtual processor (TLFS, Inter-Partition
// Communication): sixteen sources, each with a slot for a message and 2048 event flags in pages
// that the guest places. Messages that find their slot taken wait here, in order; none is lost.
#pragma once

#include <array>
#include <optional>
#include <vector>

#include "hyperv/tlfs/overlay_register.hpp"
#include "hyperv/tlfs/status.hpp"

namespace hyperv {

class VirtualProcessor;

class Synic {
public:
    static constexpr usize sources = 16;
    static constexpr usize slot_bytes = 256;
    static constexpr usize largest_payload = 240;
    static constexpr usize flags_per_source = 2048;
    /// That wait for one source on behalf of one port (TLFS, Guest Message Buffers).
    static constexpr usize buffers_per_port = 16;
    static constexpr usize timers = 4;

    struct Message {
        u8 source = 0;
        u32 type = 0;
        u64 origin = 0;           // A port; none for a timer.
        std::vector<u8> payload;  // Of a timer's, without the time of delivery.

        bool operator==(const Message&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& message, Visit& visit) {
            visit(1, "source", message.source);
            visit(2, "type", message.type);
            visit(3, "origin", message.origin);
            visit(4, "payload", message.payload);
        }
    };

    struct State {
        u64 control = 0;
        OverlayRegister::State event_flags;
        OverlayRegister::State messages;
        std::array<u64, sources> sint = all_masked();
        std::vector<Message> waiting;

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "scontrol", state.control);
            visit(2, "siefp", state.event_flags);
            visit(3, "simp", state.messages);
            visit(4, "sint", state.sint);
            visit(5, "waiting", state.waiting);
        }
    };

    explicit Synic(VirtualProcessor& processor, u8 physical_address_bits);

    void reset();
    State state() const;
    static bool is_state(const State& state);
    void restore(State state);
    std::array<OverlayRegister*, 2> overlays() { return {&event_flags_, &messages_}; }

    // Registers.

    u64 control() const { return state_.control; }
    void write_control(u64 value);
    u64 event_flags_register() const { return event_flags_.value(); }
    void write_event_flags_register(u64 value);
    u64 messages_register() const { return messages_.value(); }
    void write_messages_register(u64 value);
    u64 sint(usize source) const { return state_.sint[source]; }
    /// False: the vector is an exception's.
    [[nodiscard]] bool write_sint(usize source, u64 value);
    /// EOM, or EOI: slots may be empty that were not.
    void deliver_waiting();

    // What comes from the other side.

    /// A message of a port's; it waits if it must.
    Status post(Message message);
    Status signal_event(usize source, usize flag);
    /// Timers have a buffer each: while it is taken, later expirations leave no message.
    void post_timer_message(usize source, u32 timer, u64 expiration);
    /// The timer was stopped before its message was seen.
    bool timer_message_waits(u32 timer) const;

private:
    static constexpr std::array<u64, sources> all_masked() {
        std::array<u64, sources> all;
        all.fill(1 << 16);
        return all;
    }

    bool enabled() const { return (state_.control & 1) != 0; }
    void interrupt(usize source);
    void set_automatic_eoi(u8 vector);
    bool slot_is_taken(usize source) const;
    bool waits_for(usize source) const;
    void fill_slot(const Message& message);
    void mark_pending(usize source);

    VirtualProcessor& processor_;
    State state_;  // Without its overlays: those are in the members below.
    OverlayRegister event_flags_;
    OverlayRegister messages_;
};

}  // namespace hyperv
