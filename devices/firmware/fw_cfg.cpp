// SPDX-License-Identifier: BSD-2-Clause
#include "devices/firmware/fw_cfg.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "devices/firmware/fw_cfg_registers.hpp"

namespace devices {

using namespace fw_cfg;
using fabric::Error;
using fabric::Gpa;
using fabric::Result;

namespace {

constexpr usize most_files = key::WriteChannel - key::FirstFile;
constexpr u64 piece_bytes = 64 << 10;

template <class T>
void put_big_endian(std::vector<u8>& out, T value) {
    for (usize i = sizeof(T); i-- > 0;) out.push_back(static_cast<u8>(value >> (8 * i)));
}

template <class T>
T big_endian(std::span<const u8> bytes) {
    u64 value = 0;
    for (usize i = 0; i < sizeof(T); ++i) value = value << 8 | bytes[i];
    return static_cast<T>(value);
}

std::vector<u8> little_endian(u32 value) {
    return {static_cast<u8>(value), static_cast<u8>(value >> 8), static_cast<u8>(value >> 16),
            static_cast<u8>(value >> 24)};
}

Result<> check(const FwCfg::Config& config) {
    if (config.files.size() > most_files) return Error{"fw_cfg: too many files"};
    for (const FwCfg::File& file : config.files) {
        const auto same = [&](const FwCfg::File& other) { return other.name == file.name; };
        if (file.name.empty() || file.name.size() >= file_name_bytes) {
            return Error{"fw_cfg: the file name '" + file.name + "' must have 1 to 55 characters"};
        }
        if (std::count_if(config.files.begin(), config.files.end(), same) != 1) {
            return Error{"fw_cfg: two files are called '" + file.name + "'"};
        }
        if (file.bytes.size() > ~u32{0}) return Error{"fw_cfg: '" + file.name + "' is too long"};
    }
    for (const FwCfg::Item& item : config.items) {
        const auto same = [&](const FwCfg::Item& other) { return other.key == item.key; };
        const bool ours = item.key == key::Signature || item.key == key::Id ||
                          (item.key >= key::FileDirectory && item.key < key::WriteChannel);
        if (ours || (item.key & key::WriteChannel) != 0 ||
            std::count_if(config.items.begin(), config.items.end(), same) != 1) {
            return Error{"fw_cfg: item number " + std::to_string(item.key) + " is taken"};
        }
        if (item.bytes.size() > ~u32{0}) return Error{"fw_cfg: an item is longer than 4 GiB"};
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<FwCfg>> FwCfg::create(Config config, Wiring wiring) {
    TRY(check(config));
    return std::unique_ptr<FwCfg>(new FwCfg(std::move(config), wiring));
}

FwCfg::FwCfg(Config config, Wiring wiring) : wiring_(wiring) {
    blobs_.push_back({key::Signature, {.bytes = {'Q', 'E', 'M', 'U'}}});
    blobs_.push_back({key::Id, {.bytes = little_endian(id::Traditional | id::Dma)}});
    for (Item& item : config.items) {
        blobs_.push_back({item.key, {.bytes = std::move(item.bytes)}});
    }
    // By name, so that a file's number does not depend on who was added first.
    std::sort(config.files.begin(), config.files.end(),
              [](const File& a, const File& b) { return a.name < b.name; });
    u16 next = key::FirstFile;
    for (File& file : config.files) {
        blobs_.push_back({next++, {std::move(file.name), std::move(file.bytes), file.access}});
    }
    std::sort(blobs_.begin(), blobs_.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    add_directory();
    state_ = power_on_state();
}

void FwCfg::add_directory() {
    std::vector<u8> directory;
    u32 count = 0;
    for (const auto& [number, blob] : blobs_) {
        if (blob.name.empty()) continue;
        ++count;
        put_big_endian(directory, static_cast<u32>(blob.bytes.size()));
        put_big_endian(directory, number);
        put_big_endian(directory, u16{0});
        directory.insert(directory.end(), blob.name.begin(), blob.name.end());
        directory.resize(directory_entry_bytes * count);
    }
    std::vector<u8> bytes;
    put_big_endian(bytes, count);
    bytes.insert(bytes.end(), directory.begin(), directory.end());
    const auto place =
        std::lower_bound(blobs_.begin(), blobs_.end(), key::FileDirectory,
                         [](const auto& blob, u16 number) { return blob.first < number; });
    blobs_.insert(place, {key::FileDirectory, {.bytes = std::move(bytes)}});
}

FwCfg::State FwCfg::power_on_state() const {
    State state;
    for (const auto& [number, blob] : blobs_) {
        if (blob.access == Access::Writable) state.rewritten.push_back({number, blob.bytes});
    }
    return state;
}

void FwCfg::reset(fabric::ResetKind) { state_ = power_on_state(); }

Result<> FwCfg::restore(fabric::StateReader& in) {
    State fresh;
    TRY(in.read(fresh));
    const auto same_file = [](const Rewritten& a, const Rewritten& b) {
        return a.key == b.key && a.bytes.size() == b.bytes.size();
    };
    if (!std::equal(fresh.rewritten.begin(), fresh.rewritten.end(), state_.rewritten.begin(),
                    state_.rewritten.end(), same_file)) {
        return Error{"the writable files are those of another machine"};
    }
    state_ = std::move(fresh);
    return {};
}

const FwCfg::Blob* FwCfg::find(u16 number) const {
    const auto found =
        std::lower_bound(blobs_.begin(), blobs_.end(), number,
                         [](const auto& blob, u16 wanted) { return blob.first < wanted; });
    return found != blobs_.end() && found->first == number ? &found->second : nullptr;
}

std::span<const u8> FwCfg::contents(u16 number) const {
    for (const Rewritten& file : state_.rewritten) {
        if (file.key == number) return file.bytes;
    }
    const Blob* const blob = find(number);
    return blob ? std::span<const u8>(blob->bytes) : std::span<const u8>();
}

std::span<u8> FwCfg::writable_contents(u16 number) {
    for (Rewritten& file : state_.rewritten) {
        if (file.key == number) return file.bytes;
    }
    return {};
}

std::span<const u8> FwCfg::file(std::string_view file_name) const {
    for (const auto& [number, blob] : blobs_) {
        if (!file_name.empty() && blob.name == file_name) return contents(number);
    }
    return {};
}

void FwCfg::select(u16 number) {
    state_.selected = static_cast<u16>(number & ~key::WriteChannel);
    state_.offset = 0;
}

std::span<const u8> FwCfg::unread() const {
    const std::span<const u8> all = contents(state_.selected);
    return all.subspan(std::min<usize>(state_.offset, all.size()));
}

void FwCfg::advance(u32 length) {
    state_.offset += static_cast<u32>(std::min<usize>(length, unread().size()));
}

u8 FwCfg::read_byte() {
    const std::span<const u8> rest = unread();
    if (rest.empty()) return 0;
    advance(1);
    return rest.front();
}

u64 FwCfg::read(u64 offset, u32 size) {
    if (offset >= port::DmaHigh) {
        u64 value = 0;
        for (u64 i = 0; i < size; ++i) {
            const u64 byte = dma_signature >> (8 * (7 - (offset - port::DmaHigh + i))) & 0xff;
            value |= byte << (8 * i);
        }
        return value;
    }
    return offset == port::Data && size == 1 ? read_byte() : 0;
}

void FwCfg::write(u64 offset, u32 size, u64 value) {
    if (offset >= port::DmaHigh) {
        write_dma_register(offset, size, static_cast<u32>(value));
    } else if (offset == port::Selector && size == 2) {
        select(static_cast<u16>(value));
    }
    // The data port takes no writes any more: "writes are ignored" since QEMU 2.4.
}

void FwCfg::write_dma_register(u64 offset, u32 size, u32 value) {
    if (size != 4) return;
    const u64 half = __builtin_bswap32(value);
    if (offset == port::DmaHigh) {
        state_.dma_address = half << 32;
    } else if (offset == port::DmaLow) {
        state_.dma_address |= half;
        run_dma();
        state_.dma_address = 0;
    }
}

void FwCfg::run_dma() {
    const Gpa where{state_.dma_address};
    std::array<u8, 16> bytes{};
    if (!wiring_.memory.read(where, bytes)) return;  // Nowhere to say that it failed.
    const std::span<const u8> fields(bytes);
    const DmaRequest request{.control = big_endian<u32>(fields),
                             .length = big_endian<u32>(fields.subspan(4)),
                             .address = big_endian<u64>(fields.subspan(8))};
    if (request.control & dma::Select) select(static_cast<u16>(request.control >> dma::KeyShift));
    const bool done = transfer(request);
    std::array<u8, 4> answer{0, 0, 0, done ? u8{0} : static_cast<u8>(dma::Error)};
    static_cast<void>(wiring_.memory.write(where, answer));
}

/// Of several commands at once the first of read, write, skip counts.
bool FwCfg::transfer(const DmaRequest& request) {
    if (request.control & dma::Read) return copy_to_guest(request);
    if (request.control & dma::Write) return copy_from_guest(request);
    if (request.control & dma::Skip) advance(request.length);
    return true;
}

/// Beyond the end of the item, and of items that do not exist, zeroes are read.
bool FwCfg::copy_to_guest(const DmaRequest& request) {
    static constexpr std::array<u8, piece_bytes> zeroes{};
    for (u64 done = 0; done < request.length;) {
        const std::span<const u8> rest = unread();
        const u64 wanted = std::min(request.length - done, piece_bytes);
        const auto piece = rest.empty() ? std::span<const u8>(zeroes).first(wanted)
                                        : rest.first(std::min<usize>(wanted, rest.size()));
        if (!wiring_.memory.write(Gpa{request.address + done}, piece)) return false;
        done += piece.size();
        advance(static_cast<u32>(piece.size()));
    }
    return true;
}

/// All or nothing: a write must lie within a Writable file.
bool FwCfg::copy_from_guest(const DmaRequest& request) {
    const std::span<u8> target = writable_contents(state_.selected);
    if (state_.offset > target.size() || request.length > target.size() - state_.offset) {
        return false;
    }
    const std::span<u8> into = target.subspan(state_.offset, request.length);
    if (!wiring_.memory.read(Gpa{request.address}, into)) return false;
    advance(request.length);
    return true;
}

}  // namespace devices
