// SPDX-License-Identifier: BSD-2-Clause
//
// HvCallPostMessage and HvCallSignalEvent (TLFS 11.11) as far as a guest gets without somebody at
// the other end: it cannot make ports or connections of its own.
#include "roms/tlfs/checks.hpp"
#include "roms/tlfs/groups.hpp"
#include "roms/tlfs/hypercall.hpp"

using namespace hypercall;
using tlfs::Feature;
namespace code = tlfs::code;

namespace groups {

namespace {

constexpr u32 no_connection = 0xfffffffe;

u64 post(u32 connection, u32 type, u32 size) {
    u64* input = cleared_input();
    input[0] = connection;
    input[1] = u64{size} << 32 | type;
    return call(code::PostMessage, input);
}

void check_posting() {
    if (!tlfs::shows(Feature::PostMessages)) {
        check::status("post without the privilege", post(no_connection, 1, 8), tlfs::AccessDenied,
                      "11.11.1");
        return;
    }
    using tlfs::InvalidConnectionId;
    using tlfs::InvalidParameter;
    check::status("post to no connection", post(no_connection, 1, 8), InvalidConnectionId,
                  "11.11.1");
    check::status("post nothing to no connection", post(no_connection, 1, 0), InvalidConnectionId,
                  "11.11.1");
    check::status("post all there may be to no connection", post(no_connection, 1, 240),
                  InvalidConnectionId, "11.11.1");
    // Two things are wrong with these; which of them is told is open (3.12).
    check::status("a type that is the hypervisor's", post(no_connection, 0x80000000, 8),
                  InvalidParameter, InvalidConnectionId, "11.11.1");
    check::status("no type", post(no_connection, 0, 8), InvalidParameter, InvalidConnectionId,
                  "11.11.1");
    check::status("241 bytes", post(no_connection, 1, 241), InvalidParameter, InvalidConnectionId,
                  "11.11.1");
    check::status("very many bytes", post(no_connection, 1, 0xffffffff), InvalidParameter,
                  InvalidConnectionId, "11.11.1");
    u64* input = reinterpret_cast<u64*>(cleared_input()) + 481;
    input[0] = no_connection;
    input[1] = u64{8} << 32 | 1;
    check::status("a message across pages", call(code::PostMessage, input), tlfs::InvalidAlignment,
                  "3.6");
}

void check_signals() {
    const u64 result = call_fast(code::SignalEvent, no_connection);
    if (!tlfs::shows(Feature::SignalEvents)) {
        check::status("signal without the privilege", result, tlfs::AccessDenied, "11.11.2");
        return;
    }
    check::status("signal to no connection", result, tlfs::InvalidConnectionId, "11.11.2");
    u64* input = cleared_input();
    input[0] = no_connection;
    check::status("the same from memory", call(code::SignalEvent, input), tlfs::InvalidConnectionId,
                  "11.11.2");
    check::status("signal a flag that there is not",
                  call_fast(code::SignalEvent, no_connection | u64{2048} << 32),
                  tlfs::InvalidConnectionId, tlfs::InvalidParameter, "11.11.2");
}

}  // namespace

void messages() {
    if (without_hypercalls()) return;
    if (!tlfs::shows(Feature::PostMessages) && !tlfs::shows(Feature::SignalEvents) &&
        !known(code::PostMessage)) {
        check::skip("all", "neither messages nor signals are shown");
        return;
    }
    check_posting();
    check_signals();
}

}  // namespace groups
