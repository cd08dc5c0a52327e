// SPDX-License-Identifier: BSD-2-Clause
//
// A file of named sections, compressed: the container of checkpoints and recordings.
//
//   magic (8)  version (4)  kind, writer (each: length (2), characters)
//   sections:  tag 1, name (length (2), characters), chunks, an empty chunk
//   a chunk:   stored length (4), raw length (4), the bytes compressed with zstd
//   end:       tag 2, a hash of all that came before (8)
//
// The whole file is checked before any of it is used. A damaged file, a foreign one and one of a
// later version are told apart, because a person must do something different about each.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/host/file.hpp"
#include "fabric/state/state_hash.hpp"
#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

/// Writes a file that appears under its name whole, by finish(), or not at all.
class SnapshotWriter {
public:
    /// `kind` says what the sections mean: "checkpoint", "recording".
    static Result<SnapshotWriter> create(const std::string& path, std::string_view kind);
    /// Into memory: see finish_in_memory().
    static SnapshotWriter in_memory(std::string_view kind);

    Result<> add_section(std::string_view name, std::span<const u8> bytes);

    // The same in pieces, for what is too large to be held twice.
    Result<> begin_section(std::string_view name);
    Result<> append(std::span<const u8> bytes);
    Result<> end_section();

    Result<> finish();
    Result<std::vector<u8>> finish_in_memory();

private:
    SnapshotWriter() = default;

    void start(std::string_view kind);
    void put_number(u64 value, usize bytes);
    void put_text(std::string_view text);
    Result<> write_chunk();
    Result<> flush(usize keep_below);
    Result<> write_end();

    std::optional<FileReplacement> file_;
    std::vector<u8> in_memory_;
    std::vector<u8> unwritten_;
    std::vector<u8> chunk_;
    std::vector<u8> compressed_;
    StateHash hash_;
    bool in_section_ = false;
};

/// A file that was read and found whole.
class SnapshotFile {
public:
    static Result<SnapshotFile> open(const std::string& path, std::string_view kind);
    static Result<SnapshotFile> parse(std::vector<u8> bytes, std::string_view kind);

    /// Of a file that starts so: "checkpoint", "recording"; nothing if it is none of these files.
    static std::optional<std::string> kind_at(std::span<const u8> start);

    bool has(std::string_view name) const { return find(name) != nullptr; }
    std::vector<std::string> section_names() const;

    /// Refuses a section of more than `largest` bytes.
    Result<std::vector<u8>> section(std::string_view name, u64 largest) const;

    using TakePiece = std::function<Result<>(std::span<const u8>)>;
    /// Piece by piece, in order. Stops at the first error of `take`.
    Result<> read_section(std::string_view name, const TakePiece& take) const;

private:
    struct Section {
        std::string name;
        usize first_chunk = 0;  // Where in bytes_.
    };

    SnapshotFile() = default;
    const Section* find(std::string_view name) const;

    std::vector<u8> bytes_;
    std::vector<Section> sections_;
};

}  // namespace fabric
