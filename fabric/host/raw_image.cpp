// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/raw_image.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "fabric/host/positioned_io.hpp"

namespace fabric {

Result<std::unique_ptr<RawImage>> RawImage::open(const std::string& path, ImageAccess access,
                                                 u32 sector_bytes) {
    const bool writes = access == ImageAccess::ReadWrite;
    const int fd = ::open(path.c_str(), (writes ? O_RDWR : O_RDONLY) | O_CLOEXEC);
    if (fd < 0) {
        if (writes && (errno == EACCES || errno == EROFS || errno == EPERM)) {
            return Error{path + ": may not be written (" + std::strerror(errno) +
                         "); with snapshot=on the machine needs to read it only"};
        }
        const bool missing = errno == ENOENT && writes;
        return Error{path + ": " + std::strerror(errno) +
                     (missing ? "; an empty disk is made by: truncate -s 8G " + path : "")};
    }
    std::unique_ptr<RawImage> image(new RawImage(path, access, fd));
    TRY(image->measure(sector_bytes));
    TRY(image->lock());
    return image;
}

RawImage::~RawImage() { ::close(fd_); }

Result<> RawImage::measure(u32 sector_bytes) {
    struct stat about {};
    if (::fstat(fd_, &about) != 0) return Error{path_ + ": " + std::strerror(errno)};
    if (S_ISBLK(about.st_mode)) {
        if (::ioctl(fd_, BLKGETSIZE64, &size_) != 0) {
            return Error{path_ + ": " + std::strerror(errno)};
        }
    } else if (S_ISREG(about.st_mode)) {
        size_ = static_cast<u64>(about.st_size);
    } else {
        return Error{path_ + ": neither a file nor a block device"};
    }
    if (size_ == 0) return Error{path_ + ": is empty; make it larger first (truncate -s 8G)"};
    if (size_ % sector_bytes != 0) {
        return Error{path_ + ": its size, " + std::to_string(size_) +
                     " bytes, is no multiple of a sector of " + std::to_string(sector_bytes) +
                     "; is it a raw image, and whole?"};
    }
    return {};
}

/// A lock of the open file, not of the process: two machines in one process exclude each other too.
Result<> RawImage::lock() const {
    struct flock wanted {};
    wanted.l_type = access_ == ImageAccess::ReadWrite ? F_WRLCK : F_RDLCK;
    wanted.l_whence = SEEK_SET;
    if (::fcntl(fd_, F_OFD_SETLK, &wanted) == 0) return {};
    if (errno == EAGAIN || errno == EACCES) {
        return Error{path_ + (access_ == ImageAccess::ReadWrite
                                  ? ": is in use by another machine; stop that one, or share the "
                                    "image by snapshot=on in both"
                                  : ": is in use by another machine, which writes it; stop that "
                                    "one, or work on a copy")};
    }
    // Some network file systems have no locks. A machine that will not start is no help there.
    return {};
}

std::optional<BlockTrouble> RawImage::read(u64 offset, std::span<u8> into) {
    return read_at(fd_, path_, offset, into);
}

std::optional<BlockTrouble> RawImage::write(u64 offset, std::span<const u8> from) {
    return write_at(fd_, path_, offset, from);
}

std::optional<BlockTrouble> RawImage::flush() {
    if (read_only() || ::fdatasync(fd_) == 0) return std::nullopt;
    return host_trouble(path_);
}

std::optional<BlockTrouble> RawImage::discard(u64 offset, u64 length) {
    return zero_at(fd_, path_, offset, length);
}

}  // namespace fabric
