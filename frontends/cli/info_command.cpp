// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/info_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "cpu/core/models/cpu_model.hpp"
#include "fabric/host/recording_file.hpp"
#include "fabric/state/snapshot_file.hpp"
#include "frontends/cli/checkpoint_command.hpp"
#include "frontends/cli/image_format.hpp"
#include "frontends/cli/option_table.hpp"
#include "frontends/cli/vm_file.hpp"
#include "hyperv/tlfs/features.hpp"
#include "machine/board/board.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

struct Firmware {
    std::string_view what;
    std::string path;
};

std::string describe_firmware() {
    const RunOptions standard;
    std::string text;
    for (const auto& [what, path] :
         {Firmware{"BIOS", standard.bios}, Firmware{"VGA BIOS", standard.vgabios}}) {
        const bool found = access(path.c_str(), R_OK) == 0;
        text += fmt::format("  {:<10} {}{}\n", what, path,
                            found ? "" : "  missing: apt-get install seabios");
    }
    return text;
}

std::string indented(const std::string& lines) {
    std::string text;
    for (usize start = 0; start < lines.size();) {
        const usize end = lines.find('\n', start);
        text += "  " + lines.substr(start, end - start) + "\n";
        start = end + 1;
    }
    return text;
}

/// The value, and that the file it names is not there.
std::string describe_value(const Option& option, const GivenOption::Value& value) {
    std::string text = fmt::format("  {:<18} {}", option.name, value.text);
    const bool is_word =
        std::ranges::find(option.words, value.text) != option.words.end() || value.text.empty();
    if (option.path == PathIn::Whole && !is_word && access(value.text.c_str(), F_OK) != 0) {
        text += "  (there is no such file yet)";
    }
    return text + "\n";
}

Result<std::string> describe_vm(const std::string& path) {
    const std::vector<GivenOption> given = TRY(read_vm_file(path));
    TRY(options_of(given, {}));
    std::string text = fmt::format("{}: a virtual machine\n", path);
    for (const Option& option : run_option_table()) {
        for (const auto& [its_option, values] : given) {
            if (its_option != &option) continue;
            for (const auto& value : values) text += describe_value(option, value);
        }
    }
    return text;
}

Result<std::string> describe_recording(const std::string& path) {
    const auto recording = TRY(fabric::read_recording(path));
    std::string text = fmt::format(
        "{}: a recording\n  machine    {}\n  length     {:.9f} s of virtual time, {} instructions\n"
        "  inputs     {}\n",
        path, recording.machine, static_cast<double>(recording.end.time.ns) / 1e9,
        recording.end.retired, recording.entries.size());
    for (usize port = 0; port < recording.ports.size(); ++port) {
        const auto entries = std::ranges::count(recording.entries, static_cast<u16>(port),
                                                &fabric::InputJournal::Entry::port);
        if (entries != 0) text += fmt::format("    {:<14} {}\n", recording.ports[port], entries);
    }
    return text;
}

/// What a file begins with, and how large it is.
struct FileStart {
    std::vector<u8> bytes;
    u64 size = 0;
    bool is_folder = false;
};

Result<FileStart> start_of(const std::string& path) {
    const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return Error{path + ": " + std::strerror(errno)};
    FileStart start{.bytes = std::vector<u8>(image_format::enough_bytes)};
    struct stat found {};
    fstat(descriptor, &found);
    start.is_folder = S_ISDIR(found.st_mode);
    start.size = static_cast<u64>(found.st_size);
    const ssize_t count = pread(descriptor, start.bytes.data(), start.bytes.size(), 0);
    start.bytes.resize(count < 0 ? 0 : static_cast<usize>(count));
    close(descriptor);
    return start;
}

}  // namespace

std::string describe_models() {
    std::string text;
    for (const auto& [model, is_default, obstacle] : machine::offered_models()) {
        text += fmt::format("{:<12} {}{}\n", model.name, model.description,
                            is_default ? " (default)" : "");
        if (!obstacle.empty()) {
            text += fmt::format("{:<12}   not on this host: {}\n", "", obstacle);
        }
    }
    return text;
}

std::string describe_hyperv() {
    const auto presets = hyperv::presets();
    std::string text = "Presets:\n";
    for (const hyperv::Preset& each : presets) {
        text += fmt::format("  {:<19} {}\n", each.name, each.description);
    }
    text += "\nFeatures, and the presets that they are in:\n";
    for (const hyperv::FeatureRow& row : hyperv::feature_table()) {
        std::string in;
        for (const hyperv::Preset& each : presets) {
            if (!each.features.has(row.feature)) continue;
            in += in.empty() ? "" : ", ";
            in += each.name;
        }
        text += fmt::format("  {:<19} {} ({})\n", row.name, row.description, in);
    }
    return text;
}

std::string describe_host() {
    const u64 page = static_cast<u64>(sysconf(_SC_PAGESIZE));
    const auto mib_of = [page](int name) { return static_cast<u64>(sysconf(name)) * page >> 20; };
    return fmt::format(
        "satori 0.1\n\nEngines:\n  {:<10} exact, deterministic\n\nProcessor models:\n{}\n"
        "Firmware:\n{}\nThis host:\n  memory     {} MiB, {} MiB of it free\n  processors {}\n",
        "interpreter", indented(describe_models()), describe_firmware(), mib_of(_SC_PHYS_PAGES),
        mib_of(_SC_AVPHYS_PAGES), sysconf(_SC_NPROCESSORS_ONLN));
}

Result<std::string> describe_file(const std::string& path) {
    const FileStart start = TRY(start_of(path));
    if (start.is_folder || path.ends_with(".toml")) return describe_vm(path);
    const auto kind = fabric::SnapshotFile::kind_at(start.bytes);
    if (kind == "recording") return describe_recording(path);
    if (kind) return describe_checkpoint(path);
    return fmt::format("{}: {}", path, image_format::describe(start.bytes, start.size));
}

}  // namespace frontends
