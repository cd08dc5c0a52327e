// SPDX-License-Identifier: BSD-2-Clause
#include "machine/run/checkpoint_info.hpp"

#include "hyperv/tlfs/guest_os_id.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "machine/run/checkpoint_sections.hpp"
#include "machine/run/machine.hpp"

namespace machine {

using fabric::Result;
using fabric::StateReader;

namespace {

Result<u64> ram_bytes_in(const fabric::SnapshotFile& file) {
    u64 bytes = 0;
    TRY(file.read_section(checkpoint::ram, [&](std::span<const u8> piece) -> Result<> {
        bytes += piece.size();
        return {};
    }));
    return bytes / checkpoint::page_record * fabric::page_size;
}

}  // namespace

Result<CheckpointInfo> checkpoint_info(const fabric::SnapshotFile& file) {
    using checkpoint::read_from;
    CheckpointInfo info;
    Machine::Schedule schedule;
    TRY(read_from(file, checkpoint::machine, [&](auto& in) { return in.read(info.machine); }));
    TRY(read_from(file, checkpoint::schedule, [&](auto& in) { return in.read(schedule); }));
    const auto clock = TRY(checkpoint::read_clock(file, schedule.retired));
    info.when = {clock.time_at(schedule.retired), schedule.retired};
    info.state_hash = TRY(checkpoint::read_hash(file));
    info.stored_ram_bytes = TRY(ram_bytes_in(file));
    if (!info.machine.hyperv.empty()) {
        hyperv::Partition::State partition;
        TRY(read_from(file, "hyperv", [&](auto& in) { return in.read(partition); }));
        info.guest = hyperv::describe_guest_os(partition.guest_os_id);
        info.crash = partition.crash_text;
    }
    return info;
}

}  // namespace machine
