// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/gdb/stub.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace frontends::gdb {

using fabric::Result;
using machine::Debugger;

namespace {

// GDB's numbers of signals.
constexpr u8 signal_interrupt = 2;
constexpr u8 signal_trap = 5;
constexpr u8 signal_abort = 6;

constexpr usize largest_answer = largest_packet / 2 - 16;

constexpr u64 hardware = 1;  // The type of a breakpoint in Z and z.

std::string_view name_of(Debugger::Watch watch) {
    switch (watch) {
        case Debugger::Watch::Write: return "watch";
        case Debugger::Watch::Read: return "rwatch";
        case Debugger::Watch::ReadWrite: return "awatch";
    }
    return {};
}

}  // namespace

Stub::Stub(Debugger& debugger, Architecture architecture, Monitor monitor)
    : debugger_(debugger), description_(architecture), monitor_(std::move(monitor)) {}

void Stub::begin() {
    forget();
    current_ = debugger_.machine().current_processor();
    for_state_ = current_;
    last_stop_ = fmt::format("T{:02x}thread:{:x};", signal_trap, current_ + 1);
}

void Stub::forget() {
    debugger_.remove_all();
    code_breakpoints_.clear();
    reader_ = {};
    output_.clear();
    last_sent_.clear();
    acknowledges_ = true;
    knows_swbreak_ = false;
    knows_hwbreak_ = false;
    running_ = false;
    end_ = End::None;
}

void Stub::send(std::string_view payload) {
    last_sent_ = framed(payload);
    output_ += last_sent_;
}

void Stub::take(std::span<const u8> bytes) {
    using Kind = PacketReader::Event::Kind;
    for (const PacketReader::Event& event : reader_.take(bytes)) {
        switch (event.kind) {
            case Kind::Packet:
                if (acknowledges_) output_ += '+';
                handle(event.payload);
                break;
            case Kind::Damaged:
                if (acknowledges_) output_ += '-';
                break;
            case Kind::Interrupt: interrupted(); break;
            case Kind::Acknowledged: break;
            case Kind::ResendWanted:
                if (acknowledges_) output_ += last_sent_;
                break;
        }
    }
}

void Stub::interrupted() {
    if (!running_) return;
    debugger_.cancel_step();
    current_ = debugger_.machine().current_processor();
    send_stop(signal_interrupt, "");
}

void Stub::send_stop(u8 signal, std::string_view reason) {
    running_ = false;
    for_state_ = current_;
    last_stop_ = fmt::format("T{:02x}{}thread:{:x};", signal, reason, current_ + 1);
    send(last_stop_);
}

std::string Stub::stop_reason(const Debugger::Stop& stop) const {
    switch (stop.kind) {
        case Debugger::Stop::Kind::Watchpoint:
            return fmt::format("{}:{:x};", name_of(stop.watch), stop.address);
        case Debugger::Stop::Kind::Breakpoint: {
            const bool is_hardware = code_breakpoints_.contains({hardware, stop.address});
            if (is_hardware && knows_hwbreak_) return "hwbreak:;";
            return !is_hardware && knows_swbreak_ ? "swbreak:;" : "";
        }
        case Debugger::Stop::Kind::Step: return {};
    }
    return {};
}

void Stub::stopped(const Debugger::Stop& stop) {
    current_ = stop.processor;
    send_stop(signal_trap, stop_reason(stop));
}

void Stub::shut_down() {
    debugger_.cancel_step();
    current_ = debugger_.machine().current_processor();
    send_stop(signal_abort, "");
}

void Stub::exited(int status) {
    if (running_) send(fmt::format("W{:02x}", static_cast<unsigned>(status) & 0xff));
    running_ = false;
}

void Stub::handle(const std::string& packet) {
    if (packet.empty()) return send("");
    if (packet[0] == 'q') return answer_query(packet);
    if (packet[0] == 'Q') return answer_set(packet);
    answer(packet[0], Scanner(std::string_view(packet).substr(1)));
}

void Stub::answer(char request, Scanner rest) {
    switch (request) {
        case '?': return send(last_stop_);
        case 'c': return resume(rest, false);
        case 's': return resume(rest, true);
        case 'C':
        case 'S':
            rest.until(';');  // A signal: there is nobody to take it.
            return resume(rest, request == 'S');
        case 'D':
            send("OK");
            end_ = End::Detached;
            running_ = true;
            break;
        case 'k': end_ = End::Killed; break;
        case 'H': return select_thread(rest);
        case 'T': return check_thread(rest);
        case 'g': return read_registers();
        case 'G': return write_registers(rest);
        case 'p': return read_one_register(rest);
        case 'P': return write_one_register(rest);
        case 'm': return read_memory(rest, false);
        case 'x': return read_memory(rest, true);
        case 'M': return write_memory(rest, false);
        case 'X': return write_memory(rest, true);
        case 'Z': return change_breakpoint(rest, true);
        case 'z': return change_breakpoint(rest, false);
        case 'v': return answer_v(rest);
        default: send("");
    }
}

void Stub::answer_v(Scanner rest) {
    if (rest.skip("Cont?")) return send("vCont;c;C;s;S");
    if (rest.skip("Cont;")) return resume_by_actions(rest);
    if (rest.skip("Kill")) {
        send("OK");
        end_ = End::Killed;
        return;
    }
    send("");
}

