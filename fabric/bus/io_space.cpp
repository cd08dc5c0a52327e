// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/bus/io_space.hpp"

#include <algorithm>

#include "fabric/trace/trace.hpp"

namespace fabric {

namespace {

u64 ones(u32 size) { return size >= 8 ? ~u64{0} : (u64{1} << (8 * size)) - 1; }

bool ends_before(const IoRegion& region, u64 address) {
    return region.first <= address && address - region.first >= region.length;
}

/// Of a piece of an access, by the name of its region or, where there is none, of the whole space.
template <class Piece>
void trace_read(Trace& trace, const std::string& space, const Piece& piece, u64 address,
                u64 value) {
    const std::string& subject = piece.region ? piece.region->name : space;
    if (space == "mmio") {
        trace.mmio_read(subject, address, piece.size, value);
    } else {
        trace.port_read(subject, address, piece.size, value);
    }
    if (!piece.region) trace.unimplemented(subject, "read where nothing is", address);
}

template <class Piece>
void trace_write(Trace& trace, const std::string& space, const Piece& piece, u64 address,
                 u64 value) {
    const std::string& subject = piece.region ? piece.region->name : space;
    if (space == "mmio") {
        trace.mmio_write(subject, address, piece.size, value);
    } else {
        trace.port_write(subject, address, piece.size, value);
    }
    if (!piece.region) trace.unimplemented(subject, "write where nothing is", address);
}

}  // namespace

Result<> IoSpace::map(IoRegion region) {
    VERIFY(region.handler != nullptr);
    VERIFY(region.widest_access == 1 || region.widest_access == 2 || region.widest_access == 4 ||
           region.widest_access == 8);
    if (region.length == 0 || region.first + (region.length - 1) < region.first) {
        return Error{name_ + ": region " + region.name + " has no room in the address space"};
    }
    const u64 last = region.first + (region.length - 1);
    for (const IoRegion& other : regions_) {
        if (other.first <= last && !ends_before(other, region.first)) {
            return Error{name_ + ": region " + region.name + " overlaps region " + other.name};
        }
    }
    const auto place =
        std::lower_bound(regions_.begin(), regions_.end(), region.first,
                         [](const IoRegion& other, u64 address) { return other.first < address; });
    regions_.insert(place, std::move(region));
    return {};
}

void IoSpace::unmap(std::string_view region_name) {
    std::erase_if(regions_, [&](const IoRegion& region) { return region.name == region_name; });
}

const IoRegion* IoSpace::find(u64 address) const {
    const auto after =
        std::upper_bound(regions_.begin(), regions_.end(), address,
                         [](u64 wanted, const IoRegion& region) { return wanted < region.first; });
    if (after == regions_.begin()) return nullptr;
    const IoRegion& candidate = *(after - 1);
    return ends_before(candidate, address) ? nullptr : &candidate;
}

/// The part of an access that reaches one register: naturally aligned, no wider than the device's
/// registers, and within its region.
IoSpace::Piece IoSpace::piece_at(u64 address, u32 wanted) const {
    const IoRegion* region = find(address);
    if (!region) return {nullptr, 1};
    const u64 room = region->length - (address - region->first);
    u32 size = region->widest_access;
    while (size > wanted || size > room || (address & (size - 1)) != 0) size /= 2;
    return {region, size};
}

u64 IoSpace::read(u64 address, u32 size) const {
    VERIFY(size >= 1 && size <= 8);
    u64 value = 0;
    for (u32 done = 0; done < size;) {
        const u64 here = address + done;
        const Piece piece = piece_at(here, size - done);
        u64 part = ones(piece.size);
        if (piece.region)
            part &= piece.region->handler->read(here - piece.region->first, piece.size);
        if (trace_ && trace_->listens()) trace_read(*trace_, name_, piece, here, part);
        value |= part << (8 * done);
        done += piece.size;
    }
    return value;
}

void IoSpace::write(u64 address, u32 size, u64 value) const {
    VERIFY(size >= 1 && size <= 8);
    for (u32 done = 0; done < size;) {
        const u64 here = address + done;
        const Piece piece = piece_at(here, size - done);
        const u64 part = (value >> (8 * done)) & ones(piece.size);
        if (trace_ && trace_->listens()) trace_write(*trace_, name_, piece, here, part);
        if (piece.region) {
            piece.region->handler->write(here - piece.region->first, piece.size, part);
        }
        done += piece.size;
    }
}

}  // namespace fabric
