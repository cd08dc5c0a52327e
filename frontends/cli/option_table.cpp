// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/option_table.hpp"

#include <algorithm>

#include "frontends/cli/boot_option.hpp"
#include "frontends/cli/drive_option.hpp"
#include "frontends/cli/gdb_option.hpp"
#include "frontends/cli/net_option.hpp"
#include "frontends/cli/option_values.hpp"
#include "frontends/screen/timed_text.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

constexpr OptionGroup machine_group{"Machine", "machine"};
constexpr OptionGroup boot_group{"What it starts", "boot"};
constexpr OptionGroup drives_group{"Drives", ""};
constexpr OptionGroup network_group{"Network", ""};
constexpr OptionGroup console_group{"Screen and consoles", "console"};
constexpr OptionGroup run_group{"The run", "run"};
constexpr OptionGroup trace_group{"Traces", "trace"};
constexpr OptionGroup debug_group{"Debugging", "debug"};

Result<std::string> parse_engine(const std::string& text) {
    if (text == "interpreter") return text;
    return Error{"'" + text + "': there is 'interpreter'"};
}

Result<std::optional<i64>> parse_rtc(const std::string& text) {
    if (text == "host") return std::optional<i64>{};
    return std::optional<i64>(TRY(parse_utc(text)));
}

Result<CheckpointOrder> parse_save(const std::string& text) {
    TimedText parts = TRY(parse_timed_text(text));
    if (parts.text.empty()) return Error{"'" + text + "': name the file to write"};
    return CheckpointOrder{std::move(parts.text), parts.time};
}

Result<Display> parse_display(const std::string& text) {
    if (text == "sdl") return Display::Sdl;
    if (text == "none") return Display::None;
    if (text == "auto") return Display::Automatic;
    return Error{"'" + text + "': there are sdl, none and auto"};
}

Result<std::optional<bool>> parse_pace(const std::string& text) {
    return std::optional<bool>(TRY(parse_switch(text)));
}

Result<std::optional<u64>> parse_memory(const std::string& text) {
    return std::optional<u64>(TRY(parse_size(text)));
}

Result<std::optional<hyperv::FeatureSet>> parse_hyperv(const std::string& text) {
    return std::optional(TRY(hyperv::parse_features(text)));
}

Result<> set_net(RunOptions& options, const std::string& text) {
    return add_network(options.networks, text);
}

std::vector<Option> machine_options() {
    using O = RunOptions;
    return {
        {"memory", "SIZE", &machine_group, "RAM, such as 64M or 2G (a PC without it: 512M)",
         set_by(&O::memory, parse_memory)},
        {"cpus", "N", &machine_group, "how many processors, 1 to 64 (1)", set_number(&O::cpus)},
        {"cpu", "MODEL", &machine_group,
         "processor model; 'satori cpus' lists them (the best that the host can do)",
         set_text(&O::cpu)},
        {.name = "engine",
         .value = "NAME",
         .group = &machine_group,
         .help = "what executes instructions (interpreter)",
         .set = set_by(&O::engine, parse_engine),
         .words = {"interpreter"}},
        {.name = "hyperv",
         .value = "WHAT[,FEATURE...]",
         .group = &machine_group,
         .help = "which Hyper-V the guest finds: off, minimal, windows or full, and features more "
                 "(+crash) or less (-reset); 'satori hyperv' lists them (a PC: windows)",
         .set = set_by(&O::hyperv, parse_hyperv),
         .words = {"off", "minimal", "windows", "full"}},
        {.name = "rtc",
         .value = "TIME",
         .group = &machine_group,
         .help = "what the clock shows at power-on: host, or UTC as 2026-01-31T12:00:00 (host)",
         .set = set_by(&O::rtc_ns, parse_rtc),
         .words = {"host"}},
        {"seed", "N", &machine_group,
         "seed of the numbers that RDRAND gives; a checkpoint has its own (1)",
         set_number(&O::seed)},
        {"no-reboot", "", &machine_group, "end where the guest would start again",
         set_switch(&O::no_reboot)},
    };
}

