// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/packet_capture.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

namespace fabric {

namespace {

namespace block {
constexpr u32 SectionHeader = 0x0a0d'0d0a;
constexpr u32 InterfaceDescription = 1;
constexpr u32 EnhancedPacket = 6;
}  // namespace block

namespace option {
constexpr u16 End = 0;
constexpr u16 Application = 4;    // Of a section.
constexpr u16 InterfaceName = 2;  // Of an interface, as the next.
constexpr u16 TimeResolution = 9;
constexpr u16 PacketFlags = 2;  // Of a packet.
}  // namespace option

constexpr u32 byte_order = 0x1a2b'3c4d;
constexpr u16 link_ethernet = 1;
constexpr u8 nanoseconds = 9;  // 10 to the power of minus so much.
constexpr u32 inbound = 1;
constexpr u32 outbound = 2;

constexpr usize flush_bytes = 256 << 10;

void put16(std::vector<u8>& out, u16 value) {
    out.push_back(static_cast<u8>(value));
    out.push_back(static_cast<u8>(value >> 8));
}
void put32(std::vector<u8>& out, u32 value) {
    put16(out, static_cast<u16>(value));
    put16(out, static_cast<u16>(value >> 16));
}

void put_padded(std::vector<u8>& out, std::span<const u8> bytes) {
    out.insert(out.end(), bytes.begin(), bytes.end());
    while (out.size() % 4 != 0) out.push_back(0);
}

void put_option(std::vector<u8>& out, u16 code, std::span<const u8> value) {
    put16(out, code);
    put16(out, static_cast<u16>(value.size()));
    put_padded(out, value);
}
void put_option(std::vector<u8>& out, u16 code, std::string_view text) {
    put_option(out, code, {reinterpret_cast<const u8*>(text.data()), text.size()});
}

/// A block's length stands before and after what it holds.
void put_block(std::vector<u8>& out, u32 type, std::span<const u8> body) {
    const u32 length = static_cast<u32>(body.size() + 12);
    put32(out, type);
    put32(out, length);
    out.insert(out.end(), body.begin(), body.end());
    put32(out, length);
}

std::vector<u8> section_header() {
    std::vector<u8> body;
    put32(body, byte_order);
    put16(body, 1);  // Version 1.0.
    put16(body, 0);
    put32(body, ~u32{0});  // Of unknown length.
    put32(body, ~u32{0});
    put_option(body, option::Application, "Satori");
    put_option(body, option::End, "");
    return body;
}

std::vector<u8> interface_description(std::string_view name) {
    std::vector<u8> body;
    put16(body, link_ethernet);
    put16(body, 0);
    put32(body, 0);  // Packets are never cut.
    put_option(body, option::InterfaceName, name);
    put_option(body, option::TimeResolution, std::span(&nanoseconds, 1));
    put_option(body, option::End, "");
    return body;
}

}  // namespace

Result<std::unique_ptr<PacketCapture>> PacketCapture::create(const std::string& path,
                                                             const std::string& adapter) {
    const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        return Error{path + ": " + std::strerror(errno) +
                     "; a capture needs a file that can be written"};
    }
    std::unique_ptr<PacketCapture> capture(new PacketCapture(path, descriptor));
    put_block(capture->pending_, block::SectionHeader, section_header());
    put_block(capture->pending_, block::InterfaceDescription, interface_description(adapter));
    TRY(capture->flush());
    return capture;
}

PacketCapture::~PacketCapture() {
    (void)flush();
    ::close(fd_);
}

void PacketCapture::record(PacketDirection direction, VmTime when, std::span<const u8> frame) {
    if (failed_) return;
    const u32 length = static_cast<u32>(frame.size());
    std::vector<u8> body;
    body.reserve(frame.size() + 48);
    put32(body, 0);  // The one interface.
    put32(body, static_cast<u32>(when.ns >> 32));
    put32(body, static_cast<u32>(when.ns));
    put32(body, length);
    put32(body, length);
    put_padded(body, frame);
    const u32 flags = direction == PacketDirection::ToGuest ? inbound : outbound;
    put16(body, option::PacketFlags);
    put16(body, 4);
    put32(body, flags);
    put_option(body, option::End, "");
    put_block(pending_, block::EnhancedPacket, body);
    if (pending_.size() >= flush_bytes) write_pending();
}

void PacketCapture::write_pending() {
    usize written = 0;
    while (!failed_ && written < pending_.size()) {
        const ssize_t count = ::write(fd_, pending_.data() + written, pending_.size() - written);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) {
            trouble_ = path_ + ": " + std::strerror(errno) + "; the capture ends here";
            failed_ = true;
            break;
        }
        written += static_cast<usize>(count);
    }
    pending_.clear();
}

Result<> PacketCapture::flush() {
    write_pending();
    if (trouble_.empty()) return {};
    return Error{std::exchange(trouble_, {})};
}

}  // namespace fabric
