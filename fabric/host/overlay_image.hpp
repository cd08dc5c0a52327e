// SPDX-License-Identifier: BSD-2-Clause
//
// What a guest writes over an image that must stay as it is: kept in clusters in a temporary file
// that has no name, gone with the machine, saved in its checkpoints.
//
// A section of a checkpoint: size of the disk (8), then for each cluster its number (8) and bytes.
#pragma once

#include <memory>
#include <vector>

#include "fabric/host/block_medium.hpp"
#include "fabric/state/snapshot_file.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

class OverlayImage final : public BlockMedium {
public:
    static constexpr u64 cluster_bytes = u64{64} << 10;

    /// The temporary file is made in `folder`, or beside other temporary files if that is empty.
    static Result<std::unique_ptr<OverlayImage>> create(std::unique_ptr<BlockMedium> beneath,
                                                        const std::string& folder);
    ~OverlayImage() override;

    u64 size() const override { return beneath_->size(); }
    bool read_only() const override { return false; }
    const std::string& name() const override { return name_; }

    std::optional<BlockTrouble> read(u64 offset, std::span<u8> into) override;
    std::optional<BlockTrouble> write(u64 offset, std::span<const u8> from) override;
    /// Nothing to do: an overlay does not outlive its machine.
    std::optional<BlockTrouble> flush() override { return std::nullopt; }
    std::optional<BlockTrouble> discard(u64 offset, u64 length) override;

    u64 written_clusters() const;

    Result<> save(SnapshotWriter& out, std::string_view section);
    /// On error the overlay may hold part of what was saved.
    Result<> restore(const SnapshotFile& file, std::string_view section);

private:
    OverlayImage(std::unique_ptr<BlockMedium> beneath, int fd);

    u64 bytes_in(u64 cluster) const;
    std::optional<BlockTrouble> own(u64 cluster);
    Result<> take_cluster(std::span<const u8> record);

    std::unique_ptr<BlockMedium> beneath_;
    std::string name_;
    int fd_;
    std::vector<bool> owned_;  // By cluster: is it in our file?
};

}  // namespace fabric
