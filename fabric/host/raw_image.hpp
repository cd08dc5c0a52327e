// SPDX-License-Identifier: BSD-2-Clause
//
// A disk image without a format: byte n of the file, or of the host's block device, is byte n of
// the disk. The file is locked while it is open, so that two machines never write one image.
#pragma once

#include <memory>
#include <string>

#include "fabric/host/block_medium.hpp"
#include "fabric/support/result.hpp"

namespace fabric {

enum class ImageAccess : u8 { ReadOnly, ReadWrite };

class RawImage final : public BlockMedium {
public:
    /// `sector_bytes`: the size must be a multiple of it. Any number of machines may read an image
    /// that none writes.
    static Result<std::unique_ptr<RawImage>> open(const std::string& path, ImageAccess access,
                                                  u32 sector_bytes);
    ~RawImage() override;

    u64 size() const override { return size_; }
    bool read_only() const override { return access_ == ImageAccess::ReadOnly; }
    const std::string& name() const override { return path_; }

    std::optional<BlockTrouble> read(u64 offset, std::span<u8> into) override;
    std::optional<BlockTrouble> write(u64 offset, std::span<const u8> from) override;
    std::optional<BlockTrouble> flush() override;
    std::optional<BlockTrouble> discard(u64 offset, u64 length) override;

private:
    RawImage(std::string path, ImageAccess access, int fd)
        : path_(std::move(path)), access_(access), fd_(fd) {}

    Result<> lock() const;
    Result<> measure(u32 sector_bytes);

    std::string path_;
    ImageAccess access_;
    int fd_;
    u64 size_ = 0;
};

}  // namespace fabric
