// SPDX-License-Identifier: BSD-2-Clause
//
// fw_cfg: how the machine tells its firmware what it is made of (QEMU's docs/specs/fw_cfg).
//
// Items are blobs under a number; from number 20h on they have names too, listed in a directory.
// Firmware reads them byte by byte through a port, or has them copied by DMA. A file that is
// Writable takes what firmware writes back (the table loader's WRITE_POINTER). A transfer is done
// when the write that started it is. Not modelled: the memory-mapped interface, which a PC lacks.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/bus/device.hpp"
#include "fabric/memory/guest_memory.hpp"

namespace devices {

class FwCfg final : public fabric::Device, public fabric::IoHandler {
public:
    enum class Access : u8 { ReadOnly, Writable };

    /// Known to firmware by number: see fw_cfg::key.
    struct Item {
        u16 key = 0;
        std::vector<u8> bytes;
    };
    /// Known by name: "etc/table-loader". Names are unique and have 55 characters at most.
    struct File {
        std::string name;
        std::vector<u8> bytes;
        Access access = Access::ReadOnly;
    };

    struct Config {
        std::vector<Item> items;
        std::vector<File> files;
    };

    struct Wiring {
        fabric::GuestMemory& memory;
    };

    /// What firmware has made of a Writable file.
    struct Rewritten {
        u16 key = 0;
        std::vector<u8> bytes;

        bool operator==(const Rewritten&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "key", state.key);
            visit(2, "bytes", state.bytes);
        }
    };

    struct State {
        u16 selected = 0;
        u32 offset = 0;  // In the selected item; stays at its end.
        u64 dma_address = 0;
        std::vector<Rewritten> rewritten;  // One for each Writable file, in order.

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "selected", state.selected);
            visit(2, "offset", state.offset);
            visit(3, "dma_address", state.dma_address);
            visit(4, "rewritten", state.rewritten);
        }
    };

    /// Fails where a number or a name is taken twice, or a name is too long.
    static fabric::Result<std::unique_ptr<FwCfg>> create(Config config, Wiring wiring);

    std::string_view name() const override { return "fw_cfg"; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override;

    u64 read(u64 offset, u32 size) override;
    void write(u64 offset, u32 size, u64 value) override;

    /// A file as it is now; empty if there is none of that name.
    std::span<const u8> file(std::string_view file_name) const;

    const State& state() const { return state_; }

private:
    struct Blob {
        std::string name;  // Empty: an item.
        std::vector<u8> bytes;
        Access access = Access::ReadOnly;
    };
    struct DmaRequest {
        u32 control = 0;
        u32 length = 0;
        u64 address = 0;
    };

    FwCfg(Config config, Wiring wiring);
    void add_directory();
    State power_on_state() const;

    const Blob* find(u16 key) const;
    std::span<const u8> contents(u16 key) const;
    std::span<u8> writable_contents(u16 key);
    std::span<const u8> unread() const;
    void select(u16 key);
    void advance(u32 length);
    u8 read_byte();

    void write_dma_register(u64 offset, u32 size, u32 value);
    void run_dma();
    bool transfer(const DmaRequest& request);
    bool copy_to_guest(const DmaRequest& request);
    bool copy_from_guest(const DmaRequest& request);

    Wiring wiring_;
    std::vector<std::pair<u16, Blob>> blobs_;  // Sorted by number.
    State state_;
};

}  // namespace devices
