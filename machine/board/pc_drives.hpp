// SPDX-License-Identifier: BSD-2-Clause
//
// The PC's four places for IDE drives, what is in them, and the images behind that.
//
// The disks that the user names are put in the first places. The first CD drive is the master of
// the second channel where no disk is, as guests expect it; the others go where there is room.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devices/storage/ata_disk.hpp"
#include "devices/storage/atapi_cdrom.hpp"
#include "fabric/host/block_store.hpp"
#include "fabric/host/overlay_image.hpp"

namespace machine {

struct PcDisk {
    std::string path;
    bool snapshot = false;  // What the guest writes goes to an overlay, and is thrown away.

    bool operator==(const PcDisk&) const = default;
};

class PcDrives {
public:
    static constexpr usize places = 4;  // Channel 0, master and slave; channel 1 likewise.

    /// An image that is open, and locked while it is.
    struct Medium {
        enum class Kind : u8 { Disk, Cdrom };
        Kind kind = Kind::Disk;
        std::unique_ptr<fabric::BlockStore> store;
        fabric::OverlayImage* overlay = nullptr;  // The store's, if it is one.
    };
    using Media = std::array<std::optional<Medium>, places>;

    static fabric::Result<Media> open(const std::vector<PcDisk>& disks,
                                      const std::vector<std::string>& cdroms);
    /// "ide0.disk0 1048576, ide1.cdrom0 737280": what a checkpoint needs to find again.
    static std::string text_of(const Media& media);

    /// The places with this kind of medium, in the order in which they were named.
    static std::vector<usize> in_order(const Media& media, Medium::Kind kind);

    using Notice = std::function<void(const std::string& text)>;

    /// `notice` hears of what the host failed to do and the guest is told of.
    PcDrives(fabric::EventQueue& events, Media media, Notice notice);

    std::array<devices::ata::Drive*, 2> on_cable(u32 channel) const;
    std::vector<fabric::Device*> devices() const;
    /// Null where there is none.
    const devices::AtaDisk* disk(usize place) const { return bays_[place].disk.get(); }

    /// The host has no room for what a disk was to store; the disk is busy until retry() succeeds.
    bool stalled() const;
    const std::string& trouble() const { return trouble_; }
    void retry();

    /// Everything started is on the images afterwards.
    fabric::Result<> save(fabric::SnapshotWriter& out);
    /// Reads what overlays were, which replace_loaded() puts in place.
    fabric::Result<> load(const fabric::SnapshotFile& file);
    void replace_loaded();
    /// Of what is in overlays.
    u64 hash();

private:
    struct Bay {
        std::unique_ptr<fabric::BlockStore> store;
        fabric::OverlayImage* overlay = nullptr;
        std::optional<fabric::OverlayClusters> loaded;
        std::unique_ptr<devices::AtaDisk> disk;
        std::unique_ptr<devices::AtapiCdrom> cdrom;
    };

    void host_failed(Bay& bay, const fabric::BlockTrouble& trouble);

    std::array<Bay, places> bays_;
    Notice notice_;
    std::string trouble_ = "the host has no room for what a disk is to store";
};

}  // namespace machine
