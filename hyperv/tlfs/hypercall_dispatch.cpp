// SPDX-License-Identifier: BSD-2-Clause
//
// From registers to a handler and back (TLFS, Hypercall Interface): who may call, where parameters
// are, what is wrong with them, one element after the other, and what the caller is told.
#include "hyperv/tlfs/hypercall_dispatch.hpp"

#include <algorithm>
#include <array>
#include <bit>

#include "hyperv/tlfs/hypercall.hpp"
#include "hyperv/tlfs/hyperv_trace.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

using cpu::Gpr;
using cpu::Step;
using fabric::Gpa;
using fabric::page_size;

namespace {

/// Where registers go: by the mode of the caller.
struct Registers {
    cpu::Vcpu& vcpu;
    bool wide;  // EFER.LMA and CS.L.

    u64 pair(Gpr high, Gpr low) const {
        return vcpu.state.reg(high) << 32 | static_cast<u32>(vcpu.state.reg(low));
    }
    u64 control() const { return wide ? vcpu.state.reg(Gpr::Rcx) : pair(Gpr::Rdx, Gpr::Rax); }
    u64 input() const { return wide ? vcpu.state.reg(Gpr::Rdx) : pair(Gpr::Rbx, Gpr::Rcx); }
    u64 output() const { return wide ? vcpu.state.reg(Gpr::R8) : pair(Gpr::Rdi, Gpr::Rsi); }

    void set_pair(u64 value) const {
        vcpu.state.reg(Gpr::Rdx) = value >> 32;
        vcpu.state.reg(Gpr::Rax) = static_cast<u32>(value);
    }
    void set_control(u64 value) const {
        if (wide) {
            vcpu.state.reg(Gpr::Rcx) = value;
        } else {
            set_pair(value);
        }
    }
    void set_result(u64 value) const {
        if (wide) {
            vcpu.state.reg(Gpr::Rax) = value;
        } else {
            set_pair(value);
        }
    }
};

constexpr usize register_block = 112;  // RDX, R8, XMM0 to XMM5.
constexpr usize without_xmm = 16;

using RegisterBlock = std::array<u8, register_block>;

RegisterBlock read_block(const Registers& registers) {
    std::array<u64, register_block / 8> words{registers.input(), registers.output()};
    for (usize i = 0; i < 6; ++i) {
        const auto& lanes = registers.vcpu.state.vector[i].lanes;
        words[2 + 2 * i] = lanes[0];
        words[3 + 2 * i] = lanes[1];
    }
    return std::bit_cast<RegisterBlock>(words);
}

void write_block(const Registers& registers, const RegisterBlock& block, usize first) {
    const auto words = std::bit_cast<std::array<u64, register_block / 8>>(block);
    cpu::CpuState& state = registers.vcpu.state;
    if (first == 0) {
        state.reg(Gpr::Rdx) = words[0];
        state.reg(Gpr::R8) = words[1];
    }
    for (usize i = 0; i < 6; ++i) {
        if (16 * (i + 1) < first) continue;
        state.vector[i].lanes[0] = words[2 + 2 * i];
        state.vector[i].lanes[1] = words[3 + 2 * i];
    }
}

constexpr usize padded(usize bytes, usize to) { return (bytes + to - 1) / to * to; }

/// Elements done before the caller gets the processor back, for interrupts and others to come in.
constexpr u32 reps_in_one_go = 64;

class Dispatch {
public:
    Dispatch(VirtualProcessor& caller, Registers registers)
        : caller_(caller), registers_(registers), control_{registers.control()} {}

    Step run() {
        row_ = find_hypercall(control_.code());
        if (!row_) return finish(Status::InvalidHypercallCode);
        if (!caller_.has(row_->needs)) return finish(row_->without);
        if (!is_well_formed()) return finish(Status::InvalidHypercallInput);
        measure();
        if (control_.fast() && needs_missing_registers()) {
            return registers_.vcpu.raise(cpu::Vector::UD);
        }
        if (const Status problem = fetch(); problem != Status::Success) return finish(problem);
        return row_->rep ? run_elements() : run_simple();
    }

private:
    bool is_well_formed() const {
        if (control_.has_reserved_bits()) return false;
        const bool variable = row_->header == HypercallRow::Header::Variable;
        if (!variable && control_.variable_bytes() != 0) return false;
        if (row_->rep) return control_.start() < control_.reps();
        return control_.reps() == 0 && control_.start() == 0;
    }

    void measure() {
        header_bytes_ = row_->header_bytes + control_.variable_bytes();
        input_bytes_ = padded(header_bytes_ + usize{row_->element_bytes} * control_.reps(), 8);
        output_bytes_ =
            row_->rep ? usize{row_->output_bytes} * control_.reps() : row_->output_bytes;
        output_bytes_ = padded(output_bytes_, 8);
    }

