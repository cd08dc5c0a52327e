// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/state/snapshot_file.hpp"

#include <zstd.h>

#include <algorithm>
#include <array>

namespace fabric {

namespace {

// Not text at its first byte, and damaged by whoever translates line ends.
constexpr std::array<u8, 8> magic = {0x8f, 'S', 'a', 't', '\r', '\n', 0x1a, '\n'};
constexpr u32 version = 1;
constexpr std::string_view writer = "Satori 0.1";

enum class Tag : u8 { Section = 1, End = 2 };

constexpr usize largest_chunk = usize{1} << 20;
constexpr usize hash_block = usize{1} << 16;
constexpr usize end_size = 1 + sizeof(u64);
constexpr int compression_level = 1;  // Higher ones cost ten times the time for a tenth less.
constexpr u64 largest_file = u64{1} << 40;

u64 hash_of_file(std::span<const u8> bytes) {
    StateHash hash;
    for (; bytes.size() > hash_block; bytes = bytes.subspan(hash_block)) {
        hash.add(bytes.first(hash_block));
    }
    hash.add(bytes);
    return hash.value();
}

/// Reads the parts of a file in order, never past its end.
class Cursor {
public:
    Cursor(std::span<const u8> bytes, usize place) : bytes_(bytes), place_(place) {}

