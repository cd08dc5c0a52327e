// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/checkpoint_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <vector>

#include "fabric/state/snapshot_file.hpp"
#include "machine/run/checkpoint_info.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;
using fabric::SnapshotFile;
using machine::CheckpointInfo;

namespace {

constexpr std::string_view kind = "checkpoint";

Result<CheckpointInfo> info_of(const std::string& path) {
    const SnapshotFile file = TRY(SnapshotFile::open(path, kind));
    auto info = machine::checkpoint_info(file);
    if (!info) return std::move(info).error().within(path);
    return info;
}

u64 size_of(const std::filesystem::path& path) {
    std::error_code trouble;
    const auto size = std::filesystem::file_size(path, trouble);
    return trouble ? 0 : size;
}

double seconds_of(const CheckpointInfo& info) {
    return static_cast<double>(info.when.time.ns) / 1e9;
}

bool starts_as_checkpoint(const std::filesystem::path& path) {
    std::array<char, 64> start{};
    std::ifstream file(path, std::ios::binary);
    file.read(start.data(), start.size());
    const auto* const bytes = reinterpret_cast<const u8*>(start.data());
    return SnapshotFile::kind_at({bytes, static_cast<usize>(file.gcount())}) == kind;
}

std::string line_of(const std::string& path) {
    auto info = info_of(path);
    const std::string name = std::filesystem::path(path).filename();
    if (!info) return fmt::format("{:<28} {}\n", name, info.error().message);
    const CheckpointInfo& found = info.value();
    return fmt::format("{:<28} {:>8.1f} {:>14.6f} {:>15}  {:016x}  {}\n", name,
                       static_cast<double>(size_of(path)) / (1 << 20), seconds_of(found),
                       found.when.retired, found.state_hash, machine::text_of(found.machine));
}

}  // namespace

Result<std::string> describe_checkpoint(const std::string& path) {
    const CheckpointInfo info = TRY(info_of(path));
    const auto& identity = info.machine;
    std::string guest;
    if (!info.guest.empty()) guest = fmt::format("  guest      {}\n", info.guest);
    if (!info.crash.empty()) guest += fmt::format("  crash      {}\n", info.crash);
    return fmt::format(
        "{}: a checkpoint\n"
        "  machine    {}\n{}"
        "  time       {:.9f} s of virtual time, {} instructions\n"
        "  state      {:016x}\n"
        "  memory     {:.1f} MiB of {} MiB are not zero\n"
        "  file       {:.1f} MiB\n"
        "  restore    satori run --restore {} --memory {}M --cpus {} --cpu {}, and what else the "
        "machine was started with\n",
        path, machine::text_of(identity), guest, seconds_of(info), info.when.retired,
        info.state_hash, static_cast<double>(info.stored_ram_bytes) / (1 << 20),
        identity.ram_bytes >> 20, static_cast<double>(size_of(path)) / (1 << 20), path,
        identity.ram_bytes >> 20, identity.processors, identity.model);
}

Result<std::string> list_checkpoints(const std::string& folder) {
    std::error_code trouble;
    std::vector<std::string> paths;
    for (const auto& entry : std::filesystem::directory_iterator(folder, trouble)) {
        std::error_code ignored;
        if (entry.is_regular_file(ignored) && starts_as_checkpoint(entry.path())) {
            paths.push_back(entry.path());
        }
    }
    if (trouble) return Error{folder + ": " + trouble.message()};
    if (paths.empty()) return folder + ": no checkpoints\n";
    std::ranges::sort(paths);
    std::string text = fmt::format("{:<28} {:>8} {:>14} {:>15}  {:<16}  {}\n", "file", "MiB",
                                   "seconds", "instructions", "state", "machine");
    for (const std::string& path : paths) text += line_of(path);
    return text;
}

}  // namespace frontends
