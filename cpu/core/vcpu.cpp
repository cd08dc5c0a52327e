// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/core/vcpu.hpp"

#include "cpu/core/arch_msrs.hpp"
#include "cpu/core/interrupts.hpp"
#include "cpu/core/models/cpu_model.hpp"
#include "cpu/fpu/host_features.hpp"

namespace cpu {

Vcpu::Vcpu(const CpuModel& cpu_model, VcpuPorts vcpu_ports)
    : model(cpu_model), features(features_on_host(cpu_model, host_features())), ports(vcpu_ports) {
    add_architectural_msrs(*this);
    add_model_cpuid(*this);
    power_on(*this);
}

Step Vcpu::raise(Vector vector) {
    exception = {.vector = vector};
    return Step::Fault;
}

Step Vcpu::raise(Vector vector, u32 error_code) {
    exception = {.vector = vector, .has_error_code = true, .error_code = error_code};
    return Step::Fault;
}

CodeMode Vcpu::code_mode() const {
    const Segment& code = state.segment(SegReg::Cs);
    if (long_mode() && code.has(Segment::Long)) return CodeMode::Bits64;
    return code.has(Segment::Big) ? CodeMode::Bits32 : CodeMode::Bits16;
}

u8 Vcpu::stack_address_size() const {
    if (code_mode() == CodeMode::Bits64) return 8;
    return state.segment(SegReg::Ss).has(Segment::Big) ? 4 : 2;
}

}  // namespace cpu