    /// Without them shown, there is no such instruction (TLFS, XMM Fast Hypercall Input, Output).
    bool needs_missing_registers() const {
        return (input_bytes_ > without_xmm && !caller_.has(Feature::XmmInput)) ||
               (output_bytes_ != 0 && !caller_.has(Feature::XmmOutput));
    }

    Status fetch() {
        const Status outcome = control_.fast() ? fetch_from_registers() : fetch_from_memory();
        if (outcome == Status::Success) std::fill_n(output_.begin(), output_bytes_, u8{0});
        return outcome;
    }

    Status fetch_from_registers() {
        // Output has what registers of 16 bytes the input leaves, and those of a 64-bit caller.
        output_at_ = padded(input_bytes_, 16);
        const bool too_much =
            input_bytes_ > register_block || output_at_ + output_bytes_ > register_block;
        if (too_much || (output_bytes_ != 0 && !registers_.wide)) {
            return Status::InvalidHypercallInput;
        }
        block_ = read_block(registers_);
        std::copy_n(block_.begin(), input_bytes_, input_.begin());
        return Status::Success;
    }

    Status fetch_from_memory() {
        const fabric::GuestMemory& memory = caller_.partition().memory();
        const Gpa from{registers_.input()};
        const Gpa to{registers_.output()};
        if (!is_list(from, input_bytes_) || !is_list(to, output_bytes_) ||
            !memory.read(from, std::span(input_).first(input_bytes_))) {
            return Status::InvalidAlignment;
        }
        const bool writable =
            output_bytes_ == 0 || (memory.page(to.frame()).flags & fabric::page_flag::Writable);
        return writable ? Status::Success : Status::InvalidAlignment;
    }

    /// Of none, the address is ignored.
    static bool is_list(Gpa at, usize bytes) {
        if (bytes == 0) return true;
        return at.value % 8 == 0 && at.offset_in_page() + bytes <= page_size &&
               at.frame() < fabric::FrameTable::frame_limit;
    }

    Hypercall call() {
        return {.caller = caller_,
                .header = std::span(input_).first(header_bytes_),
                .output = std::span(output_).first(output_bytes_)};
    }

    Step run_simple() {
        const Hypercall made = call();
        describe(made);
        const Status status = row_->handle(made);
        if (status == Status::Success) store_output(0, output_bytes_);
        return finish(status);
    }

    Step run_elements() {
        const u32 first = control_.start();
        const u32 end = std::min(control_.reps(), first + reps_in_one_go);
        Status status = Status::Success;
        u32 done = first;
        for (; done < end && status == Status::Success; done += status == Status::Success) {
            Hypercall made = call();
            made.element = std::span(input_).subspan(
                header_bytes_ + usize{done} * row_->element_bytes, row_->element_bytes);
            made.output =
                std::span(output_).subspan(usize{done} * row_->output_bytes, row_->output_bytes);
            if (done == first) describe(made);
            status = row_->handle(made);
        }
        const usize each = row_->output_bytes;
        store_output(first * each, (done - first) * each);
        registers_.set_control(control_.with_start(done).value);
        if (status == Status::Success && done < control_.reps()) return Step::Jump;
        return finish(status, done);
    }

    void store_output(usize first, usize bytes) {
        if (bytes == 0) return;
        if (control_.fast()) {
            std::copy_n(output_.begin() + static_cast<std::ptrdiff_t>(first), bytes,
                        block_.begin() + static_cast<std::ptrdiff_t>(output_at_ + first));
            write_block(registers_, block_, output_at_);
            return;
        }
        const Gpa to = Gpa{registers_.output()} + first;
        const bool stored =
            caller_.partition().memory().write(to, std::span(output_).subspan(first, bytes));
        VERIFY(stored);  // fetch_from_memory() has looked.
    }

    void describe(const Hypercall& made) {
        if (row_->describe && traces_hyperv(caller_)) described_ = row_->describe(made);
    }

    Step finish(Status status, u32 reps_done = 0) {
        registers_.set_result(static_cast<u64>(status) | u64{reps_done} << 32);
        trace_hypercall(caller_, {control_, row_, described_, status, reps_done});
        return Step::Next;
    }

    VirtualProcessor& caller_;
    Registers registers_;
    HypercallControl control_;
    const HypercallRow* row_ = nullptr;
    usize header_bytes_ = 0;
    usize input_bytes_ = 0;
    usize output_bytes_ = 0;
    // Lists lie in one page: no more is ever used, and only what is used is filled.
    std::array<u8, page_size> input_;
    std::array<u8, page_size> output_;
    RegisterBlock block_;
    usize output_at_ = 0;
    std::string described_;
};

}  // namespace

Step dispatch_hypercall(VirtualProcessor& caller) {
    cpu::Vcpu& vcpu = caller.vcpu();
    if (!vcpu.protected_mode() || vcpu.state.cpl != 0 || !caller.partition().hypercalls_enabled()) {
        return vcpu.raise(cpu::Vector::UD);
    }
    return Dispatch(caller, {vcpu, vcpu.code_mode() == cpu::CodeMode::Bits64}).run();
}

}  // namespace hyperv