std::vector<Option> boot_options() {
    using O = RunOptions;
    return {
        {.name = "kernel",
         .value = "FILE",
         .group = &boot_group,
         .help = "a Linux kernel to boot (bzImage), without any drive",
         .set = set_text(&O::kernel),
         .path = PathIn::Whole},
        {.name = "initrd",
         .value = "FILE",
         .group = &boot_group,
         .help = "its initial RAM disk",
         .set = set_text(&O::initrd),
         .path = PathIn::Whole},
        {"append", "TEXT", &boot_group, "its command line", set_text(&O::append)},
        {.name = "boot",
         .value = "WHAT[,WHAT...]",
         .group = &boot_group,
         .help = "what to try to boot from, in this order: disk, cdrom, network (disk,cdrom)",
         .set = set_by(&O::boot_order, parse_boot_order),
         .words = {"disk", "cdrom", "network"}},
        {.name = "bios",
         .value = "FILE",
         .group = &boot_group,
         .help = "the PC's firmware (Debian's SeaBIOS)",
         .set = set_text(&O::bios),
         .path = PathIn::Whole},
        {.name = "vgabios",
         .value = "FILE",
         .group = &boot_group,
         .help = "the display's firmware, or none (Debian's)",
         .set = set_text(&O::vgabios),
         .path = PathIn::Whole,
         .words = {"none"}},
        {.name = "rom",
         .value = "FILE",
         .group = &boot_group,
         .help = "instead of a PC, a bare processor that starts in the last 16 bytes of this",
         .set = set_text(&O::rom),
         .path = PathIn::Whole},
        {.name = "disk",
         .value = "FILE[,snapshot=on]",
         .group = &drives_group,
         .help = "a raw image as the next IDE disk; with snapshot=on nothing is written to it",
         .set = add_by(&O::disks, parse_disk),
         .repeatable = true,
         .path = PathIn::Head,
         .keys = {"file", "snapshot", "if"}},
        {.name = "cdrom",
         .value = "FILE",
         .group = &drives_group,
         .help = "an image as a CD, the master of the second channel where it is free",
         .set = add_by(&O::cdroms, parse_cdrom),
         .repeatable = true,
         .path = PathIn::Head,
         .keys = {"file"}},
        {.name = "net",
         .value = "user[,KEY=VALUE...]",
         .group = &network_group,
         .help = "a network adapter (e1000) behind address translation: DHCP gives the guest "
                 "10.0.2.15, the host is 10.0.2.2. Keys: hostfwd=tcp:HOST:PORT-GUEST:PORT (or udp; "
                 "tcp::8080-:80), mac=, capture=FILE (pcapng), tftp=FOLDER, bootfile=NAME, "
                 "rom=FILE, restrict=on, ipv6=on; none: no adapters",
         .set = set_net,
         .repeatable = true,
         .words = {"user", "none"},
         .keys = {"type", "hostfwd", "mac", "capture", "tftp", "bootfile", "rom", "restrict",
                  "ipv6", "model"},
         .path_keys = {"capture", "tftp", "rom"}},
    };
}

