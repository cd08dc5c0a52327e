// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/run_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <memory>

#include "fabric/host/file.hpp"
#include "fabric/host/recording_file.hpp"
#include "fabric/host/wall_clock.hpp"
#include "frontends/cli/drive_option.hpp"
#include "frontends/cli/post_mortem.hpp"
#include "frontends/headless/terminal.hpp"
#include "machine/board/pc.hpp"
#include "machine/board/tiny_board.hpp"
#include "machine/run/machine.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;
using machine::Machine;
using machine::RunOutcome;

namespace {

constexpr u64 input_interval = 2'000'000;  // Instructions between two looks at the keyboard.
constexpr int idle_wait_ms = 200;
constexpr int host_wait_ms = 500;  // Until another try where the host is out of room.

constexpr u64 largest_option_rom = 256 << 10;
constexpr u64 largest_kernel = u64{256} << 20;
constexpr u64 largest_initrd = u64{3} << 30;

constexpr int status_stopped = 2;   // By the user, or a limit.
constexpr int status_shutdown = 3;  // Triple fault.
constexpr int status_idle = 4;      // Halted for good.

/// An output the user named: stdout, stderr, none or a file.
class NamedSink final : public fabric::ByteSink {
public:
    static Result<std::unique_ptr<NamedSink>> open(const std::string& name) {
        int descriptor = -1;
        if (name == "stdout") descriptor = dup(STDOUT_FILENO);
        if (name == "stderr") descriptor = dup(STDERR_FILENO);
        const bool file = descriptor < 0 && name != "none";
        if (file) descriptor = ::open(name.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file && descriptor < 0) {
            return Error{"--debug-console " + name + ": " + std::strerror(errno) +
                         "; give stdout, stderr, none or a file that can be written"};
        }
        return std::unique_ptr<NamedSink>(new NamedSink(descriptor));
    }
    ~NamedSink() override {
        sink_.flush();
        if (descriptor_ >= 0) close(descriptor_);
    }
    void accept(u8 byte) override {
        if (descriptor_ >= 0) sink_.accept(byte);
    }
    void flush() { sink_.flush(); }

private:
    explicit NamedSink(int descriptor) : descriptor_(descriptor), sink_(descriptor) {}
    int descriptor_;
    DescriptorSink sink_;
};

void print_notice(const std::string& text) { fmt::print(stderr, "satori: {}\n", text); }

/// 0 stays 0; other values end the process as they would end QEMU.
int status_of_exit(u32 value) { return value == 0 ? 0 : static_cast<int>((value << 1 | 1) & 0xff); }

Result<std::unique_ptr<fabric::InputJournal>> make_journal(const RunOptions& options) {
    if (options.replay.empty()) return std::make_unique<fabric::InputJournal>();
    auto recording = fabric::read_recording(options.replay);
    if (!recording) return std::move(recording).error().within("--replay");
    return std::make_unique<fabric::InputJournal>(std::move(recording).value());
}

/// A file that an option names, or an error that names both.
Result<std::vector<u8>> file_of(const std::string& option, const std::string& path, u64 largest) {
    auto bytes = fabric::read_whole_file(path, largest);
    if (!bytes) return std::move(bytes).error().within(option);
    return bytes;
}

Result<u64> memory_of(const RunOptions& options, const std::string& by_default) {
    auto memory = parse_size(options.memory.empty() ? by_default : options.memory);
    if (!memory) return std::move(memory).error().within("--memory");
    return memory;
}

Result<machine::TinyConfig> make_tiny_config(const RunOptions& options) {
    return machine::TinyConfig{
        .rom = TRY(file_of("--rom", options.rom, machine::TinyBoard::largest_rom)),
        .ram_bytes = TRY(memory_of(options, "64M")),
        .cpu = options.cpu};
}

Result<machine::PcConfig> make_pc_config(const RunOptions& options) {
    machine::PcConfig config{.ram_bytes = TRY(memory_of(options, "512M")),
                             .processors = options.cpus,
                             .cpu = options.cpu};
    config.firmware = TRY(file_of("--bios", options.bios, machine::Pc::largest_firmware));
    if (options.video_bios != "none") {
        config.video_bios = TRY(file_of("--vgabios", options.video_bios, largest_option_rom));
    }
    for (const std::string& disk : options.disks) config.disks.push_back(TRY(parse_disk(disk)));
    for (const std::string& cdrom : options.cdroms) {
        config.cdroms.push_back(TRY(parse_cdrom(cdrom)));
    }
    if (options.kernel.empty()) {
        if (options.initrd.empty() && options.append.empty()) return config;
        return Error{"--initrd and --append go with --kernel: name a kernel"};
    }
    config.kernel = machine::DirectBootConfig{.command_line = options.append};
    config.kernel->kernel = TRY(file_of("--kernel", options.kernel, largest_kernel));
    if (!options.initrd.empty()) {
        config.kernel->initrd = TRY(file_of("--initrd", options.initrd, largest_initrd));
    }
    return config;
}

Result<machine::MakeBoard> board_maker(const RunOptions& options, DescriptorSink& serial,
                                       NamedSink& debug) {
    if (!options.rom.empty()) {
        if (!options.disks.empty() || !options.cdroms.empty()) {
            return Error{"--disk and --cdrom are for the PC; the machine of --rom has no drives"};
        }
        return machine::TinyBoard::maker(TRY(make_tiny_config(options)), {serial, debug});
    }
    return machine::Pc::maker(TRY(make_pc_config(options)), {serial, debug, print_notice});
}

/// Nanoseconds since 1970.
Result<i64> wall_clock_of(const std::string& text) {
    if (text == "host") return fabric::host_wall_clock_ns();
    std::tm parts{};
    const char* const end = strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
    if (!end || *end != '\0') {
        return Error{"--rtc " + text + ": write host, or UTC like 2026-01-31T12:00:00"};
    }
    return i64{timegm(&parts)} * 1'000'000'000;
}

/// What a machine finds when it is switched on.
Result<> post_first_inputs(const RunOptions& options, Machine& machine) {
    std::array<u8, 8> seed;
    for (usize i = 0; i < seed.size(); ++i) {
        seed[i] = static_cast<u8>(options.seed >> (56 - 8 * i));
    }
    machine.journal().post(machine.board().entropy_input(), seed);
    if (const auto* pc = dynamic_cast<const machine::Pc*>(&machine.board())) {
        const auto ns = static_cast<u64>(TRY(wall_clock_of(options.rtc)));
        std::array<u8, 8> bytes;
        for (usize i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<u8>(ns >> (8 * i));
        machine.journal().post(pc->wall_clock_input(), bytes);
    }
    return {};
}

/// The guest and the terminal, turn by turn.
class Session {
public:
    Session(const RunOptions& options, Machine& machine, DescriptorSink& serial, NamedSink& debug)
        : options_(options), machine_(machine), serial_(serial), debug_(debug) {}

    int run();

private:
    u64 next_stop() const;
    std::optional<int> look_at(RunOutcome outcome);
    void print_hash() const;
    void note_whether_host_is_awaited(bool awaits);

    const RunOptions& options_;
    Machine& machine_;
    DescriptorSink& serial_;
    NamedSink& debug_;
    Terminal terminal_;
    u64 next_hash_ = 0;
    bool idle_ = false;
    bool awaits_host_ = false;
};

u64 Session::next_stop() const {
    u64 stop = machine_.retired() + input_interval;
    if (options_.max_instructions != 0) stop = std::min(stop, options_.max_instructions);
    if (options_.hash_every != 0) stop = std::min(stop, next_hash_);
    return stop;
}

void Session::print_hash() const {
    fmt::print(stderr, "hash {} {:016x}\n", machine_.retired(), machine_.state_hash());
}

/// The guest does not notice; the person must.
void Session::note_whether_host_is_awaited(bool awaits) {
    if (awaits != awaits_host_) {
        print_notice(awaits ? machine_.board().host_trouble() +
                                  "; the guest waits, and goes on when there is room"
                            : "there is room; the guest goes on");
    }
    awaits_host_ = awaits;
}

std::optional<int> Session::look_at(RunOutcome outcome) {
    idle_ = false;
    switch (outcome) {
        case RunOutcome::GuestExit: return status_of_exit(machine_.board().request()->value);
        case RunOutcome::Shutdown:
            print_post_mortem(machine_.board(), "triple fault: the processor has shut down");
            return status_shutdown;
        case RunOutcome::PowerOff: return 0;
        case RunOutcome::Reset: return status_stopped;
        case RunOutcome::Idle: idle_ = true; break;
        case RunOutcome::AwaitsHost: return std::nullopt;
        case RunOutcome::StopRequested: return status_stopped;
        case RunOutcome::LimitReached: break;
    }
    if (options_.max_instructions != 0 && machine_.retired() >= options_.max_instructions) {
        fmt::print(stderr, "satori: stopped after {} instructions, as --max-instructions says\n",
                   machine_.retired());
        return status_stopped;
    }
    return std::nullopt;
}

int Session::run() {
    next_hash_ = machine_.retired();
    while (true) {
        if (options_.hash_every != 0 && machine_.retired() >= next_hash_) {
            print_hash();
            next_hash_ += options_.hash_every;
        }
        if (awaits_host_) machine_.board().retry_host();
        const RunOutcome outcome = machine_.run_until(next_stop());
        note_whether_host_is_awaited(outcome == RunOutcome::AwaitsHost);
        const auto status = look_at(outcome);
        serial_.flush();
        debug_.flush();
        if (status) return *status;
        const auto input = terminal_.read(awaits_host_ ? host_wait_ms : idle_ ? idle_wait_ms : 0);
        if (input.leave) return status_stopped;
        if (!input.to_guest.empty()) {
            machine_.journal().post(machine_.board().serial_input(), input.to_guest);
        }
        if (idle_ && input.at_end && !machine_.journal().has_posts()) {
            fmt::print(stderr,
                       "satori: the guest has halted for good, and no input is left to wake it\n");
            return status_idle;
        }
    }
}

void print_stats(const Machine& machine, u64 started_ns) {
    const double seconds = static_cast<double>(fabric::host_steady_clock_ns() - started_ns) / 1e9;
    const auto& counters = const_cast<Machine&>(machine).board().engine().counters();
    fmt::print(stderr,
               "instructions  {}\nseconds       {:.3f}\nMIPS          {:.1f}\nblocks built  {}\n"
               "decoded       {}\nslow          {}\ninvalidated   {}\ncache clears  {}\n",
               machine.retired(), seconds, static_cast<double>(machine.retired()) / seconds / 1e6,
               counters.blocks_built, counters.instructions_decoded, counters.slow_instructions,
               counters.blocks_invalidated, counters.cache_clears);
}

Result<> finish(const RunOptions& options, Machine& machine) {
    if (machine.journal().diverged()) {
        return Error{
            "--replay " + options.replay +
            ": the run left the recorded one: another ROM, other options or another build"};
    }
    if (!options.record.empty()) {
        TRY(fabric::write_recording(options.record, machine.recording()));
    }
    if (!options.save.empty()) TRY(machine.save(options.save));
    return {};
}

}  // namespace

Result<u64> parse_size(const std::string& text) {
    usize digits = 0;
    u64 value = 0;
    while (digits < text.size() && text[digits] >= '0' && text[digits] <= '9' && digits < 15) {
        value = value * 10 + static_cast<u64>(text[digits++] - '0');
    }
    const std::string unit = text.substr(digits);
    const auto shift = unit.empty()                 ? 0
                       : unit == "K" || unit == "k" ? 10
                       : unit == "M" || unit == "m" ? 20
                       : unit == "G" || unit == "g" ? 30
                                                    : -1;
    if (digits == 0 || shift < 0 || value > (u64{1} << 50 >> shift)) {
        return Error{"'" + text + "' is no size; write it like 64M, 2G or 65536"};
    }
    return value << shift;
}

Result<int> run_guest(const RunOptions& options) {
    if (options.engine != "interpreter") {
        return Error{"--engine " + options.engine + ": there is 'interpreter'"};
    }
    auto journal = TRY(make_journal(options));
    DescriptorSink serial(STDOUT_FILENO);
    auto debug = TRY(NamedSink::open(options.debug_console));
    const auto board = TRY(board_maker(options, serial, *debug));
    auto machine = TRY(Machine::create(std::move(journal), board));
    machine->restart_on_reset(options.rom.empty() && !options.no_reboot);
    if (options.restore.empty()) {
        TRY(post_first_inputs(options, *machine));
    } else {
        // RDRAND and the clock go on where they were: the checkpoint has them.
        TRY(machine->restore(options.restore));
    }

    const u64 started = fabric::host_steady_clock_ns();
    const int status = Session(options, *machine, serial, *debug).run();
    if (options.stats) print_stats(*machine, started);
    TRY(finish(options, *machine));
    return status;
}

}  // namespace frontends
