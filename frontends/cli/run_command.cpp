// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/run_command.hpp"

#include <fmt/format.h>

#include <array>
#include <csignal>
#include <memory>
#include <optional>

#include "fabric/host/recording_file.hpp"
#include "fabric/host/wall_clock.hpp"
#include "frontends/cli/board_options.hpp"
#include "frontends/cli/debugging.hpp"
#include "frontends/cli/screen_attendants.hpp"
#include "frontends/headless/descriptor_sink.hpp"
#include "frontends/headless/serial_ports.hpp"
#include "frontends/network/host_networks.hpp"
#include "frontends/session/checkpoints.hpp"
#include "frontends/session/run_limits.hpp"
#include "frontends/session/session.hpp"
#include "frontends/session/stop_signals.hpp"
#include "frontends/trace/trace_output.hpp"
#include "machine/board/pc.hpp"
#include "machine/run/machine.hpp"

namespace frontends {

using fabric::Error;
using fabric::InputJournal;
using fabric::Result;
using machine::Machine;

namespace {

Result<std::optional<InputJournal::Recording>> recording_of(const RunOptions& options) {
    if (options.replay.empty()) return std::optional<InputJournal::Recording>{};
    auto recording = fabric::read_recording(options.replay);
    if (!recording) return std::move(recording).error().within("--replay");
    return std::optional(std::move(recording).value());
}

std::array<u8, 8> bytes_of(u64 value) {
    std::array<u8, 8> bytes;
    for (usize i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<u8>(value >> (8 * i));
    return bytes;
}

/// What a machine finds when it is switched on.
void post_first_inputs(const RunOptions& options, Machine& machine) {
    std::array<u8, 8> seed = bytes_of(__builtin_bswap64(options.seed));
    machine.journal().post(machine.board().entropy_input(), seed);
    if (const auto* pc = dynamic_cast<const machine::Pc*>(&machine.board())) {
        const i64 ns = options.rtc_ns ? *options.rtc_ns : fabric::host_wall_clock_ns();
        machine.journal().post(pc->wall_clock_input(), bytes_of(static_cast<u64>(ns)));
    }
}

Result<std::unique_ptr<SerialPorts>> serial_ports_of(const RunOptions& options) {
    std::vector<SerialChoice> choices = options.serial;
    if (choices.empty()) choices.emplace_back();
    auto ports = SerialPorts::open(choices);
    if (!ports) return std::move(ports).error().within("--serial");
    return ports;
}

/// None of its own if a serial port is on standard output too: then bytes stand there in the order
/// in which the guest wrote them, in every run alike.
Result<std::unique_ptr<DescriptorSink>> debug_console_of(const RunOptions& options,
                                                         SerialPorts& serial) {
    if (options.debug_console == "stdout" && serial.on_standard_output()) {
        return std::unique_ptr<DescriptorSink>();
    }
    auto sink = DescriptorSink::open(options.debug_console);
    if (!sink) return std::move(sink).error().within("--debug-console");
    return sink;
}

/// Switched on, or as the checkpoint says.
Result<std::unique_ptr<Machine>> make_machine(const RunOptions& options, const BoardSinks& sinks,
                                              std::unique_ptr<InputJournal> journal) {
    const auto board = TRY(board_maker(options, sinks));
    auto machine = TRY(Machine::create(std::move(journal), board));
    machine->restart_on_reset(options.rom.empty() && !options.no_reboot);
    if (options.restore.empty()) {
        post_first_inputs(options, *machine);
    } else {
        // RDRAND and the clock go on where they were: the checkpoint has them.
        TRY(machine->restore(options.restore));
    }
    return machine;
}

/// Attendants that look at the machine at instants which options name.
class Limits {
public:
    Limits(const RunOptions& options, const Machine& machine,
           const std::optional<fabric::VmInstant>& replay_end) {
        if (options.hash_every != 0) hashes_.emplace(options.hash_every, machine.retired());
        if (options.max_instructions != 0) limit_.emplace(options.max_instructions);
        if (replay_end) replay_end_.emplace(*replay_end);
    }

    void join(Session& session) {
        if (hashes_) session.add(*hashes_);
        if (replay_end_) session.add(*replay_end_);
        if (limit_) session.add(*limit_);
    }

private:
    std::optional<HashPrinter> hashes_;
    std::optional<ReplayEnd> replay_end_;
    std::optional<InstructionLimit> limit_;
};

void print_stats(Machine& machine, u64 started_ns) {
    const double seconds = static_cast<double>(fabric::host_steady_clock_ns() - started_ns) / 1e9;
    const auto& counters = machine.board().engine().counters();
    fmt::print(stderr,
               "instructions  {}\nseconds       {:.3f}\nMIPS          {:.1f}\nblocks built  {}\n"
               "decoded       {}\nslow          {}\ninvalidated   {}\ncache clears  {}\n",
               machine.retired(), seconds, static_cast<double>(machine.retired()) / seconds / 1e6,
               counters.blocks_built, counters.instructions_decoded, counters.slow_instructions,
               counters.blocks_invalidated, counters.cache_clears);
}

Result<> finish(const RunOptions& options, Machine& machine, Checkpoints& checkpoints) {
    if (machine.journal().diverged()) {
        return Error{
            "--replay " + options.replay +
            ": the run left the recorded one: another ROM, other options or another build"};
    }
    if (!options.record.empty()) {
        TRY(fabric::write_recording(options.record, machine.recording()));
    }
    return checkpoints.save_last(machine);
}

}  // namespace

Result<int> run_guest(const RunOptions& options) {
    // Whoever read the guest's output is gone: no reason to stop the guest.
    std::signal(SIGPIPE, SIG_IGN);
    StopSignals signals;
    auto recording = TRY(recording_of(options));
    std::optional<fabric::VmInstant> replay_end;
    if (recording) replay_end = recording->end;
    auto journal = recording ? std::make_unique<InputJournal>(std::move(*recording))
                             : std::make_unique<InputJournal>();
    const auto serial = TRY(serial_ports_of(options));
    const auto own_log = TRY(debug_console_of(options, *serial));
    DescriptorSink& log = own_log ? *own_log : *serial->on_standard_output();
    const auto networks = TRY(HostNetworks::open(options.networks, replay_end.has_value()));
    const auto machine =
        TRY(make_machine(options, {serial->sinks(), log, networks->lines()}, std::move(journal)));
    if (asks_for_trace_help(options.trace)) {
        print_trace_help(machine->board());
        return 0;
    }
    const auto trace = TRY(TraceOutput::start(options.trace, *machine));

    serial->connect(*machine);
    const u64 started = fabric::host_steady_clock_ns();
    Checkpoints checkpoints(options.saves);
    serial->terminal().add_command('s', "save a checkpoint", Checkpoints::save_now);
    Limits limits(options, *machine, replay_end);
    const bool typed_to = serial->terminal().interactive() && !machine->journal().replaying();
    const auto screen = TRY(ScreenAttendants::open(options, *machine, typed_to));
    Session session(*machine);
    Debugging debugging(session, serial->terminal(), screen->typist());
    TRY(debugging.serve_gdb(options));
    // Output first: what the guest wrote stands before what is said about it.
    serial->join(session);
    if (own_log) session.add(*own_log);
    session.add(signals);
    session.add(checkpoints);
    session.add(*networks);
    limits.join(session);
    if (trace) session.add(*trace);
    debugging.join(session);
    screen->join(session);
    const int status = session.run();
    if (trace) TRY(trace->finish());
    if (options.stats) print_stats(*machine, started);
    TRY(finish(options, *machine, checkpoints));
    return status;
}

}  // namespace frontends