    std::optional<u64> number(usize size) {
        const auto taken = take(size);
        if (!taken) return std::nullopt;
        u64 value = 0;
        for (usize i = 0; i < size; ++i) value |= u64{(*taken)[i]} << (8 * i);
        return value;
    }
    std::optional<std::string> text() {
        const auto length = number(2);
        if (!length) return std::nullopt;
        const auto taken = take(*length);
        if (!taken) return std::nullopt;
        return std::string(taken->begin(), taken->end());
    }
    std::optional<std::span<const u8>> take(usize size) {
        if (size > bytes_.size() - place_) return std::nullopt;
        const auto taken = bytes_.subspan(place_, size);
        place_ += size;
        return taken;
    }
    usize place() const { return place_; }

private:
    std::span<const u8> bytes_;
    usize place_;
};

struct Chunk {
    std::span<const u8> stored;
    usize raw_size = 0;
};

std::optional<Chunk> next_chunk(Cursor& cursor) {
    const auto stored_size = cursor.number(4);
    if (!stored_size) return std::nullopt;
    if (*stored_size == 0) return Chunk{};
    const auto raw_size = cursor.number(4);
    if (!raw_size || *raw_size == 0 || *raw_size > largest_chunk) return std::nullopt;
    const auto stored = cursor.take(*stored_size);
    if (!stored) return std::nullopt;
    return Chunk{*stored, *raw_size};
}

Error damaged(std::string_view how) {
    return {"the file is damaged (" + std::string(how) + "); use another copy"};
}

/// Leaves the cursor at the first section.
Result<> check_header(Cursor& cursor, std::string_view kind) {
    const auto start = cursor.take(magic.size());
    if (!start || !std::ranges::equal(*start, magic)) return Error{"not a file of Satori's"};
    const auto its_version = cursor.number(4);
    if (!its_version) return damaged("it is cut short");
    const auto its_kind = cursor.text();
    const auto its_writer = cursor.text();
    if (*its_version > version) {
        return Error{"written by a later version (" + its_writer.value_or("unnamed") + ", format " +
                     std::to_string(*its_version) + "); this one reads format " +
                     std::to_string(version)};
    }
    if (*its_version == 0 || !its_kind || !its_writer) return damaged("its header makes no sense");
    if (*its_kind != kind) {
        return Error{"this is a " + *its_kind + ", not a " + std::string(kind)};
    }
    return {};
}

Result<> check_hash(std::span<const u8> bytes) {
    if (bytes.size() < end_size) return damaged("it is cut short");
    Cursor end(bytes, bytes.size() - end_size);
    const bool ends = end.number(1) == u64{static_cast<u8>(Tag::End)};
    if (!ends) return damaged("it is cut short");
    if (end.number(8) != hash_of_file(bytes.first(bytes.size() - sizeof(u64)))) {
        return damaged("its contents do not fit its check sum");
    }
    return {};
}

}  // namespace

Result<SnapshotWriter> SnapshotWriter::create(const std::string& path, std::string_view kind) {
    SnapshotWriter made;
    made.file_.emplace(TRY(FileReplacement::begin(path)));
    made.start(kind);
    return made;
}

SnapshotWriter SnapshotWriter::in_memory(std::string_view kind) {
    SnapshotWriter made;
    made.start(kind);
    return made;
}

void SnapshotWriter::start(std::string_view kind) {
    unwritten_.insert(unwritten_.end(), magic.begin(), magic.end());
    put_number(version, 4);
    put_text(kind);
    put_text(writer);
}

Result<> SnapshotWriter::add_section(std::string_view name, std::span<const u8> bytes) {
    TRY(begin_section(name));
    TRY(append(bytes));
    return end_section();
}

Result<> SnapshotWriter::begin_section(std::string_view name) {
    VERIFY(!in_section_);
    in_section_ = true;
    put_number(static_cast<u8>(Tag::Section), 1);
    put_text(name);
    return {};
}

Result<> SnapshotWriter::append(std::span<const u8> bytes) {
    VERIFY(in_section_);
    while (!bytes.empty()) {
        const usize part = std::min(bytes.size(), largest_chunk - chunk_.size());
        const auto first = bytes.first(part);
        chunk_.insert(chunk_.end(), first.begin(), first.end());
        bytes = bytes.subspan(part);
        if (chunk_.size() == largest_chunk) TRY(write_chunk());
    }
    return {};
}

Result<> SnapshotWriter::end_section() {
    VERIFY(in_section_);
    in_section_ = false;
    if (!chunk_.empty()) TRY(write_chunk());
    put_number(0, 4);
    return flush(hash_block);
}

Result<> SnapshotWriter::write_chunk() {
    compressed_.resize(ZSTD_compressBound(chunk_.size()));
    const usize stored = ZSTD_compress(compressed_.data(), compressed_.size(), chunk_.data(),
                                       chunk_.size(), compression_level);
    if (ZSTD_isError(stored)) return Error{std::string("zstd: ") + ZSTD_getErrorName(stored)};
    put_number(stored, 4);
    put_number(chunk_.size(), 4);
    unwritten_.insert(unwritten_.end(), compressed_.begin(),
                      compressed_.begin() + static_cast<i64>(stored));
    chunk_.clear();
    return flush(hash_block);
}

/// Hands on whole blocks, as the hash is over such, until no more than `keep_below` bytes wait.
Result<> SnapshotWriter::flush(usize keep_below) {
    usize done = 0;
    while (unwritten_.size() - done > keep_below) {
        const usize size = std::min(hash_block, unwritten_.size() - done);
        const std::span<const u8> block = std::span<const u8>(unwritten_).subspan(done, size);
        hash_.add(block);
        if (file_) {
            TRY(file_->append(block));
        } else {
            in_memory_.insert(in_memory_.end(), block.begin(), block.end());
        }
        done += size;
    }
    unwritten_.erase(unwritten_.begin(), unwritten_.begin() + static_cast<i64>(done));
    return {};
}

Result<> SnapshotWriter::write_end() {
    VERIFY(!in_section_);
    put_number(static_cast<u8>(Tag::End), 1);
    TRY(flush(0));
    put_number(hash_.value(), 8);
    return flush(0);
}

Result<> SnapshotWriter::finish() {
    VERIFY(file_.has_value());
    TRY(write_end());
    return file_->commit();
}

Result<std::vector<u8>> SnapshotWriter::finish_in_memory() {
    VERIFY(!file_.has_value());
    TRY(write_end());
    return std::move(in_memory_);
}

void SnapshotWriter::put_number(u64 value, usize bytes) {
    for (usize i = 0; i < bytes; ++i) unwritten_.push_back(static_cast<u8>(value >> (8 * i)));
}

void SnapshotWriter::put_text(std::string_view text) {
    VERIFY(text.size() <= 0xffff);
    put_number(text.size(), 2);
    unwritten_.insert(unwritten_.end(), text.begin(), text.end());
}

Result<SnapshotFile> SnapshotFile::open(const std::string& path, std::string_view kind) {
    auto parsed = parse(TRY(read_whole_file(path, largest_file)), kind);
    if (!parsed) return std::move(parsed).error().within(path);
    return parsed;
}

std::optional<std::string> SnapshotFile::kind_at(std::span<const u8> start) {
    Cursor cursor(start, 0);
    const auto its_magic = cursor.take(magic.size());
    if (!its_magic || !std::ranges::equal(*its_magic, magic) || !cursor.number(4)) {
        return std::nullopt;
    }
    return cursor.text();
}

Result<SnapshotFile> SnapshotFile::parse(std::vector<u8> bytes, std::string_view kind) {
    Cursor cursor(bytes, 0);
    TRY(check_header(cursor, kind));
    TRY(check_hash(bytes));
    SnapshotFile file;
    while (true) {
        const auto tag = cursor.number(1);
        if (tag == u64{static_cast<u8>(Tag::End)}) break;
        if (tag != u64{static_cast<u8>(Tag::Section)}) return damaged("a section makes no sense");
        auto name = cursor.text();
        if (!name || file.find(*name)) return damaged("a section's name makes no sense");
        file.sections_.push_back({std::move(*name), cursor.place()});
        while (true) {
            const auto chunk = next_chunk(cursor);
            if (!chunk) return damaged("a section is cut short");
            if (chunk->raw_size == 0) break;
        }
    }
    if (cursor.place() + sizeof(u64) != bytes.size()) return damaged("it goes on after its end");
    file.bytes_ = std::move(bytes);
    return file;
}

const SnapshotFile::Section* SnapshotFile::find(std::string_view name) const {
    const auto found = std::ranges::find(sections_, name, &Section::name);
    return found == sections_.end() ? nullptr : &*found;
}

std::vector<std::string> SnapshotFile::section_names() const {
    std::vector<std::string> names;
    for (const Section& section : sections_) names.push_back(section.name);
    return names;
}

Result<> SnapshotFile::read_section(std::string_view name, const TakePiece& take) const {
    const Section* section = find(name);
    if (!section) return Error{"the file has no section '" + std::string(name) + "'"};
    Cursor cursor(bytes_, section->first_chunk);
    std::vector<u8> raw;
    while (true) {
        const auto chunk = next_chunk(cursor);
        VERIFY(chunk.has_value());  // parse() has walked the chunks.
        if (chunk->raw_size == 0) return {};
        raw.resize(chunk->raw_size);
        const usize size =
            ZSTD_decompress(raw.data(), raw.size(), chunk->stored.data(), chunk->stored.size());
        if (ZSTD_isError(size) || size != raw.size()) {
            return damaged("section '" + std::string(name) + "' cannot be unpacked");
        }
        TRY(take(raw));
    }
}

Result<std::vector<u8>> SnapshotFile::section(std::string_view name, u64 largest) const {
    std::vector<u8> whole;
    TRY(read_section(name, [&](std::span<const u8> piece) -> Result<> {
        if (piece.size() > largest - whole.size()) {
            return Error{"section '" + std::string(name) + "' is larger than " +
                         std::to_string(largest) + " bytes"};
        }
        whole.insert(whole.end(), piece.begin(), piece.end());
        return {};
    }));
    return whole;
}

}  // namespace fabric