void Stub::answer_set(const std::string& packet) {
    if (packet != "QStartNoAckMode") return send("");
    send("OK");
    acknowledges_ = false;
}

void Stub::answer_query(const std::string& packet) {
    Scanner rest(packet);
    if (rest.skip("qSupported")) {
        knows_swbreak_ = packet.find("swbreak+") != std::string::npos;
        knows_hwbreak_ = packet.find("hwbreak+") != std::string::npos;
        return send(
            fmt::format("PacketSize={:x};qXfer:features:read+;QStartNoAckMode+;"
                        "vContSupported+;swbreak+;hwbreak+",
                        largest_packet));
    }
    if (rest.skip("qXfer:features:read:target.xml:")) return describe_target(rest);
    if (rest.skip("qRcmd,")) return run_monitor(rest);
    if (rest.skip("qThreadExtraInfo,")) return describe_thread(rest);
    if (packet == "qfThreadInfo") return list_threads();
    if (packet == "qsThreadInfo") return send("l");
    if (packet == "qC") return send(fmt::format("QC{:x}", current_ + 1));
    if (rest.skip("qAttached")) return send("1");
    if (rest.skip("qSymbol")) return send("OK");
    send("");
}

void Stub::describe_target(Scanner rest) {
    const auto offset = rest.number();
    const auto length = rest.skip(",") ? rest.number() : std::nullopt;
    if (!offset || !length) return send("E16");
    const std::string& xml = description_.xml();
    if (*offset >= xml.size()) return send("l");
    const std::string part = xml.substr(*offset, std::min<u64>(*length, largest_answer));
    send((*offset + part.size() < xml.size() ? "m" : "l") + part);
}

void Stub::run_monitor(Scanner rest) {
    const auto command = bytes_of_hex(rest.rest());
    if (!command) return send("E16");
    const std::string text = monitor_(std::string(command->begin(), command->end()), for_state_);
    for (usize at = 0; at < text.size(); at += largest_answer / 2) {
        send("O" + hex_of(std::string_view(text).substr(at, largest_answer / 2)));
    }
    send("OK");
}

void Stub::list_threads() {
    std::string list = "m";
    for (u32 i = 0; i < debugger_.processors(); ++i) {
        list += fmt::format("{}{:x}", i == 0 ? "" : ",", i + 1);
    }
    send(list);
}

void Stub::describe_thread(Scanner rest) {
    const auto processor = processor_of(rest, current_);
    if (!processor) return send("E16");
    const cpu::CpuState& state = debugger_.machine().board().vcpu(*processor).state;
    const std::string_view activity = state.activity == cpu::Activity::Running       ? "running"
                                      : state.activity == cpu::Activity::WaitForSipi ? "not started"
                                                                                     : "halted";
    send(hex_of(fmt::format("CPU {} [{}]", *processor, activity)));
}

std::optional<u32> Stub::processor_of(Scanner& rest, u32 any) const {
    if (rest.skip("-1")) return any;
    const auto number = rest.number();
    if (!number || *number > debugger_.processors()) return std::nullopt;
    return *number == 0 ? any : static_cast<u32>(*number - 1);
}

void Stub::select_thread(Scanner rest) {
    const bool for_state = rest.skip("g");
    if (!for_state && !rest.skip("c")) return send("E16");
    const auto processor = processor_of(rest, current_);
    if (!processor) return send("E16");
    (for_state ? for_state_ : current_) = *processor;
    send("OK");
}

void Stub::check_thread(Scanner rest) { send(processor_of(rest, 0) ? "OK" : "E16"); }

void Stub::run(std::optional<u32> stepped) {
    debugger_.cancel_step();
    if (stepped) debugger_.step(*stepped);
    running_ = true;
}

void Stub::resume(Scanner rest, bool steps) {
    if (const auto address = rest.number()) {
        const auto outcome =
            debugger_.write_register(current_, *cpu::find_register("rip"), {*address, 0});
        if (!outcome) return send("E16");
    }
    run(steps ? std::optional(current_) : std::nullopt);
}

/// The first action that steps names the processor; all others continue.
void Stub::resume_by_actions(Scanner rest) {
    std::optional<u32> stepped;
    if (rest.at_end()) return send("E16");
    while (!rest.at_end()) {
        Scanner action(rest.until(';'));
        const bool steps = action.skip("s") || action.skip("S");
        if (!steps && !action.skip("c") && !action.skip("C")) return send("E16");
        const std::string_view signal_and_thread = action.rest();
        const usize colon = signal_and_thread.find(':');
        u32 which = current_;
        if (colon != std::string_view::npos) {
            Scanner thread(signal_and_thread.substr(colon + 1));
            const auto found = processor_of(thread, current_);
            if (!found) return send("E16");
            which = *found;
        }
        if (steps && !stepped) stepped = which;
    }
    run(stepped);
}

void Stub::answer_ok_or(const Result<>& outcome) {
    // GDB shows what follows a dot.
    send(outcome ? "OK" : "E." + outcome.error().message);
}

}  // namespace frontends::gdb
