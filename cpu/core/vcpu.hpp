// SPDX-License-Identifier: BSD-2-Clause
//
// One virtual processor: its architectural state, its view of memory, and its ports to the rest of
// the machine. Engines work on it; so do the functions that say what instructions mean
// (cpu/semantics). It is data with few rules of its own; the rules live with the subjects:
// cpu/mmu (memory), cpu/core/exception_delivery.hpp, cpu/core/segment_load.hpp and so on.
#pragma once

#include "cpu/arch/cpu_state.hpp"
#include "cpu/arch/exceptions.hpp"
#include "cpu/arch/features.hpp"
#include "cpu/core/cpuid_space.hpp"
#include "cpu/core/msr_space.hpp"
#include "cpu/mmu/first_level_tlb.hpp"
#include "cpu/mmu/logical_tlb.hpp"
#include "fabric/bus/io_space.hpp"
#include "fabric/memory/guest_memory.hpp"
#include "fabric/time/vm_time.hpp"

namespace fabric {
class Trace;
}

namespace cpu {

class Breakpoints;

/// What an instruction's meaning says of what comes next.
enum class [[nodiscard]] Step : u8{
    Next,    // Go on after it. RIP still names it; the engine moves on.
    Jump,    // RIP has been set.
    Fault,   // Vcpu::exception waits to be delivered; nothing else has changed.
    Repeat,  // A string instruction has done part of its work; RIP stays on it.
};

/// Where external interrupts come from: the local APIC, or a PIC behind the INTR pin.
class InterruptSource {
public:
    virtual ~InterruptSource() = default;
    virtual bool pending() const = 0;
    /// Takes the most urgent interrupt, as an INTA cycle does.
    virtual u8 acknowledge() = 0;

    // What a local APIC must hear of its processor.
    virtual void task_priority_written() {}  // By MOV to CR8: CpuState::cr8 is new.
    virtual void apic_base_written(u64 /*before*/) {}
    virtual void tsc_moved() {}
    virtual void processor_reset_by_init() {}
};

/// VMCALL and VMMCALL end here. Absent: they raise #UD.
class HypercallDoor {
public:
    virtual ~HypercallDoor() = default;
    virtual Step call(class Vcpu& vcpu) = 0;
};

/// Numbers a guest may ask for that its own run does not determine (RDRAND). Recorded.
class EntropySource {
public:
    virtual ~EntropySource() = default;
    virtual u64 next() = 0;
};

/// The pins and signals of the processor package that a board may listen to.
class PackagePins {
public:
    virtual ~PackagePins() = default;
    virtual void ferr_asserted() {}  // An x87 error with CR0.NE = 0; IRQ 13 on a PC.
    virtual void smm_acknowledged(bool /*entered*/) {}
};

/// The machine's clock: for the TSC, and for devices during an access (cpu/core/device_access.hpp).
class DeviceClock {
public:
    virtual ~DeviceClock() = default;
    /// What virtual time it is with so many instructions retired.
    virtual fabric::VmTime time_at(u64 retired) const = 0;
    /// Virtual time is now that of the instruction with so many retired before it.
    virtual void access_begins(u64 retired) = 0;
    /// True: a deadline came nearer, and the engine is to return after this instruction.
    virtual bool access_ends() = 0;
};

struct VcpuPorts {
    fabric::GuestMemory& memory;
    fabric::IoSpace& io_ports;
    fabric::IoSpace& mmio;
    InterruptSource* interrupts = nullptr;
    /// The local APIC's registers: for this processor they hide what else is at IA32_APIC_BASE.
    fabric::IoHandler* apic_page = nullptr;
    HypercallDoor* hypercalls = nullptr;
    EntropySource* entropy = nullptr;
    PackagePins* pins = nullptr;
    DeviceClock* clock = nullptr;
    // For people who look on: nothing here changes what the guest sees.
    fabric::Trace* trace = nullptr;
    Breakpoints* breakpoints = nullptr;  // A debugger's; the guest's own are in DR0 to DR3.
};

/// Reasons to look up from executing at the next instruction boundary.
namespace attention {
constexpr u32 Events = 1 << 0;        // CpuState::events, the shadow, or the interrupt line.
constexpr u32 Stop = 1 << 1;          // Somebody wants run() to return.
constexpr u32 StateChanged = 1 << 2;  // Mode, paging or breakpoints: code must be looked up anew.
}  // namespace attention

/// Where this processor stands in the machine: one package of single-threaded cores, numbered from
/// zero. For CPUID.
struct Topology {
    u32 apic_id = 0;
    u32 processors = 1;
};

/// What a processor model is, fixed for the machine's life. cpu/core/models has them.
struct CpuModel;

class Vcpu {
public:
    Vcpu(const CpuModel& cpu_model, VcpuPorts vcpu_ports);

    CpuState state;

    const CpuModel& model;
    FeatureSet features;  // Of the model; a feature the board takes away is not in here.
    Topology topology;    // Set by the board.
    VcpuPorts ports;
    MsrSpace msrs;
    CpuidSpace cpuid;

    LogicalTlb tlb;
    FirstLevelTlb first_level;

    /// Set by what returns Step::Fault, std::nullopt or false; delivered by the engine.
    Exception exception;
    u32 attention = 0;

    /// Instructions that may still retire in this slice. What is executed through cpu::execute
    /// finds it, and CpuState::retired, exact.
    i64 budget = 0;

    /// Whether the x87 registers are in the host's at the moment (cpu/fpu), not in `state`.
    bool x87_in_host = false;
    /// The same of MXCSR: within a GuestFpScope.
    bool mxcsr_in_host = false;

    /// For the engine that is running; nothing architectural.
    struct Scratch {
        u64 code_base = 0;     // RIP of the start of the page the current block lies in.
        u64 code_context = 0;  // Names the mode and the translations that code was looked up under.
        u64 slice_end = 0;     // CpuState::retired when the budget will be spent.
        void* engine = nullptr;
        /// The blocks entered last, for a person who asks how the guest got here.
        std::array<const void*, 16> trail{};
        u8 trail_length = 0;  // Counts on and wraps.
    } scratch;

    /// Raises a fault: the instruction will not have happened.
    Step raise(Vector vector);
    Step raise(Vector vector, u32 error_code);

    bool has(Feature feature) const { return features.has(feature); }
    bool long_mode() const { return (state.msr.efer & efer::LMA) != 0; }
    bool protected_mode() const { return (state.cr0 & cr0::PE) != 0; }
    bool virtual_8086() const { return (state.other_flags & rflags::VM) != 0; }
    bool paging() const { return (state.cr0 & cr0::PG) != 0; }
    /// Of CS, as it now is.
    CodeMode code_mode() const;
    /// 2, 4 or 8: what implicit stack references use.
    u8 stack_address_size() const;
    u8 iopl() const { return (state.other_flags >> 12) & 3; }
};

}  // namespace cpu
