// SPDX-License-Identifier: BSD-2-Clause
#include "devices/storage/ata_smart.hpp"

#include "devices/storage/ata_identity.hpp"

namespace devices::ata::smart {

namespace {

struct Attribute {
    u8 id;
    u16 flags;
    u8 threshold;
    u8 raw;
};

// Ids are the vendors' convention; every tool knows these.
constexpr std::array<Attribute, 5> attributes = {{
    {1, 0x0003, 6, 0},     // Read errors.
    {5, 0x0033, 36, 0},    // Reallocated sectors.
    {9, 0x0032, 0, 1},     // Hours.
    {12, 0x0032, 20, 1},   // Power-ons.
    {190, 0x0022, 0, 31},  // Degrees centigrade.
}};

constexpr u8 healthy = 100;

std::array<u8, 512> sealed(std::array<u8, 512> sector) {
    sector[511] = IdentityWords::checksum(std::span(sector).first(511));
    return sector;
}

}  // namespace

std::array<u8, 512> data() {
    std::array<u8, 512> sector{};
    sector[0] = 1;  // Revision.
    for (usize i = 0; i < attributes.size(); ++i) {
        u8* const entry = &sector[2 + 12 * i];
        entry[0] = attributes[i].id;
        entry[1] = static_cast<u8>(attributes[i].flags);
        entry[3] = healthy;
        entry[4] = healthy;
        entry[5] = attributes[i].raw;
    }
    sector[362] = 0x82;  // Off-line collection was completed.
    sector[367] = 0x19;  // It can be executed at once; self tests exist.
    sector[368] = 0x03;  // Attributes are saved.
    sector[370] = 0x01;  // Errors are logged.
    sector[372] = 2;     // Minutes of a short self test, and of a long one.
    sector[373] = 2;
    return sealed(sector);
}

std::array<u8, 512> thresholds() {
    std::array<u8, 512> sector{};
    sector[0] = 1;
    for (usize i = 0; i < attributes.size(); ++i) {
        sector[2 + 12 * i] = attributes[i].id;
        sector[3 + 12 * i] = attributes[i].threshold;
    }
    return sealed(sector);
}

std::optional<std::array<u8, 512>> log(u8 address) {
    std::array<u8, 512> sector{};
    sector[0] = 1;  // Version, of each of them.
    switch (address) {
        case 0x00:
            sector[2 * 0x01] = 1;  // One sector of errors, one of self tests.
            sector[2 * 0x06] = 1;
            return sector;
        case 0x01:
        case 0x06: return sealed(sector);
        default: return std::nullopt;
    }
}

}  // namespace devices::ata::smart
