// SPDX-License-Identifier: BSD-2-Clause
//
// A checkpoint from anybody: read whole, or refused. The fuzzer cannot guess check sums, so the end
// of the file is made to fit what it invented.
#include "fabric/state/snapshot_file.hpp"

namespace {

/// The format's last part: a tag and a hash of all before.
std::vector<u8> with_fitting_end(std::span<const u8> body) {
    std::vector<u8> file(body.begin(), body.end());
    file.push_back(2);
    constexpr usize hash_block = usize{1} << 16;
    fabric::StateHash hash;
    std::span<const u8> rest(file);
    for (; rest.size() > hash_block; rest = rest.subspan(hash_block)) {
        hash.add(rest.first(hash_block));
    }
    hash.add(rest);
    for (usize i = 0; i < 8; ++i) file.push_back(static_cast<u8>(hash.value() >> (8 * i)));
    return file;
}

void read_all(std::vector<u8> bytes) {
    auto parsed = fabric::SnapshotFile::parse(std::move(bytes), "checkpoint");
    if (!parsed) return;
    const fabric::SnapshotFile& file = parsed.value();
    for (const std::string& name : file.section_names()) {
        static_cast<void>(file.section(name, u64{1} << 24));
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, usize size) {
    read_all({data, data + size});
    read_all(with_fitting_end({data, size}));
    // Past the header, where the fuzzer would otherwise have to find its words.
    fabric::SnapshotWriter header = fabric::SnapshotWriter::in_memory("checkpoint");
    std::vector<u8> file = std::move(header.finish_in_memory()).value();
    file.resize(file.size() - 9);
    file.insert(file.end(), data, data + size);
    read_all(with_fitting_end(file));
    return 0;
}
