// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace fabric {

namespace {

Error host_says(const std::string& path) { return {path + ": " + std::strerror(errno)}; }

/// Closed at the end of the scope.
struct OpenFile {
    int fd;
    ~OpenFile() {
        if (fd >= 0) ::close(fd);
    }
};

}  // namespace

Result<std::vector<u8>> read_whole_file(const std::string& path, u64 largest) {
    const OpenFile file{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
    if (file.fd < 0) return host_says(path);
    struct stat about {};
    if (::fstat(file.fd, &about) != 0) return host_says(path);
    if (!S_ISREG(about.st_mode)) return Error{path + ": not a file"};
    const u64 size = static_cast<u64>(about.st_size);
    if (size > largest) {
        return Error{path + ": has " + std::to_string(size) + " bytes; at most " +
                     std::to_string(largest) + " are taken"};
    }
    std::vector<u8> bytes(size);
    usize done = 0;
    while (done < bytes.size()) {
        const ssize_t got = ::read(file.fd, bytes.data() + done, bytes.size() - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return host_says(path);
        if (got == 0) return Error{path + ": became shorter while it was read"};
        done += static_cast<usize>(got);
    }
    return bytes;
}

Result<FileReplacement> FileReplacement::begin(const std::string& path) {
    std::string temporary = path + ".part-XXXXXX";
    const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (fd < 0) return host_says(path);
    // mkostemp makes it private; the finished file is as any other the user writes.
    const mode_t mask = ::umask(0);
    ::umask(mask);
    ::fchmod(fd, 0666 & ~mask);
    return FileReplacement(path, std::move(temporary), fd);
}

FileReplacement::FileReplacement(FileReplacement&& other) noexcept
    : path_(std::move(other.path_)),
      temporary_(std::move(other.temporary_)),
      fd_(std::exchange(other.fd_, -1)) {}

FileReplacement::~FileReplacement() {
    if (fd_ < 0) return;
    ::close(fd_);
    ::unlink(temporary_.c_str());
}

Error FileReplacement::failed(std::string_view what) const {
    return {path_ + ": " + std::string(what) + ": " + std::strerror(errno)};
}

Result<> FileReplacement::append(std::span<const u8> bytes) {
    while (!bytes.empty()) {
        const ssize_t put = ::write(fd_, bytes.data(), bytes.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return failed("writing");
        bytes = bytes.subspan(static_cast<usize>(put));
    }
    return {};
}

Result<> FileReplacement::commit() {
    if (::fsync(fd_) != 0) return failed("writing");
    if (::rename(temporary_.c_str(), path_.c_str()) != 0) return failed("putting in place");
    ::close(std::exchange(fd_, -1));
    return {};
}

}  // namespace fabric
