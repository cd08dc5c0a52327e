// SPDX-License-Identifier: BSD-2-Clause
//
// What CD and DVD drives are told and answer, in the names of MMC-3 (T10 1363-D) and SPC-3.
#pragma once

#include "fabric/support/int_types.hpp"

namespace devices::mmc {

enum class Operation : u8 {
    TestUnitReady = 0x00,
    RezeroUnit = 0x01,
    RequestSense = 0x03,
    Inquiry = 0x12,
    ModeSelect6 = 0x15,
    ModeSense6 = 0x1a,
    StartStopUnit = 0x1b,
    PreventAllowRemoval = 0x1e,
    ReadFormatCapacities = 0x23,
    ReadCapacity = 0x25,
    Read10 = 0x28,
    Seek = 0x2b,
    Verify10 = 0x2f,
    SynchronizeCache = 0x35,
    ReadSubChannel = 0x42,
    ReadTocPmaAtip = 0x43,
    ReadHeader = 0x44,
    PlayAudio10 = 0x45,
    GetConfiguration = 0x46,
    PlayAudioMsf = 0x47,
    GetEventStatusNotification = 0x4a,
    PauseResume = 0x4b,
    StopPlayScan = 0x4e,
    ReadDiscInformation = 0x51,
    ReadTrackInformation = 0x52,
    ModeSelect10 = 0x55,
    ModeSense10 = 0x5a,
    PlayAudio12 = 0xa5,
    Read12 = 0xa8,
    GetPerformance = 0xac,
    ReadDvdStructure = 0xad,
    ReadCdMsf = 0xb9,
    SetCdSpeed = 0xbb,
    MechanismStatus = 0xbd,
    ReadCd = 0xbe,
};

namespace sense_key {
constexpr u8 NotReady = 0x2;
constexpr u8 MediumError = 0x3;
constexpr u8 IllegalRequest = 0x5;
constexpr u8 UnitAttention = 0x6;
}  // namespace sense_key

/// Key, additional code, qualifier.
struct Sense {
    u8 key = 0;
    u8 code = 0;
    u8 qualifier = 0;

    bool operator==(const Sense&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "key", state.key);
        visit(2, "code", state.code);
        visit(3, "qualifier", state.qualifier);
    }
};

namespace sense {
constexpr Sense MediumNotPresent = {sense_key::NotReady, 0x3a, 0x01};  // Tray closed.
constexpr Sense MediumNotPresentTrayOpen = {sense_key::NotReady, 0x3a, 0x02};
constexpr Sense UnrecoveredReadError = {sense_key::MediumError, 0x11, 0x00};
constexpr Sense InvalidOperation = {sense_key::IllegalRequest, 0x20, 0x00};
constexpr Sense OutOfRange = {sense_key::IllegalRequest, 0x21, 0x00};
constexpr Sense InvalidField = {sense_key::IllegalRequest, 0x24, 0x00};
constexpr Sense RemovalPrevented = {sense_key::IllegalRequest, 0x53, 0x02};
constexpr Sense IllegalModeForTrack = {sense_key::IllegalRequest, 0x64, 0x00};
constexpr Sense MediumMayHaveChanged = {sense_key::UnitAttention, 0x28, 0x00};
constexpr Sense ResetOccurred = {sense_key::UnitAttention, 0x29, 0x00};
}  // namespace sense

enum class MediaEvent : u8 { None = 0, EjectRequest = 1, NewMedia = 2, MediaRemoval = 3 };

namespace profile {
constexpr u16 CdRom = 0x0008;
constexpr u16 DvdRom = 0x0010;
}  // namespace profile

namespace mode_page {
constexpr u8 ErrorRecovery = 0x01;
constexpr u8 CdAudio = 0x0e;
constexpr u8 Capabilities = 0x2a;
constexpr u8 All = 0x3f;
}  // namespace mode_page

/// Frames from the start of the disc to block 0: two seconds.
constexpr u32 lead_in_frames = 150;
constexpr u32 frames_per_second = 75;

}  // namespace devices::mmc
