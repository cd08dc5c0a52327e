// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/entropy.hpp"

#include <sys/random.h>

#include <cerrno>
#include <cstring>

namespace fabric {

Result<> fill_with_host_entropy(std::span<u8> into) {
    while (!into.empty()) {
        const ssize_t got = ::getrandom(into.data(), into.size(), 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0)
            return Error{std::string("the host gives no entropy: ") + std::strerror(errno)};
        into = into.subspan(static_cast<usize>(got));
    }
    return {};
}

}  // namespace fabric
