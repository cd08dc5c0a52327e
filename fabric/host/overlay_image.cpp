// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/overlay_image.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "fabric/host/positioned_io.hpp"
#include "fabric/state/state_hash.hpp"

namespace fabric {

namespace {

void put_u64(std::span<u8> to, u64 value) {
    for (usize i = 0; i < 8; ++i) to[i] = static_cast<u8>(value >> (8 * i));
}

u64 get_u64(std::span<const u8> from) {
    u64 value = 0;
    for (usize i = 0; i < 8; ++i) value |= u64{from[i]} << (8 * i);
    return value;
}

/// A file without a name, gone when it is closed.
int open_unnamed(const std::string& folder) {
    const int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0) return fd;
    std::string name = folder + "/satori-overlay-XXXXXX";  // The file system has no O_TMPFILE.
    const int named = ::mkostemp(name.data(), O_CLOEXEC);
    if (named >= 0) ::unlink(name.c_str());
    return named;
}

Result<OverlayClusters> no_clusters(const std::string& folder, const std::string& image,
                                    u64 count) {
    const int fd = open_unnamed(folder);
    if (fd < 0) {
        return Error{"no temporary file for " + image + " in " + folder + ": " +
                     std::strerror(errno) + "; set TMPDIR to a folder that can be written"};
    }
    return OverlayClusters(fd, count);
}

/// Calls visit(cluster, offset in it, bytes) for each piece of a range; stops at trouble.
template <class Visit>
std::optional<BlockTrouble> for_each_cluster(u64 offset, u64 length, Visit visit) {
    while (length != 0) {
        const u64 within = offset % OverlayImage::cluster_bytes;
        const u64 piece = std::min(length, OverlayImage::cluster_bytes - within);
        if (auto trouble = visit(offset / OverlayImage::cluster_bytes, within, piece)) {
            return trouble;
        }
        offset += piece;
        length -= piece;
    }
    return std::nullopt;
}

}  // namespace

Result<std::unique_ptr<OverlayImage>> OverlayImage::create(std::unique_ptr<BlockMedium> beneath,
                                                           const std::string& folder) {
    std::error_code ignored;
    std::string where =
        folder.empty() ? std::filesystem::temp_directory_path(ignored).string() : folder;
    if (where.empty()) where = "/tmp";
    const u64 clusters = (beneath->size() + cluster_bytes - 1) / cluster_bytes;
    OverlayClusters none = TRY(no_clusters(where, beneath->name(), clusters));
    return std::unique_ptr<OverlayImage>(
        new OverlayImage(std::move(beneath), std::move(where), std::move(none)));
}

OverlayImage::OverlayImage(std::unique_ptr<BlockMedium> beneath, std::string folder,
                           OverlayClusters clusters)
    : beneath_(std::move(beneath)),
      folder_(std::move(folder)),
      name_("the overlay of " + beneath_->name()),
      clusters_(std::move(clusters)) {}

OverlayClusters& OverlayClusters::operator=(OverlayClusters&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(owned_, other.owned_);
    return *this;
}

OverlayClusters::~OverlayClusters() {
    if (fd_ >= 0) ::close(fd_);
}

u64 OverlayImage::bytes_in(u64 cluster) const {
    return std::min(cluster_bytes, size() - cluster * cluster_bytes);
}

std::optional<BlockTrouble> OverlayImage::read(u64 offset, std::span<u8> into) {
    usize done = 0;
    return for_each_cluster(offset, into.size(), [&](u64 cluster, u64 within, u64 bytes) {
        const std::span<u8> piece = into.subspan(done, bytes);
        done += bytes;
        const u64 at = cluster * cluster_bytes + within;
        return clusters_.owns(cluster) ? read_at(clusters_.fd(), name_, at, piece)
                                       : beneath_->read(at, piece);
    });
}

/// Copies a cluster up, so that part of it can be written.
std::optional<BlockTrouble> OverlayImage::own(u64 cluster) {
    std::vector<u8> bytes(bytes_in(cluster));
    if (auto trouble = beneath_->read(cluster * cluster_bytes, bytes)) return trouble;
    return write_at(clusters_.fd(), name_, cluster * cluster_bytes, bytes);
}

std::optional<BlockTrouble> OverlayImage::write(u64 offset, std::span<const u8> from) {
    usize done = 0;
    return for_each_cluster(
        offset, from.size(),
        [&](u64 cluster, u64 within, u64 bytes) -> std::optional<BlockTrouble> {
            hashes_.erase(cluster);
            if (!clusters_.owns(cluster) && bytes != bytes_in(cluster)) {
                if (auto trouble = own(cluster)) return trouble;
                clusters_.own(cluster);
            }
            const std::span<const u8> piece = from.subspan(done, bytes);
            done += bytes;
            if (auto trouble =
                    write_at(clusters_.fd(), name_, cluster * cluster_bytes + within, piece)) {
                return trouble;
            }
            clusters_.own(cluster);
            return std::nullopt;
        });
}

