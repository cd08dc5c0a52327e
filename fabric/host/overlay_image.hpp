// SPDX-License-Identifier: BSD-2-Clause
//
// What a guest writes over an image that must stay as it is: kept in clusters in a temporary file
// that has no name, gone with the machine, saved in its checkpoints.
//
// A section of a checkpoint: size of the disk (8), then for each cluster its number (8) and bytes.
#pragma once

#include <memory>
#include <unordered_map>
#include <utility>
#include <vector>

#include "fabric/host/block_medium.hpp"
#include "fabric/state/snapshot_file.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

/// Clusters that were written, and the file that they are in.
class OverlayClusters {
public:
    OverlayClusters(int fd, u64 clusters) : fd_(fd), owned_(clusters, false) {}
    OverlayClusters(OverlayClusters&& other) noexcept
        : fd_(std::exchange(other.fd_, -1)), owned_(std::move(other.owned_)) {}
    OverlayClusters& operator=(OverlayClusters&& other) noexcept;
    ~OverlayClusters();

    int fd() const { return fd_; }
    u64 count() const { return owned_.size(); }
    bool owns(u64 cluster) const { return owned_[cluster]; }
    void own(u64 cluster) { owned_[cluster] = true; }

private:
    int fd_;
    std::vector<bool> owned_;
};

class OverlayImage final : public BlockMedium {
public:
    static constexpr u64 cluster_bytes = u64{64} << 10;

    /// The temporary file is made in `folder`, or beside other temporary files if that is empty.
    static Result<std::unique_ptr<OverlayImage>> create(std::unique_ptr<BlockMedium> beneath,
                                                        const std::string& folder);

    u64 size() const override { return beneath_->size(); }
    bool read_only() const override { return false; }
    const std::string& name() const override { return name_; }

    std::optional<BlockTrouble> read(u64 offset, std::span<u8> into) override;
    std::optional<BlockTrouble> write(u64 offset, std::span<const u8> from) override;
    /// Nothing to do: an overlay does not outlive its machine.
    std::optional<BlockTrouble> flush() override { return std::nullopt; }
    std::optional<BlockTrouble> discard(u64 offset, u64 length) override;

    u64 written_clusters() const;

    /// Of all that was written. What cannot be read back counts as zeroes.
    u64 contents_hash();

    Result<> save(SnapshotWriter& out, std::string_view section);
    /// What a checkpoint has; nothing changes here until it is given to replace().
    Result<OverlayClusters> load(const SnapshotFile& file, std::string_view section) const;
    void replace(OverlayClusters clusters);

private:
    OverlayImage(std::unique_ptr<BlockMedium> beneath, std::string folder,
                 OverlayClusters clusters);

    u64 bytes_in(u64 cluster) const;
    std::optional<BlockTrouble> own(u64 cluster);
    Result<> take_cluster(OverlayClusters& clusters, std::span<const u8> record) const;

    std::unique_ptr<BlockMedium> beneath_;
    std::string folder_;
    std::string name_;
    OverlayClusters clusters_;
    std::unordered_map<u64, u64> hashes_;  // Of clusters that were not written since.
};

}  // namespace fabric
