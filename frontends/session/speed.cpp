// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/session/speed.hpp"

namespace frontends {

bool Speedometer::look(u64 host_ns, fabric::VmInstant now) {
    // A checkpoint may have set the machine back.
    const bool first = !started_ || now.retired < instant_.retired || now.time < instant_.time;
    if (!first && host_ns - host_ns_ < interval_ns) return false;
    if (!first) {
        const double host = static_cast<double>(host_ns - host_ns_);
        speed_.mips = static_cast<double>(now.retired - instant_.retired) * 1e3 / host;
        speed_.real_time_percent = static_cast<double>((now.time - instant_.time).ns) * 100 / host;
    }
    started_ = true;
    host_ns_ = host_ns;
    instant_ = now;
    return !first;
}

}  // namespace frontends
