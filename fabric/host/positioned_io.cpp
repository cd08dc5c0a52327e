// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/positioned_io.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

namespace fabric {

BlockTrouble host_trouble(const std::string& name) {
    const bool full = errno == ENOSPC || errno == EDQUOT || errno == EFBIG;
    return {full ? BlockTrouble::Kind::HostFull : BlockTrouble::Kind::HostFailed,
            name + ": " + std::strerror(errno)};
}

std::optional<BlockTrouble> read_at(int fd, const std::string& name, u64 offset,
                                    std::span<u8> into) {
    while (!into.empty()) {
        const ssize_t got = ::pread(fd, into.data(), into.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return host_trouble(name);
        if (got == 0) {
            std::fill(into.begin(), into.end(), u8{0});
            return std::nullopt;
        }
        into = into.subspan(static_cast<usize>(got));
        offset += static_cast<u64>(got);
    }
    return std::nullopt;
}

std::optional<BlockTrouble> write_at(int fd, const std::string& name, u64 offset,
                                     std::span<const u8> from) {
    while (!from.empty()) {
        const ssize_t put = ::pwrite(fd, from.data(), from.size(), static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return host_trouble(name);
        from = from.subspan(static_cast<usize>(put));
        offset += static_cast<u64>(put);
    }
    return std::nullopt;
}

std::optional<BlockTrouble> zero_at(int fd, const std::string& name, u64 offset, u64 length) {
    if (length == 0) return std::nullopt;
    if (::fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                    static_cast<off_t>(length)) == 0) {
        return std::nullopt;
    }
    const std::vector<u8> zeroes(std::min<u64>(length, 1 << 20), 0);
    while (length != 0) {
        const std::span<const u8> piece(zeroes.data(), std::min<u64>(length, zeroes.size()));
        if (auto trouble = write_at(fd, name, offset, piece)) return trouble;
        offset += piece.size();
        length -= piece.size();
    }
    return std::nullopt;
}

}  // namespace fabric
