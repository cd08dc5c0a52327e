// SPDX-License-Identifier: BSD-2-Clause
//
// Hardware task switches (SDM 3A 7.3): the state goes into the old TSS and comes from the new one.
#pragma once

#include "cpu/core/descriptor.hpp"
#include "cpu/core/vcpu.hpp"

namespace cpu {

enum class TaskSwitchCause : u8 {
    Jump,
    Call,    // Also interrupts and exceptions through a task gate: the tasks are linked.
    Return,  // IRET with NT set.
};

struct TaskSwitch {
    u16 selector = 0;  // Of the TSS to go to.
    Descriptor tss;    // Already checked: available, or busy for a return; present.
    TaskSwitchCause cause = TaskSwitchCause::Jump;
    u64 saved_rip = 0;  // What the old task will go on with.
    u64 saved_rflags = 0;
};

/// False: a fault was raised. Up to a point nothing has changed; beyond it, the fault is one of the
/// new task, and finds its RIP there (SDM 3A table 7-1).
[[nodiscard]] bool switch_task(Vcpu& vcpu, const TaskSwitch& change);

/// The check of the new task's instruction pointer, which comes last: after an error code was
/// pushed.
[[nodiscard]] bool check_task_entry(Vcpu& vcpu);

}  // namespace cpu
