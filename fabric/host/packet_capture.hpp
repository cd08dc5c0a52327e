// SPDX-License-Identifier: BSD-2-Clause
//
// A capture file of what goes over one network adapter's line, as pcapng (IETF
// draft-ietf-opsawg-pcapng): one section, one interface, time stamps in nanoseconds of virtual
// time since power-on. Frames are without their FCS.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "fabric/support/int_types.hpp"
#include "fabric/support/result.hpp"
#include "fabric/time/vm_time.hpp"

namespace fabric {

enum class PacketDirection : u8 { ToGuest, FromGuest };

class PacketCapture {
public:
    static Result<std::unique_ptr<PacketCapture>> create(const std::string& path,
                                                         const std::string& adapter);
    ~PacketCapture();
    PacketCapture(const PacketCapture&) = delete;
    PacketCapture& operator=(const PacketCapture&) = delete;

    void record(PacketDirection direction, VmTime when, std::span<const u8> frame);

    /// What was recorded is in the file afterwards. An error is told once; the capture ends there.
    Result<> flush();

private:
    PacketCapture(std::string path, int descriptor) : path_(std::move(path)), fd_(descriptor) {}

    void write_pending();

    std::string path_;
    int fd_;
    bool failed_ = false;
    std::string trouble_;  // Not told yet.
    std::vector<u8> pending_;
};

}  // namespace fabric
