// SPDX-License-Identifier: BSD-2-Clause
//
// What happened in the machine, for people: to a terminal, a file, a ring read after a crash, or a
// test that asserts on it. Nothing here changes what the guest sees.
//
// Each row of events.def is a function of Trace. Where nobody listens it costs a load and a branch.
#pragma once

#include <array>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/time/vm_time.hpp"

namespace fabric {

enum class TraceEvent : u16 {
#define EVENT(name, category, kind, parameters, arguments) name,
#include "fabric/trace/events.def"
};

enum class TraceCategory : u8 { Io, Interrupt, Exception, Msr, Cpuid, Time, Input, Machine, Guest };
enum class TraceKind : u8 { Normal, GuestError, Unimplemented, Unusual, Unverified };

/// The word for a category in a --trace list, in the order of TraceCategory.
constexpr std::array<std::string_view, 9> trace_category_names = {
    "io", "interrupt", "exception", "msr", "cpuid", "time", "input", "machine", "guest"};

struct TraceRecord {
    TraceEvent event{};
    VmTime time;
    u32 vp = 0;
    std::string subject;
    std::string what;
    std::array<u64, 3> values{};
    u64 repeats = 1;  // How many this record stands for, where a call site is being limited.
};

/// "  1.000002345 vp0 com1: io_write address 0x3f8, size 0x1, value 0x41"
std::string text_of(const TraceRecord& record);

class TraceSink {
public:
    virtual ~TraceSink() = default;
    virtual void accept(const TraceRecord& record) = 0;
};

/// What is wanted. Made from a --trace list by parse_trace_list().
struct TraceFilter {
    std::set<TraceCategory> categories;
    std::set<std::string, std::less<>> subjects;  // All that happens to these, of any category.
};

class Trace {
public:
    void add_sink(TraceSink& sink) { sinks_.push_back(&sink); }
    void set_filter(TraceFilter filter);
    /// What the records that follow are stamped with.
    void set_now(VmTime now, u32 vp) {
        now_ = now;
        vp_ = vp;
    }

    bool listens_to(TraceCategory category) const {
        return ((listening_ >> bit(category)) & 1) != 0;
    }

#define TRACE_UNWRAP(...) __VA_ARGS__
#define EVENT(name, category, kind, parameters, arguments)                   \
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

    static constexpr u32 bit(TraceCategory category) { return static_cast<u32>(category); }

    template <class... Values>
    void emit(TraceEvent event, TraceCategory category, TraceKind kind, std::string_view subject,
              Values... values) {
        emit_with(event, category, kind, subject, {}, {static_cast<u64>(values)...});
    }
    void emit(TraceEvent event, TraceCategory category, TraceKind kind, std::string_view subject,
              std::string_view what) {
        emit_with(event, category, kind, subject, what, {});
    }
    void emit(TraceEvent event, TraceCategory category, TraceKind kind, std::string_view subject,
              std::string_view what, u64 value) {
        emit_with(event, category, kind, subject, what, {value});
    }
    void emit_with(TraceEvent event, TraceCategory category, TraceKind kind,
                   std::string_view subject, std::string_view what, std::array<u64, 3> values);
    u64 repeats_to_report(TraceKind kind, Site site);

    u32 listening_ = 0;
    TraceFilter filter_;
    VmTime now_;
    u32 vp_ = 0;
    std::vector<TraceSink*> sinks_;
    std::map<Site, u64> seen_;
};

}  // namespace fabric