std::vector<Option> console_options() {
    using O = RunOptions;
    return {
        {.name = "serial",
         .value = "WHERE",
         .group = &console_group,
         .help = "the next of COM1 to COM4: stdio, none, pty, file:PATH, tcp:[ADDRESS:]PORT or "
                 "unix:PATH, where it listens (COM1: stdio)",
         .set = add_by(&O::serial, parse_serial),
         .repeatable = true,
         .path = PathIn::AfterColon,
         .words = {"stdio", "none", "pty", "file:", "tcp:", "unix:"}},
        {.name = "display",
         .value = "WHAT",
         .group = &console_group,
         .help = "sdl: a window; none; auto: a window where there is a display (auto)",
         .set = set_by(&O::display, parse_display),
         .words = {"sdl", "none", "auto"}},
        {"headless", "", &console_group, "as --display none", set_switch(&O::headless)},
        {.name = "pace",
         .value = "on|off",
         .group = &console_group,
         .help =
             "whether the guest's time may not outrun yours (on with a window, a network or at a "
             "terminal)",
         .set = set_by(&O::pace, parse_pace),
         .words = {"on", "off"}},
        {.name = "screenshot",
         .value = "FILE[@TIME]",
         .group = &console_group,
         .help = "the screen as a PNG, at this virtual time (12.5, 500ms, 2m) or at the end",
         .set = add_by(&O::screenshots, parse_screenshot),
         .repeatable = true,
         .path = PathIn::Head},
        {.name = "type",
         .value = "TEXT[@TIME]",
         .group = &console_group,
         .help =
             "type this on the keyboard from this virtual time on; \\n is Enter, other keys are "
             "written <f2>, <ctrl-alt-del>, <wait 500ms>",
         .set = add_by(&O::typed, parse_typed_text),
         .repeatable = true},
        {.name = "debug-console",
         .value = "WHERE",
         .group = &console_group,
         .help =
             "where the firmware's log and bytes written to port E9 go: stdout, stderr, none or "
             "a file (stdout)",
         .set = set_text(&O::debug_console),
         .path = PathIn::Whole,
         .words = {"stdout", "stderr", "none"}},
    };
}

std::vector<Option> run_options() {
    using O = RunOptions;
    return {
        {.name = "restore",
         .value = "FILE",
         .group = &run_group,
         .help = "start from this checkpoint",
         .set = set_text(&O::restore),
         .path = PathIn::Whole},
        {.name = "save",
         .value = "FILE[@TIME]",
         .group = &run_group,
         .help = "write a checkpoint to this file at this virtual time (12.5, 500ms, 2m) or at the "
                 "end, however it comes",
         .set = add_by(&O::saves, parse_save),
         .repeatable = true,
         .path = PathIn::Head},
        {.name = "record",
         .value = "FILE",
         .group = &run_group,
         .help = "write all input to this file",
         .set = set_text(&O::record),
         .path = PathIn::Whole},
        {.name = "replay",
         .value = "FILE",
         .group = &run_group,
         .help = "take all input from such a file",
         .set = set_text(&O::replay),
         .path = PathIn::Whole},
        {"max-instructions", "N", &run_group, "stop after so many (0: never)",
         set_number(&O::max_instructions)},
        {"hash-every", "N", &run_group,
         "print a hash of the whole state every so many instructions (0: never)",
         set_number(&O::hash_every)},
        {"stats", "", &run_group, "print instruction counts and speed at the end",
         set_switch(&O::stats)},
    };
}

template <class Value, class Parse>
std::function<Result<>(RunOptions&, const std::string&)> set_limit(
    Value fabric::TraceFilter::*member, Parse parse) {
    return set_in(
        &RunOptions::trace,
        set_in(&TraceOptions::limits, SetOption<fabric::TraceFilter>(set_by(member, parse))));
}

Result<std::optional<u8>> parse_ring(const std::string& text) {
    const u64 ring = TRY(parse_number(text));
    if (ring > 3) return Error{"'" + text + "': rings are 0 to 3"};
    return std::optional(static_cast<u8>(ring));
}

Result<std::optional<u32>> parse_processor(const std::string& text) {
    constexpr u64 most = 0xffff;  // The machine's own number is checked with the machine.
    return std::optional(static_cast<u32>(std::min(TRY(parse_number(text)), most)));
}

Result<std::optional<fabric::TracePoint>> parse_point(const std::string& text) {
    return std::optional(TRY(fabric::parse_trace_point(text)));
}

