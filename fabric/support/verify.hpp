// SPDX-License-Identifier: BSD-2-Clause
#pragma once

#include <cstdio>
#include <cstdlib>

namespace fabric {

[[noreturn]] inline void verification_failed(const char* what, const char* file, int line) {
    std::fprintf(stderr, "%s:%d: broken invariant: %s\n", file, line, what);
    std::abort();
}

}  // namespace fabric

/// States what must be true of our own code. Stays on in release builds. Never used on a value the
/// guest or the host handed us: those are answered, not asserted.
#define VERIFY(condition)               \
    ((condition) ? static_cast<void>(0) \
                 : ::fabric::verification_failed(#condition, __FILE__, __LINE__))
#define UNREACHABLE() ::fabric::verification_failed("unreachable", __FILE__, __LINE__)
