// SPDX-License-Identifier: BSD-2-Clause
//
// What happened in the machine, for people: to a terminal, a file, a ring read after a crash, or a
// test that asserts on it. Nothing here changes what the guest sees.
//
// Each row of events.def is a function of Trace. Where nobody listens it costs a load and a branch.
#pragma once

#include <array>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/trace/trace_filter.hpp"

namespace fabric {

enum class TraceEvent : u16 {
#define EVENT(name, category, kind, parameters, arguments, text) name,
#include "fabric/trace/events.def"
};

enum class TraceKind : u8 { Normal, GuestError, Unimplemented, Unusual, Unverified };

constexpr usize most_trace_values = 6;

struct TraceRecord {
    TraceEvent event{};
    TraceStamp stamp;
    std::string subject;
    std::string what;
    std::array<u64, most_trace_values> values{};
    u64 repeats = 1;  // How many this record stands for, where a call site is being limited.
};

/// "     1234567     1.000002345 cpu0  port_write       com1 0x03f8/1 <- 0x41": instructions
/// retired, seconds of virtual time, processor, event, and what the event's row says.
std::string text_of(const TraceRecord& record);

class TraceSink {
public:
    virtual ~TraceSink() = default;
    virtual void accept(const TraceRecord& record) = 0;
};

/// Says where in the run the machine is, when it is asked.
class TraceClock {
public:
    virtual ~TraceClock() = default;
    virtual TraceStamp stamp() const = 0;
};

class Trace {
public:
    void add_sink(TraceSink& sink) { sinks_.push_back(&sink); }
    void remove_sink(TraceSink& sink) { std::erase(sinks_, &sink); }
    /// Starts afresh: counts begin at zero.
    void set_filter(TraceFilter filter);
    const TraceFilter& filter() const { return filter_; }
    /// Without one, all stamps are zero.
    void set_clock(const TraceClock* clock) { clock_ = clock; }

    bool listens() const { return listening_ != 0; }
    bool listens_to(TraceCategory category) const {
        return ((listening_ >> bit(category)) & 1) != 0;
    }
    /// Whether processors have to stop at instructions at all.
    bool shows_instructions() const { return shows_instructions_; }
    /// Whether this is the time, the ring and the processor that the filter wants.
    bool is_open() const { return filter_.is_open_at(now()); }

#define TRACE_UNWRAP(...) __VA_ARGS__
#define EVENT(name, category, kind, parameters, arguments, text)             \
    void name parameters {                                                   \
        if (listens_to(TraceCategory::category)) [[unlikely]] {              \
            emit(TraceEvent::name, TraceCategory::category, TraceKind::kind, \
                 TRACE_UNWRAP arguments);                                    \
        }                                                                    \
    }
#include "fabric/trace/events.def"
#undef TRACE_UNWRAP

private:
    /// An event, and the text that the call site passes: call sites differ in one or the other.
    using Site = std::tuple<TraceEvent, std::string, std::string>;
    using Values = std::array<u64, most_trace_values>;

    static constexpr u32 bit(TraceCategory category) { return static_cast<u32>(category); }

    template <class... Numbers>
    void emit(TraceEvent event, TraceCategory category, TraceKind kind, std::string_view subject,
              Numbers... numbers) {
        emit_with(event, category, kind, subject, {}, {static_cast<u64>(numbers)...});
    }
    template <class... Numbers>
    void emit(TraceEvent event, TraceCategory category, TraceKind kind, std::string_view subject,
              std::string_view what, Numbers... numbers) {
        emit_with(event, category, kind, subject, what, {static_cast<u64>(numbers)...});
    }
    void emit_with(TraceEvent event, TraceCategory category, TraceKind kind,
                   std::string_view subject, std::string_view what, Values values);
    u64 repeats_to_report(TraceKind kind, Site site);
    TraceStamp now() const { return clock_ ? clock_->stamp() : TraceStamp{}; }

    u32 listening_ = 0;
    bool shows_instructions_ = false;
    TraceFilter filter_;
    const TraceClock* clock_ = nullptr;
    u64 made_ = 0;
    std::vector<TraceSink*> sinks_;
    std::map<Site, u64> seen_;
};

}  // namespace fabric
