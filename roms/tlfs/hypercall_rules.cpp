// SPDX-License-Identifier: BSD-2-Clause
//
// What holds for every hypercall: the input value, the result, alignment, repetition, registers
// (TLFS 3.6 to 3.12). The calls it is tried with are those that this hypervisor knows.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

using namespace hypercall;
using tlfs::Feature;
namespace code = tlfs::code;

namespace groups {

namespace {

constexpr u64 flush_all = 3;  // All processors, all address spaces.

void check_unknown_codes() {
    for (const u64 number : {0x0000, 0x0016, 0x0100, 0x0fff, 0x7fff, 0x8000, 0x80ff, 0xffff}) {
        check::reps({"no such call", number, true}, call(number, cleared_input(), cleared_output()),
                    tlfs::InvalidHypercallCode, 0, "3.12");
        check::reps({"no such fast call", number, true}, call_fast(static_cast<u16>(number), 0),
                    tlfs::InvalidHypercallCode, 0, "3.12");
    }
}

/// 17, Appendix A: what only a parent or the root may do, none of it a guest.
void check_calls_of_parents() {
    for (const u64 number : {0x40, 0x41, 0x43, 0x44, 0x45, 0x48, 0x4b, 0x4e, 0x4f, 0x53, 0x54, 0x57,
                             0x5b, 0x5e, 0x60, 0x6c, 0x76, 0x7a, 0x85, 0x8f, 0x90, 0x95, 0x96}) {
        const u64 result = call(number, cleared_input(), cleared_output());
        check::that({"not for guests, call", number, true}, !succeeded(result), "17");
        check::equal({"nor are reps done, call", number, true}, result >> 32 & 0xfff, 0, "17");
    }
}

void check_input_value() {
    constexpr u64 spin = code::NotifyLongSpinWait | fast;
    check::reps("a simple fast call", call(spin, u64{1}, u64{0}), tlfs::Success, 0, "14.5");
    for (const u64 bit : {27, 28, 29, 30, 44, 45, 46, 47, 60, 61, 62, 63}) {
        check::status({"reserved bit", bit}, call(spin | u64{1} << bit, u64{1}, u64{0}),
                      tlfs::InvalidHypercallInput, "3.7");
    }
    check::status("a rep count in a simple call", call(spin | rep_count(1), u64{1}, u64{0}),
                  tlfs::InvalidHypercallInput, "3.12");
    check::status("a rep start in a simple call", call(spin | rep_start(1), u64{1}, u64{0}),
                  tlfs::InvalidHypercallInput, "3.12");
    check::status("a variable header where none belongs",
                  call(spin | variable_header(1), u64{1}, u64{0}), tlfs::InvalidHypercallInput,
                  "3.7.1");
}

void check_slow_simple() {
    u64* input = cleared_input();
    input[0] = 1;
    check::status("a simple call with its input in memory", call(code::NotifyLongSpinWait, input),
                  tlfs::Success, "14.5");
    check::status("input at an address of 4 modulo 8",
                  call(code::NotifyLongSpinWait, input_page + 4), tlfs::InvalidAlignment, "3.6");
    check::status("input at an address of 1 modulo 8",
                  call(code::NotifyLongSpinWait, input_page + 1), tlfs::InvalidAlignment, "3.6");
    check::status("input in the last 8 bytes of a page",
                  call(code::NotifyLongSpinWait, input_page + 4088), tlfs::Success, "3.6");
    check::status("an output address that is not used is not looked at",
                  call(code::NotifyLongSpinWait, reinterpret_cast<u64>(input), 3), tlfs::Success,
                  "3.6");
    const u64 beyond = u64{1} << guest::physical_address_bits();
    check::status("input beyond the address space", call(code::NotifyLongSpinWait, beyond, 0),
                  tlfs::InvalidAlignment, "3.12");
}

void check_crossing() {
    if (!known(code::FlushVirtualAddressSpace)) {
        check::skip("input across pages", "no call with long input is known");
        return;
    }
    u64* input = reinterpret_cast<u64*>(cleared_input()) + 509;
    input[1] = flush_all;
    check::status("input up to the end of a page", call(code::FlushVirtualAddressSpace, input),
                  tlfs::Success, "3.6");
    check::status("input across pages", call(code::FlushVirtualAddressSpace, input + 1),
                  tlfs::InvalidAlignment, "3.6");
}

void check_output() {
    if (!tlfs::shows(Feature::VpRegisters)) {
        check::skip("output", "no call with output is shown");
        return;
    }
    constexpr u64 get_two = code::GetVpRegisters | rep_count(2);
    u64* input = cleared_input();
    input[0] = tlfs::partition_self;
    input[1] = tlfs::vp_index_self;
    input[2] = u64{0x00090002} << 32 | 0x00090003;  // VP index, guest OS ID
    check::reps("output up to the end of a page", call(get_two, input, cleared_output() + 508),
                tlfs::Success, 2, "3.6");
    check::equal("and it is there", reinterpret_cast<u64*>(output_page)[510], tlfs::guest_os_id,
                 "7.10.2");
    check::status("output across pages", call(get_two, input, cleared_output() + 510),
                  tlfs::InvalidAlignment, "3.6");
    check::status("output at an address of 4 modulo 8", call(get_two, input, output_page + 4),
                  tlfs::InvalidAlignment, "3.6");
    check::status(
        "output beyond the address space",
        call(get_two, reinterpret_cast<u64>(input), u64{1} << guest::physical_address_bits()),
        tlfs::InvalidAlignment, "3.12");
}

void check_reps() {
    if (!known(code::FlushVirtualAddressList)) {
        check::skip("repetition", "no call with reps is known");
        return;
    }
    constexpr u64 flush = code::FlushVirtualAddressList;
    u64* input = cleared_input();
    input[1] = flush_all;
    for (u32 i = 0; i < 509; ++i) input[3 + i] = 0x200000 + i * 0x1000;
    check::status("no reps in a rep call", call(flush, input), tlfs::InvalidHypercallInput, "3.12");
    check::status("a start that is the count", call(flush | rep_count(2) | rep_start(2), input),
                  tlfs::InvalidHypercallInput, "3.7");
    check::status("a start beyond the count", call(flush | rep_count(2) | rep_start(7), input),
                  tlfs::InvalidHypercallInput, "3.7");
    check::reps("one rep", call(flush | rep_count(1), input), tlfs::Success, 1, "3.8");
    check::reps("three reps", call(flush | rep_count(3), input), tlfs::Success, 3, "3.8");
    check::reps("reps done count from the list's start",
                call(flush | rep_count(10) | rep_start(5), input), tlfs::Success, 10, "3.8");
    check::reps("as many as a page holds", call(flush | rep_count(509), input), tlfs::Success, 509,
                "3.6");
    check::status("one more", call(flush | rep_count(510), input), tlfs::InvalidAlignment, "3.6");
    check::status("the most that can be said", call(flush | rep_count(4095), input),
                  tlfs::InvalidAlignment, "3.6");
}

void fill(Registers& registers) {
    u64 value = 0x1111'2222'3333'4444;
    for (u64* each = &registers.rax; each != &registers.xmm[0][0]; ++each)
        *each = value += 0x0101010101010101;
    for (auto& each : registers.xmm) {
        each[0] = value += 0x0101010101010101;
        each[1] = value += 0x0101010101010101;
    }
}

/// Every register but RAX, and RCX unless that too must stay, is as it was.
bool kept(const Registers& before, const Registers& after, bool rcx_too) {
    const u64* old = &before.rax;
    const u64* now = &after.rax;
    for (u32 i = 1; i < sizeof(Registers) / 8; ++i) {
        if (old[i] != now[i] && (i != 1 || rcx_too)) return false;
    }
    return true;
}

void check_registers_kept() {
    Registers before, after;
    fill(before);
    before.rcx = code::NotifyLongSpinWait | fast;
    after = before;
    call(after);
    check::that("a simple call changes RAX alone", kept(before, after, true), "3.9");
    before.rcx = 0x7fff;
    after = before;
    call(after);
    check::that("so does one that is refused", kept(before, after, true), "3.9");
    if (!known(code::FlushVirtualAddressList)) return;
    u64* input = cleared_input();
    input[1] = flush_all;
    before.rcx = code::FlushVirtualAddressList | rep_count(4);
    before.rdx = reinterpret_cast<u64>(input);
    after = before;
    call(after);
    check::that("a rep call changes RAX and RCX alone", kept(before, after, false), "3.9");
    check::equal("and of RCX the rep start at most", after.rcx & 0xf000ffff'ffffffff, before.rcx,
                 "3.9");
}

void call_by_xmm(void* registers) { call(*static_cast<Registers*>(registers)); }

void check_xmm_input() {
    if (!known(code::FlushVirtualAddressSpace)) {
        check::skip("input in XMM registers", "no call with long input is known");
        return;
    }
    Registers before, after;
    fill(before);
    before.rcx = code::FlushVirtualAddressSpace | fast;
    before.rdx = 0;
    before.r8 = flush_all;
    before.xmm[0][0] = 1;
    after = before;
    const guest::Fault fault = guest::guarded(call_by_xmm, &after);
    if (!tlfs::shows(Feature::XmmInput)) {
        check::faults("input in XMM registers, where that is not shown", fault, 6, "3.7.2");
        return;
    }
    check::that("input in XMM registers does not fault", !fault.raised, "3.7.2");
    check::status("input in XMM registers", after.rax, tlfs::Success, "3.7.2");
    check::that("which stay as they are", kept(before, after, true), "3.9");
    before.r8 = 1 << 20;  // No such flag.
    after = before;
    call(after);
    check::status("wrong input in XMM registers", after.rax, tlfs::InvalidParameter, "9.4.2");

    // 24 bytes of header; the list follows at byte 24, the upper half of XMM0.
    before.rcx = code::FlushVirtualAddressList | fast | rep_count(11);
    before.r8 = flush_all;
    after = before;
    call(after);
    check::reps("as many reps as 112 bytes hold", after.rax, tlfs::Success, 11, "3.7.2");
    before.rcx = code::FlushVirtualAddressList | fast | rep_count(12);
    after = before;
    call(after);
    check::that("one more is refused", !succeeded(after.rax), "3.7.2");
}

void check_xmm_output() {
    if (!tlfs::shows(Feature::XmmInput) || !tlfs::shows(Feature::VpRegisters)) {
        check::skip("output in XMM registers", "no call for it is shown");
        return;
    }
    Registers registers;
    fill(registers);
    registers.rcx = code::GetVpRegisters | fast | rep_count(2);
    registers.rdx = tlfs::partition_self;
    registers.r8 = tlfs::vp_index_self;
    registers.xmm[0][0] = u64{0x00090002} << 32 | 0x00090003;
    const Registers before = registers;
    const guest::Fault fault = guest::guarded(call_by_xmm, &registers);
    if (!tlfs::shows(Feature::XmmOutput)) {
        check::faults("output in XMM registers, where that is not shown", fault, 6, "3.8.1");
        return;
    }
    check::that("output in XMM registers does not fault", !fault.raised, "3.8.1");
    check::reps("output in XMM registers", registers.rax, tlfs::Success, 2, "3.8.1");
    check::equal("it follows the input, rounded up to 16 bytes", registers.xmm[1][0],
                 guest::try_rdmsr(tlfs::msr::VpIndex).value, "3.8.1");
    check::equal("and goes on in the next register", registers.xmm[2][0], tlfs::guest_os_id,
                 "3.8.1");
    check::equal("the input stays as it is", registers.xmm[0][0], before.xmm[0][0], "3.9");
    check::equal("what is beyond the output stays as it is", registers.xmm[3][0], before.xmm[3][0],
                 "3.9");
}

}  // namespace

void hypercall_rules() {
    if (without_hypercalls()) return;
    check_unknown_codes();
    check_calls_of_parents();
    if (!known(code::NotifyLongSpinWait)) {
        check::skip("the input value", "no call is known that any guest may make");
        return;
    }
    check_input_value();
    check_slow_simple();
    check_crossing();
    check_output();
    check_reps();
    check_registers_kept();
    check_xmm_input();
    check_xmm_output();
}

}  // namespace groups