/// Records that are kept are held in memory.
Result<u64> parse_buffer(const std::string& text) {
    constexpr u64 most = 10'000'000;
    const u64 records = TRY(parse_number(text));
    if (records > most) return Error{"'" + text + "' is too large: at most 10000000 are kept"};
    return records;
}

std::vector<Option> trace_options() {
    using Filter = fabric::TraceFilter;
    using Trace = TraceOptions;
    const auto in_trace = [](SetOption<Trace> set) {
        return set_in(&RunOptions::trace, std::move(set));
    };
    return {
        {.name = "trace",
         .value = "WORDS",
         .group = &trace_group,
         .help = "what to show, like exceptions,com1; 'help' lists the words",
         .set = in_trace(set_text(&Trace::list)),
         .words = {"help", "all", "instructions", "exceptions", "interrupts", "ports", "mmio"}},
        {.name = "trace-file",
         .value = "FILE",
         .group = &trace_group,
         .help = "where to (standard error)",
         .set = in_trace(set_text(&Trace::file)),
         .path = PathIn::Whole},
        {.name = "trace-range",
         .value = "A-B",
         .group = &trace_group,
         .help = "only these addresses (code, ports, memory, MSRs), in hexadecimal; also A+LENGTH",
         .set = set_in(&RunOptions::trace,
                       set_in(&Trace::limits, SetOption<Filter>(add_by(
                                                  &Filter::ranges, fabric::parse_trace_range)))),
         .repeatable = true},
        {"trace-ring", "N", &trace_group, "only in this ring, 0 to 3",
         set_limit(&Filter::ring, parse_ring)},
        {"trace-cpu", "N", &trace_group, "only on this processor",
         set_limit(&Filter::processor, parse_processor)},
        {"trace-from", "WHEN", &trace_group,
         "not before so many instructions, or a virtual time like 1.5s or 20ms",
         set_limit(&Filter::from, parse_point)},
        {"trace-until", "WHEN", &trace_group, "not after", set_limit(&Filter::until, parse_point)},
        {"trace-count", "N", &trace_group, "so many events, and no more (0: all)",
         set_limit(&Filter::count, parse_number)},
        {"trace-buffer", "N", &trace_group,
         "keep the last N events in memory, and show them after a triple fault or another bad end",
         in_trace(set_by(&Trace::buffer, parse_buffer))},
    };
}

std::vector<Option> debug_options() {
    using O = RunOptions;
    return {
        {.name = "gdb",
         .value = "PORT[,arch=x86-64|i386|i8086]",
         .group = &debug_group,
         .help = "serve GDB on this TCP port of this host ('target remote :PORT'); arch is what it "
                 "takes the code for (x86-64)",
         .set = set_by(&O::gdb, parse_gdb)},
        {"gdb-wait", "", &debug_group, "with --gdb: do not start before GDB says so",
         set_switch(&O::gdb_wait)},
    };
}

std::vector<Option> whole_table() {
    std::vector<Option> table = machine_options();
    for (auto& part :
         {boot_options(), console_options(), run_options(), trace_options(), debug_options()}) {
        table.insert(table.end(), part.begin(), part.end());
    }
    return table;
}

Result<> set(RunOptions& options, const GivenOption& given) {
    for (const auto& [text, where] : given.values) {
        auto outcome = given.option->set(options, text);
        if (!outcome) return std::move(outcome).error().within(where);
    }
    return {};
}

}  // namespace

std::span<const Option> run_option_table() {
    static const std::vector<Option> table = whole_table();
    return table;
}

Result<RunOptions> options_of(const std::vector<GivenOption>& file,
                              const std::vector<GivenOption>& command_line) {
    RunOptions options;
    for (const GivenOption& given : file) {
        if (std::ranges::find(command_line, given.option, &GivenOption::option) ==
            command_line.end()) {
            TRY(set(options, given));
        }
    }
    for (const GivenOption& given : command_line) TRY(set(options, given));
    return options;
}

}  // namespace frontends