std::optional<BlockTrouble> OverlayImage::discard(u64 offset, u64 length) {
    return for_each_cluster(
        offset, length, [&](u64 cluster, u64 within, u64 bytes) -> std::optional<BlockTrouble> {
            hashes_.erase(cluster);
            if (!clusters_.owns(cluster) && bytes != bytes_in(cluster)) {
                if (auto trouble = own(cluster)) return trouble;
            }
            clusters_.own(cluster);
            return zero_at(clusters_.fd(), name_, cluster * cluster_bytes + within, bytes);
        });
}

u64 OverlayImage::written_clusters() const {
    u64 written = 0;
    for (u64 cluster = 0; cluster < clusters_.count(); ++cluster)
        written += clusters_.owns(cluster);
    return written;
}

u64 OverlayImage::contents_hash() {
    StateHash hash;
    std::vector<u8> bytes;
    for (u64 cluster = 0; cluster < clusters_.count(); ++cluster) {
        if (!clusters_.owns(cluster)) continue;
        auto known = hashes_.find(cluster);
        if (known == hashes_.end()) {
            bytes.assign(bytes_in(cluster), 0);
            (void)read_at(clusters_.fd(), name_, cluster * cluster_bytes, bytes);
            known = hashes_.emplace(cluster, hash_of(bytes)).first;
        }
        hash.add(cluster);
        hash.add(known->second);
    }
    return hash.value();
}

Result<> OverlayImage::save(SnapshotWriter& out, std::string_view section) {
    TRY(out.begin_section(section));
    std::vector<u8> record(8);
    put_u64(record, size());
    TRY(out.append(record));
    for (u64 cluster = 0; cluster < clusters_.count(); ++cluster) {
        if (!clusters_.owns(cluster)) continue;
        record.assign(8 + bytes_in(cluster), 0);
        put_u64(record, cluster);
        const std::span<u8> contents = std::span<u8>(record).subspan(8);
        if (auto trouble = read_at(clusters_.fd(), name_, cluster * cluster_bytes, contents)) {
            return Error{trouble->message};
        }
        TRY(out.append(record));
    }
    return out.end_section();
}

Result<OverlayClusters> OverlayImage::load(const SnapshotFile& file,
                                           std::string_view section) const {
    OverlayClusters loaded = TRY(no_clusters(folder_, beneath_->name(), clusters_.count()));
    std::vector<u8> pending;
    bool size_seen = false;
    const auto take_piece = [&](std::span<const u8> piece) -> Result<> {
        pending.insert(pending.end(), piece.begin(), piece.end());
        usize used = 0;
        if (!size_seen && pending.size() >= 8) {
            size_seen = true;
            used = 8;
            const u64 saved_size = get_u64(pending);
            if (saved_size != size()) {
                return Error{name_ + ": the checkpoint is of a disk of " +
                             std::to_string(saved_size) + " bytes, not " + std::to_string(size())};
            }
        }
        while (size_seen && pending.size() - used >= 8) {
            const std::span<const u8> rest = std::span<const u8>(pending).subspan(used);
            const u64 cluster = get_u64(rest);
            if (cluster >= loaded.count()) return Error{name_ + ": a cluster beyond the end"};
            const usize record = 8 + bytes_in(cluster);
            if (rest.size() < record) break;
            TRY(take_cluster(loaded, rest.first(record)));
            used += record;
        }
        pending.erase(pending.begin(), pending.begin() + static_cast<i64>(used));
        return {};
    };
    TRY(file.read_section(section, take_piece));
    if (!size_seen || !pending.empty()) return Error{name_ + ": is cut short in the checkpoint"};
    return loaded;
}

Result<> OverlayImage::take_cluster(OverlayClusters& clusters, std::span<const u8> record) const {
    const u64 cluster = get_u64(record);
    if (auto trouble = write_at(clusters.fd(), name_, cluster * cluster_bytes, record.subspan(8))) {
        return Error{trouble->message};
    }
    clusters.own(cluster);
    return {};
}

void OverlayImage::replace(OverlayClusters clusters) {
    VERIFY(clusters.count() == clusters_.count());
    clusters_ = std::move(clusters);
    hashes_.clear();
}

}  // namespace fabric
