// SPDX-License-Identifier: BSD-2-Clause
//
// HvCallPostMessage, HvCallSignalEvent: to whoever has a port.
#include <fmt/format.h>

#include "hyperv/tlfs/hypercalls/handlers.hpp"
#include "hyperv/tlfs/partition.hpp"
#include "hyperv/tlfs/synic.hpp"
#include "hyperv/tlfs/virtual_processor.hpp"

namespace hyperv {

namespace {

/// The input of HvCallPostMessage.
namespace post {
constexpr usize Connection = 0;
constexpr usize Type = 8;
constexpr usize PayloadSize = 12;
constexpr usize Payload = 16;
}  // namespace post

/// The input of HvCallSignalEvent.
namespace signal {
constexpr usize Connection = 0;
constexpr usize Flag = 4;
constexpr usize Reserved = 6;
}  // namespace signal

}  // namespace

Status post_message(const Hypercall& call) {
    constexpr u32 of_hypervisor = u32{1} << 31;
    const u32 type = call.field<u32>(post::Type);
    const u32 size = call.field<u32>(post::PayloadSize);
    if (type == 0 || (type & of_hypervisor) || size > Synic::largest_payload) {
        return Status::InvalidParameter;
    }
    return call.caller.partition().connections().post(call.field<u32>(post::Connection), type,
                                                      call.header.subspan(post::Payload, size));
}

std::string describe_post_message(const Hypercall& call) {
    return fmt::format("connection {:#x}, type {:#x}, {} bytes", call.field<u32>(post::Connection),
                       call.field<u32>(post::Type), call.field<u32>(post::PayloadSize));
}

Status signal_event(const Hypercall& call) {
    if (call.field<u16>(signal::Reserved) != 0) return Status::InvalidParameter;
    return call.caller.partition().connections().signal(call.field<u32>(signal::Connection),
                                                        call.field<u16>(signal::Flag));
}

std::string describe_signal_event(const Hypercall& call) {
    return fmt::format("connection {:#x}, flag {}", call.field<u32>(signal::Connection),
                       call.field<u16>(signal::Flag));
}

}  // namespace hyperv
