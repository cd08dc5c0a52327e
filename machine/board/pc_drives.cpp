// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/pc_drives.hpp"

#include <utility>

#include "fabric/host/raw_image.hpp"
#include "fabric/state/state_hash.hpp"

namespace machine {

using devices::AtaDisk;
using devices::AtapiCdrom;
using fabric::Error;
using fabric::ImageAccess;
using fabric::OverlayImage;
using fabric::RawImage;
using fabric::Result;

namespace {

constexpr std::array<usize, PcDrives::places> places_for_cdroms = {2, 3, 0, 1};

/// "ide1.cdrom0"
std::string name_of(usize place, PcDrives::Medium::Kind kind) {
    return "ide" + std::to_string(place / 2) +
           (kind == PcDrives::Medium::Kind::Disk ? ".disk" : ".cdrom") + std::to_string(place % 2);
}

std::string overlay_section(usize place) { return "overlay" + std::to_string(place); }

Result<PcDrives::Medium> open_disk(const PcDisk& disk) {
    auto image = TRY(RawImage::open(disk.path,
                                    disk.snapshot ? ImageAccess::ReadOnly : ImageAccess::ReadWrite,
                                    AtaDisk::sector_bytes));
    PcDrives::Medium medium{.kind = PcDrives::Medium::Kind::Disk};
    if (!disk.snapshot) {
        medium.store = std::make_unique<fabric::BlockStore>(std::move(image));
        return medium;
    }
    auto overlay = TRY(OverlayImage::create(std::move(image), ""));
    medium.overlay = overlay.get();
    medium.store = std::make_unique<fabric::BlockStore>(std::move(overlay));
    return medium;
}

Result<PcDrives::Medium> open_disc(const std::string& path) {
    auto image = TRY(RawImage::open(path, ImageAccess::ReadOnly, AtapiCdrom::sector_bytes));
    PcDrives::Medium medium{.kind = PcDrives::Medium::Kind::Cdrom};
    medium.store = std::make_unique<fabric::BlockStore>(std::move(image));
    return medium;
}

/// An error about an image names the kind of drive that it is for.
Result<> put(std::optional<PcDrives::Medium>& place, Result<PcDrives::Medium> opened,
             const char* kind) {
    if (!opened) return std::move(opened).error().within(kind);
    place = std::move(opened).value();
    return {};
}

}  // namespace

Result<PcDrives::Media> PcDrives::open(const std::vector<PcDisk>& disks,
                                       const std::vector<std::string>& cdroms) {
    const usize wanted = disks.size() + cdroms.size();
    if (wanted > places) {
        return Error{std::to_string(wanted) + " disks and CDs: a PC has room for " +
                     std::to_string(places)};
    }
    Media media;
    for (usize place = 0; place < disks.size(); ++place) {
        TRY(put(media[place], open_disk(disks[place]), "disk"));
    }
    usize next = 0;
    for (const std::string& path : cdroms) {
        while (media[places_for_cdroms[next]]) ++next;
        TRY(put(media[places_for_cdroms[next]], open_disc(path), "CD"));
    }
    return media;
}

std::vector<usize> PcDrives::in_order(const Media& media, Medium::Kind kind) {
    constexpr std::array<usize, places> places_for_disks = {0, 1, 2, 3};
    std::vector<usize> found;
    for (const usize place : kind == Medium::Kind::Disk ? places_for_disks : places_for_cdroms) {
        if (media[place] && media[place]->kind == kind) found.push_back(place);
    }
    return found;
}

std::string PcDrives::text_of(const Media& media) {
    std::string text;
    for (usize place = 0; place < places; ++place) {
        if (!media[place]) continue;
        if (!text.empty()) text += ", ";
        text += name_of(place, media[place]->kind) + " of " +
                std::to_string(media[place]->store->size()) + " bytes";
        if (media[place]->overlay) text += " with snapshot=on";
    }
    return text;
}

PcDrives::PcDrives(fabric::EventQueue& events, Media media, Notice notice)
    : notice_(std::move(notice)) {
    for (usize place = 0; place < places; ++place) {
        if (!media[place]) continue;
        Bay& bay = bays_[place];
        Medium& medium = *media[place];
        bay.store = std::move(medium.store);
        bay.overlay = medium.overlay;
        const auto trouble = [this, &bay](const auto& what) { host_failed(bay, what); };
        const std::string number = std::to_string(place + 1);
        if (medium.kind == Medium::Kind::Disk) {
            bay.disk = std::make_unique<AtaDisk>(
                AtaDisk::Config{.name = name_of(place, medium.kind),
                                .serial = "ST0000000000" + number},
                AtaDisk::Wiring{.events = events, .image = *bay.store, .trouble = trouble});
        } else {
            bay.cdrom = std::make_unique<AtapiCdrom>(
                AtapiCdrom::Config{.name = name_of(place, medium.kind),
                                   .serial = "CD0000000000" + number},
                AtapiCdrom::Wiring{.events = events, .disc = bay.store.get(), .trouble = trouble});
        }
    }
}

std::array<devices::ata::Drive*, 2> PcDrives::on_cable(u32 channel) const {
    std::array<devices::ata::Drive*, 2> drives{};
    for (usize i = 0; i < drives.size(); ++i) {
        const Bay& bay = bays_[2 * channel + i];
        if (bay.disk) drives[i] = bay.disk.get();
        if (bay.cdrom) drives[i] = bay.cdrom.get();
    }
    return drives;
}

std::vector<fabric::Device*> PcDrives::devices() const {
    std::vector<fabric::Device*> devices;
    for (const Bay& bay : bays_) {
        if (bay.disk) devices.push_back(bay.disk.get());
        if (bay.cdrom) devices.push_back(bay.cdrom.get());
    }
    return devices;
}

/// Want of space passes, and the guest need not know; what else the host cannot do, a disk of the
/// guest's has to answer for.
void PcDrives::host_failed(Bay& bay, const fabric::BlockTrouble& trouble) {
    trouble_ = trouble.message;
    if (trouble.kind == fabric::BlockTrouble::Kind::HostFull) return;
    if (notice_) notice_(trouble.message + "; the guest sees an error of the drive");
    if (bay.disk) bay.disk->give_up();
    if (bay.cdrom) bay.cdrom->give_up();
}

bool PcDrives::stalled() const {
    for (const Bay& bay : bays_) {
        if ((bay.disk && bay.disk->stalled()) || (bay.cdrom && bay.cdrom->stalled())) return true;
    }
    return false;
}

void PcDrives::retry() {
    for (Bay& bay : bays_) {
        if (bay.disk) bay.disk->retry();
        if (bay.cdrom) bay.cdrom->retry();
    }
}

Result<> PcDrives::save(fabric::SnapshotWriter& out) {
    for (usize place = 0; place < places; ++place) {
        Bay& bay = bays_[place];
        if (bay.store) (void)bay.store->idle_medium();
        if (bay.overlay) TRY(bay.overlay->save(out, overlay_section(place)));
    }
    return {};
}

Result<> PcDrives::load(const fabric::SnapshotFile& file) {
    for (usize place = 0; place < places; ++place) {
        Bay& bay = bays_[place];
        if (bay.overlay) bay.loaded = TRY(bay.overlay->load(file, overlay_section(place)));
    }
    return {};
}

void PcDrives::replace_loaded() {
    for (Bay& bay : bays_) {
        if (!bay.loaded) continue;
        (void)bay.store->idle_medium();
        bay.overlay->replace(std::move(*bay.loaded));
        bay.loaded.reset();
    }
}

u64 PcDrives::hash() {
    fabric::StateHash hash;
    for (Bay& bay : bays_) {
        if (!bay.overlay) continue;
        (void)bay.store->idle_medium();
        hash.add(bay.overlay->contents_hash());
    }
    return hash.value();
}

}  // namespace machine
