// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/guest_fp_scope.hpp"

#include <cstring>

#include "cpu/fpu/x87_image.hpp"

namespace cpu {

namespace {

u32 host_mxcsr() {
    u32 value;
    asm volatile("stmxcsr %0" : "=m"(value));
    return value;
}

void set_host_mxcsr(u32 value) { asm volatile("ldmxcsr %0" : : "m"(value)); }

}  // namespace

GuestFpScope::GuestFpScope(Vcpu& vcpu) : vcpu_(vcpu), outermost_(!vcpu.mxcsr_in_host) {
    if (!outermost_) return;
    host_mxcsr_ = host_mxcsr();
    set_host_mxcsr(vcpu.state.mxcsr);
    vcpu.mxcsr_in_host = true;
}

GuestFpScope::~GuestFpScope() {
    if (!outermost_) return;
    vcpu_.state.mxcsr = host_mxcsr();
    vcpu_.mxcsr_in_host = false;
    set_host_mxcsr(host_mxcsr_);
    save_x87(vcpu_);
}

u32 read_mxcsr(const Vcpu& vcpu) { return vcpu.mxcsr_in_host ? host_mxcsr() : vcpu.state.mxcsr; }

void write_mxcsr(Vcpu& vcpu, u32 value) {
    if (vcpu.mxcsr_in_host) {
        set_host_mxcsr(value);
    } else {
        vcpu.state.mxcsr = value;
    }
}

void load_x87(Vcpu& vcpu) {
    if (vcpu.x87_in_host) return;
    X87Image image;
    to_host_image(vcpu.state.x87, image);
    // FRSTOR would first report an error of whoever used the registers before.
    asm volatile("fnclex\n\tfrstor %0" : : "m"(image));
    vcpu.x87_in_host = true;
}

void save_x87(Vcpu& vcpu) {
    if (!vcpu.x87_in_host) return;
    X87Image image;
    asm volatile("fnsave %0" : "=m"(image));  // Leaves the host's as after FNINIT.
    from_host_image(image, vcpu.state.x87);
    vcpu.x87_in_host = false;
}

u16 read_x87_status(const Vcpu& vcpu) {
    if (!vcpu.x87_in_host) return vcpu.state.x87.status;
    u16 value;
    asm volatile("fnstsw %0" : "=m"(value));
    return value;
}

u16 read_x87_control(const Vcpu& vcpu) {
    if (!vcpu.x87_in_host) return vcpu.state.x87.control;
    u16 value;
    asm volatile("fnstcw %0" : "=m"(value));
    return value;
}

bool x87_error_pending(const Vcpu& vcpu) {
    return (read_x87_status(vcpu) & x87_status::ErrorSummary) != 0;
}

Step report_x87_error(Vcpu& vcpu) {
    if (vcpu.state.cr0 & cr0::NE) return vcpu.raise(Vector::MF);
    if (vcpu.ports.pins) vcpu.ports.pins->ferr_asserted();
    vcpu.attention |= attention::Events;
    return Step::Jump;  // To itself: time goes on while it waits.
}

}  // namespace cpu
