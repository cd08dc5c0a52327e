// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/memory/host_mapping.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace fabric {

namespace {

Error host_refused(const std::string& what, u64 bytes) {
    return {"the host gives no " + std::to_string(bytes >> 20) + " MiB for " + what + ": " +
            std::strerror(errno)};
}

u8* map_pages(u64 bytes, int flags, int fd) {
    void* const mapped =
        ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags | MAP_NORESERVE, fd, 0);
    return mapped == MAP_FAILED ? nullptr : static_cast<u8*>(mapped);
}

}  // namespace

Result<HostMapping> HostMapping::create_shared(const std::string& name, u64 bytes) {
    const int fd = ::memfd_create(name.c_str(), MFD_CLOEXEC);
    if (fd < 0) return host_refused(name, bytes);
    HostMapping mapping(nullptr, 0, fd);
    if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0) return host_refused(name, bytes);
    mapping.data_ = map_pages(bytes, MAP_SHARED, fd);
    if (!mapping.data_) return host_refused(name, bytes);
    mapping.size_ = bytes;
    return mapping;
}

Result<HostMapping> HostMapping::create_private(u64 bytes) {
    u8* const data = map_pages(bytes, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (!data) return host_refused("guest pages", bytes);
    return HostMapping(data, bytes, -1);
}

HostMapping::HostMapping(HostMapping&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      fd_(std::exchange(other.fd_, -1)) {}

HostMapping& HostMapping::operator=(HostMapping&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(fd_, other.fd_);
    return *this;
}

HostMapping::~HostMapping() {
    if (data_) ::munmap(data_, size_);
    if (fd_ >= 0) ::close(fd_);
}

u64 HostMapping::next_populated(u64 offset) const {
    if (fd_ < 0 || offset >= size_) return offset < size_ ? offset : size_;
    const off_t found = ::lseek(fd_, static_cast<off_t>(offset), SEEK_DATA);
    if (found >= 0) return static_cast<u64>(found);
    return errno == ENXIO ? size_ : offset;  // ENXIO: nothing but holes from here on.
}

u64 HostMapping::end_of_populated(u64 offset) const {
    if (fd_ < 0 || offset >= size_) return size_;
    const off_t found = ::lseek(fd_, static_cast<off_t>(offset), SEEK_HOLE);
    return found >= 0 ? static_cast<u64>(found) : size_;
}

void HostMapping::discard() {
    if (size_ == 0) return;
    const bool punched = fd_ >= 0 && ::fallocate(fd_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
                                                 static_cast<off_t>(size_)) == 0;
    if (!punched) std::memset(data_, 0, size_);
}

}  // namespace fabric
