// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/session/checkpoints.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "frontends/session/session.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;
using fabric::VmTime;
using machine::Machine;

namespace {

VmTime time_of(const CheckpointOrder& order) { return order.time.value_or(VmTime{Stop::never}); }

bool save(const Machine& machine, const std::string& path) {
    if (const auto saved = machine.save(path); !saved) {
        print_notice("no checkpoint: " + saved.error().message);
        return false;
    }
    print_notice(fmt::format("{}: a checkpoint at {:.6f} s, after {} instructions", path,
                             static_cast<double>(machine.now().time.ns) / 1e9, machine.retired()));
    return true;
}

}  // namespace

Checkpoints::Checkpoints(std::vector<CheckpointOrder> orders) : orders_(std::move(orders)) {
    std::ranges::stable_sort(orders_, {}, time_of);
}

void Checkpoints::attend(Session& session) {
    const Machine& machine = session.machine();
    while (!orders_.empty() && time_of(orders_[0]) <= machine.now().time) {
        if (!save(machine, orders_[0].path)) session.note_failure();
        orders_.erase(orders_.begin());
    }
}

Stop Checkpoints::next_stop() const {
    return {.time = orders_.empty() ? VmTime{Stop::never} : time_of(orders_[0])};
}

void Checkpoints::save_now(Session& session) {
    for (int number = 1;; ++number) {
        const std::string path = fmt::format("satori-{}.checkpoint", number);
        if (access(path.c_str(), F_OK) == 0) continue;
        (void)save(session.machine(), path);
        return;
    }
}

Result<> Checkpoints::save_last(const Machine& machine) {
    std::string late;
    for (const CheckpointOrder& order : std::exchange(orders_, {})) {
        if (order.time) {
            late += (late.empty() ? "" : ", ") + order.path;
        } else {
            TRY(machine.save(order.path));
        }
    }
    if (late.empty()) return {};
    return Error{"the run was over before it was time for " + late};
}

}  // namespace frontends
