// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/recording_file.hpp"

#include "fabric/state/saved_state.hpp"

namespace fabric {

namespace {

constexpr u64 largest_recording = u64{1} << 32;

struct SavedEntry {
    u64 ns = 0;
    u64 retired = 0;
    u16 port = 0;
    std::vector<u8> bytes;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "ns", state.ns);
        visit(2, "retired", state.retired);
        visit(3, "port", state.port);
        visit(4, "bytes", state.bytes);
    }
};

struct SavedRecording {
    std::string machine;
    std::vector<std::string> ports;
    std::vector<SavedEntry> entries;
    u64 end_ns = 0;
    u64 end_retired = 0;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "ports", state.ports);
        visit(2, "entries", state.entries);
        visit(3, "end_ns", state.end_ns);
        visit(4, "end_retired", state.end_retired);
        visit(5, "machine", state.machine);
    }
};

Result<InputJournal::Recording> checked(SavedRecording saved) {
    InputJournal::Recording recording{.machine = std::move(saved.machine),
                                      .ports = std::move(saved.ports),
                                      .end = {VmTime{saved.end_ns}, saved.end_retired}};
    VmInstant last;
    for (SavedEntry& entry : saved.entries) {
        const VmInstant when{VmTime{entry.ns}, entry.retired};
        if (!when.reached(last)) return Error{"the recording's entries are not in order"};
        if (entry.port >= recording.ports.size()) {
            return Error{"the recording has input for port " + std::to_string(entry.port) +
                         ", which it does not name"};
        }
        last = when;
        recording.entries.push_back({when, entry.port, std::move(entry.bytes)});
    }
    if (!recording.end.reached(last)) return Error{"the recording has input after its end"};
    return recording;
}

}  // namespace

Result<> write_recording(SnapshotWriter& out, const InputJournal::Recording& recording) {
    SavedRecording saved{.machine = recording.machine,
                         .ports = recording.ports,
                         .end_ns = recording.end.time.ns,
                         .end_retired = recording.end.retired};
    for (const InputJournal::Entry& entry : recording.entries) {
        saved.entries.push_back({entry.when.time.ns, entry.when.retired, entry.port, entry.bytes});
    }
    StateWriter state;
    state.write(saved);
    return out.add_section("journal", state.bytes());
}

Result<InputJournal::Recording> read_recording(const SnapshotFile& file) {
    const std::vector<u8> bytes = TRY(file.section("journal", largest_recording));
    SavedRecording saved;
    TRY(StateReader(bytes).read(saved));
    return checked(std::move(saved));
}

Result<> write_recording(const std::string& path, const InputJournal::Recording& recording) {
    SnapshotWriter out = TRY(SnapshotWriter::create(path, "recording"));
    TRY(write_recording(out, recording));
    return out.finish();
}

Result<InputJournal::Recording> read_recording(const std::string& path) {
    const SnapshotFile file = TRY(SnapshotFile::open(path, "recording"));
    auto recording = read_recording(file);
    if (!recording) return std::move(recording).error().within(path);
    return recording;
}

}  // namespace fabric
