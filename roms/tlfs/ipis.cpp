// SPDX-License-Identifier: BSD-2-Clause
//
// HvCallSendSyntheticClusterIpi and its Ex form (TLFS 10.5).
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

using namespace hypercall;
using tlfs::Advice;
namespace code = tlfs::code;

namespace groups {

namespace {

constexpr u64 long_enough = 20'000'000;
constexpr u64 sparse = 0;
constexpr u64 everybody = 1;

u64 send(u64 vector, u64 mask) { return call_fast(code::SendSyntheticClusterIpi, vector, mask); }

u64 send_slow(u64 vector, u64 mask) {
    u64* input = cleared_input();
    input[0] = vector;
    input[1] = mask;
    return call(code::SendSyntheticClusterIpi, input);
}

u64 send_ex(u64 vector, u64 format, u64 banks, u64 members, u64 header) {
    u64* input = cleared_input();
    input[0] = vector;
    input[1] = format;
    input[2] = banks;
    input[3] = members;
    return call(code::SendSyntheticClusterIpiEx | variable_header(header), input);
}

u64 send_sparse(u64 vector, u64 mask) { return send_ex(vector, sparse, 1, mask, 1); }
u64 send_to_all(u64 vector, u64) { return send_ex(vector, everybody, 0, 0, 0); }

void forget_everywhere() {
    guest::forget_interrupts();
    for (u32 i = 1; i < guest::processor_count(); ++i) guest::processors[i].taken_count = 0;
}

/// Sends to the processors in `mask` and sees that they, and no others, take it.
void check_delivery(const char* name, u64 (*by)(u64 vector, u64 mask), u64 mask, u8 vector) {
    forget_everywhere();
    check::status({name, mask, true}, by(vector, mask), tlfs::Success, "10.5");
    const u64 end = guest::rdtsc() + long_enough / 10;
    guest::interrupts_on();
    while (guest::rdtsc() < end) guest::pause();
    guest::interrupts_off();
    for (u32 i = 0; i < guest::processor_count(); ++i) {
        const guest::Processor& processor = guest::processors[i];
        const bool meant = (mask >> i & 1) != 0;
        check::equal({"taken by processor", i}, processor.taken_count, meant, "10.5");
        if (meant && processor.taken_count != 0) {
            check::equal({"with its vector, processor", i}, processor.taken[0].vector, vector,
                         "10.5");
        }
    }
}

u64 all_mask() { return (u64{1} << guest::processor_count()) - 1; }

void check_everywhere(const char* name, u64 (*by)(u64 vector, u64 mask)) {
    for (u64 mask = 1; mask <= all_mask(); mask <<= 1) check_delivery(name, by, mask, 0x40);
    check_delivery(name, by, all_mask(), 0xff);
    check_delivery(name, by, all_mask(), 0x20);
}

void check_self_at_once(u64 (*by)(u64 vector, u64 mask)) {
    guest::forget_interrupts();
    guest::interrupts_on();
    by(0x41, 1);
    const u32 taken = guest::self().taken_count;
    guest::interrupts_off();
    check::equal("to oneself: taken when the call returns", taken, 1, "HV#1");
}

void check_refused(const char* name, u64 (*by)(u64 vector, u64 mask)) {
    forget_everywhere();
    for (const u64 vector : {0, 2, 15, 256, 0x1040}) {
        check::status({name, vector}, by(vector, 1), tlfs::InvalidParameter, "10.5");
    }
    guest::wait_for_interrupts(1, 100'000);
    check::equal("nothing was sent", guest::self().taken_count, 0, "10.5");
}

}  // namespace

void ipis() {
    if (without_hypercalls()) return;
    if (tlfs::advises(Advice::ClusterIpi) || known(code::SendSyntheticClusterIpi)) {
        check_everywhere("fast, mask", send);
        check_everywhere("slow, mask", send_slow);
        check_self_at_once(send);
        check_refused("no such vector", send);
    } else {
        check::skip("by mask", "not advised, not known");
    }
    if ((tlfs::advises(Advice::ClusterIpi) && tlfs::advises(Advice::ExProcessorMasks)) ||
        known(code::SendSyntheticClusterIpiEx)) {
        check_everywhere("sparse set", send_sparse);
        check_delivery("all", send_to_all, all_mask(), 0x42);
        check_self_at_once(send_sparse);
        check_refused("no such vector, sparse set", send_sparse);
        check::status("no such format of a set", send_ex(0x43, 2, 1, 1, 1), tlfs::InvalidParameter,
                      "7.8.7.3");
        check::status("a bank that is said to be there and is not", send_ex(0x43, sparse, 1, 1, 0),
                      tlfs::InvalidParameter, tlfs::InvalidHypercallInput, "7.8.7.3");
    } else {
        check::skip("by set", "not advised, not known");
    }
}

}  // namespace groups
