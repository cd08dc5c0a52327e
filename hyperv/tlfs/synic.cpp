// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/synic.hpp"

#include <algorithm>
#include <cstring>

#include "hyperv/tlfs/hyperv_trace.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using fabric::GuestAccess;

namespace {

namespace sint {
constexpr u64 Vector = 0xff;
constexpr u64 Masked = 1 << 16;
constexpr u64 AutoEoi = 1 << 17;
constexpr u64 Polling = 1 << 18;
}  // namespace sint

constexpr u8 lowest_vector = 16;
constexpr u32 timer_expired = 0x8000'0010;

/// Of a message in its slot (HV_MESSAGE_HEADER).
namespace header {
constexpr usize Type = 0;
constexpr usize PayloadSize = 4;
constexpr usize Flags = 5;  // Bit 0: others wait.
constexpr usize Origin = 8;
constexpr usize Payload = 16;
}  // namespace header

/// Of a timer's message (HV_TIMER_MESSAGE_PAYLOAD).
namespace timer_payload {
constexpr usize Index = 0;
constexpr usize ExpirationTime = 8;
constexpr usize DeliveryTime = 16;
constexpr usize Length = 24;
}  // namespace timer_payload

template <class T>
void put(std::span<u8> bytes, usize offset, T value) {
    for (usize i = 0; i < sizeof(T); ++i) {
        bytes[offset + i] = static_cast<u8>(static_cast<u64>(value) >> (8 * i));
    }
}

bool is_of_timer(const Synic::Message& message, u32 timer) {
    return message.type == timer_expired && message.payload[timer_payload::Index] == timer;
}

}  // namespace

Synic::Synic(VirtualProcessor& processor, u8 physical_address_bits)
    : processor_(processor),
      event_flags_(processor.partition().memory(),
                   std::string(processor.name()) + " event flags page", GuestAccess::ReadWrite,
                   physical_address_bits),
      messages_(processor.partition().memory(), std::string(processor.name()) + " message page",
                GuestAccess::ReadWrite, physical_address_bits) {}

void Synic::reset() {
    state_ = State{};
    event_flags_.reset();
    messages_.reset();
}

Synic::State Synic::state() const {
    State state = state_;
    state.event_flags = event_flags_.state();
    state.messages = messages_.state();
    return state;
}

bool Synic::is_state(const State& state) {
    const auto is_message = [](const Message& message) {
        return message.source < sources && message.payload.size() <= largest_payload &&
               (message.type != timer_expired || message.payload.size() == timer_payload::Length);
    };
    return OverlayRegister::is_state(state.event_flags) &&
           OverlayRegister::is_state(state.messages) &&
           std::ranges::all_of(state.waiting, is_message);
}

void Synic::restore(State state) {
    event_flags_.restore(state.event_flags);
    messages_.restore(state.messages);
    state_ = std::move(state);
    state_.event_flags = {};
    state_.messages = {};
}

// ---- Registers ----

void Synic::write_control(u64 value) {
    state_.control = value;
    deliver_waiting();
}

void Synic::write_event_flags_register(u64 value) {
    event_flags_.write(value, processor_.partition().next_placement());
}

void Synic::write_messages_register(u64 value) {
    messages_.write(value, processor_.partition().next_placement());
    deliver_waiting();
}

bool Synic::write_sint(usize source, u64 value) {
    const auto vector = static_cast<u8>(value & sint::Vector);
    if (vector < lowest_vector && (value & sint::Masked) == 0) return false;
    const auto before = static_cast<u8>(state_.sint[source] & sint::Vector);
    state_.sint[source] = value;
    set_automatic_eoi(before);
    set_automatic_eoi(vector);
    return true;
}

/// Several sources may share a vector.
void Synic::set_automatic_eoi(u8 vector) {
    const bool automatic = std::ranges::any_of(state_.sint, [vector](u64 each) {
        return (each & (sint::Masked | sint::AutoEoi)) == sint::AutoEoi &&
               (each & sint::Vector) == vector;
    });
    processor_.apic().set_automatic_eoi(vector, automatic);
}

