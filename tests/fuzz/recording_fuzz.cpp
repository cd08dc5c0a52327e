// SPDX-License-Identifier: BSD-2-Clause
//
// A recording's journal from anybody: read and in order, or refused; what is read can be replayed.
#include "fabric/host/recording_file.hpp"
#include "fabric/support/verify.hpp"

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    fabric::SnapshotWriter out = fabric::SnapshotWriter::in_memory("recording");
    VERIFY(out.add_section("journal", {data, size}).has_value());
    auto file = fabric::SnapshotFile::parse(std::move(out.finish_in_memory()).value(), "recording");
    VERIFY(file.has_value());
    auto recording = fabric::read_recording(file.value());
    if (!recording) return 0;

    const fabric::InputJournal::Recording read = recording.value();
    fabric::InputJournal journal(read);
    usize delivered = 0;
    for (const std::string& port : read.ports) {
        journal.add_port(port, [&](std::span<const u8>) { ++delivered; });
    }
    VERIFY(journal.check_fits(read.machine).has_value());
    while (const auto due = journal.next_due()) journal.deliver_due(*due);
    VERIFY(delivered == read.entries.size());
    VERIFY(!journal.diverged());
    return 0;
}