void Synic::interrupt(usize source) {
    u64 silent = sint::Masked;
    if (processor_.has(Feature::SintPolling)) silent |= sint::Polling;
    if (state_.sint[source] & silent) return;
    processor_.apic().request(static_cast<u8>(state_.sint[source] & sint::Vector));
}

// ---- Messages ----

bool Synic::slot_is_taken(usize source) const {
    const std::span<const u8> page = messages_.bytes();
    u32 type = 0;
    std::memcpy(&type, page.data() + source * slot_bytes + header::Type, sizeof(type));
    return type != 0;
}

bool Synic::waits_for(usize source) const {
    return std::ranges::any_of(state_.waiting,
                               [source](const Message& each) { return each.source == source; });
}

void Synic::mark_pending(usize source) {
    const usize at = source * slot_bytes + header::Flags;
    const u8 flags = messages_.bytes()[at] | u8{1};
    messages_.store(at, {&flags, 1});
}

void Synic::fill_slot(const Message& message) {
    std::array<u8, slot_bytes> slot{};
    put(slot, header::Type, message.type);
    put(slot, header::PayloadSize, static_cast<u8>(message.payload.size()));
    put(slot, header::Origin, message.origin);
    std::ranges::copy(message.payload, slot.begin() + header::Payload);
    if (message.type == timer_expired) {
        put(slot, header::Payload + timer_payload::DeliveryTime,
            processor_.partition().time().now());
    }
    messages_.store(message.source * slot_bytes, slot);
    trace_message(processor_, message.source, message.type, "delivered");
}

void Synic::deliver_waiting() {
    if (!enabled() || !messages_.enabled()) return;
    for (auto next = state_.waiting.begin(); next != state_.waiting.end();) {
        const usize source = next->source;
        if (slot_is_taken(source)) {
            mark_pending(source);
            ++next;
            continue;
        }
        fill_slot(*next);
        next = state_.waiting.erase(next);
        if (waits_for(source)) mark_pending(source);
        interrupt(source);
    }
}

Status Synic::post(Message message) {
    if (!enabled() || !messages_.enabled()) return Status::InvalidSynicState;
    const auto of_port = std::ranges::count_if(state_.waiting, [&](const Message& each) {
        return each.source == message.source && each.origin == message.origin &&
               each.type != timer_expired;
    });
    if (static_cast<usize>(of_port) >= buffers_per_port) return Status::InsufficientBuffers;
    VERIFY(message.source < sources && message.payload.size() <= largest_payload);
    trace_message(processor_, message.source, message.type, "posted");
    state_.waiting.push_back(std::move(message));
    deliver_waiting();
    return Status::Success;
}

void Synic::post_timer_message(usize source, u32 timer, u64 expiration) {
    if (timer_message_waits(timer)) return;
    Message message{.source = static_cast<u8>(source),
                    .type = timer_expired,
                    .payload = std::vector<u8>(timer_payload::Length)};
    put<u32>(message.payload, timer_payload::Index, timer);
    put(message.payload, timer_payload::ExpirationTime, expiration);
    state_.waiting.push_back(std::move(message));
    deliver_waiting();
}

bool Synic::timer_message_waits(u32 timer) const {
    return std::ranges::any_of(state_.waiting,
                               [timer](const Message& each) { return is_of_timer(each, timer); });
}

// ---- Event flags ----

Status Synic::signal_event(usize source, usize flag) {
    VERIFY(source < sources && flag < flags_per_source);
    if (!enabled() || !event_flags_.enabled() || (state_.sint[source] & sint::Masked)) {
        return Status::InvalidSynicState;
    }
    const usize at = source * slot_bytes + flag / 8;
    const auto bit = static_cast<u8>(1u << (flag % 8));
    const u8 before = event_flags_.bytes()[at];
    if (before & bit) return Status::Success;
    const auto after = static_cast<u8>(before | bit);
    event_flags_.store(at, {&after, 1});
    trace_event_flag(processor_, source, flag);
    interrupt(source);
    return Status::Success;
}

}  // namespace hyperv
