// SPDX-License-Identifier: BSD-2-Clause
//
// All of an 82540EM that a guest can change.
#pragma once

#include <array>
#include <vector>

#include "devices/network/e1000_eeprom.hpp"
#include "devices/network/e1000_offload.hpp"
#include "devices/network/e1000_phy.hpp"
#include "devices/network/e1000_registers.hpp"
#include "devices/pci/config_space.hpp"

namespace devices::e1000 {

/// Registers that are words, with what a reset gives them.
struct Registers {
    u32 ctrl = ctrl::PowerOn;
    u32 eecd = eecd::FlashWriteDisabled;
    u32 eerd = 0;
    u32 ctrl_ext = 0;
    u32 mdic = mdic::Ready;
    u32 fcal = 0;
    u32 fcah = 0;
    u32 fct = 0;
    u32 vet = 0x8100;
    u32 icr = 0;
    u32 itr = 0;
    u32 ims = 0;
    u32 rctl = 0;
    u32 fcttv = 0;
    u32 txcw = 0;
    u32 tctl = 0;
    u32 tipg = 0x0060'2008;
    u32 ait = 0;
    u32 ledctl = 0x0706'8302;
    u32 pba = 48;  // KiB for receiving; the rest of 64 is for transmitting.
    u32 fcrtl = 0;
    u32 fcrth = 0;
    u32 rdbal = 0;
    u32 rdbah = 0;
    u32 rdlen = 0;
    u32 rdh = 0;
    u32 rdt = 0;
    u32 rdtr = 0;
    u32 rxdctl = 0x0101'0000;
    u32 radv = 0;
    u32 rsrpd = 0;
    u32 txdmac = 0;
    u32 tdbal = 0;
    u32 tdbah = 0;
    u32 tdlen = 0;
    u32 tdh = 0;
    u32 tdt = 0;
    u32 tidv = 0;
    u32 txdctl = 0;
    u32 tadv = 0;
    u32 tspmt = 0x0100'0400;
    u32 rxcsum = 0;
    u32 wuc = 0;
    u32 wufc = 0;
    u32 manc = 0;
    u32 io_address = 0;  // IOADDR

    bool operator==(const Registers&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& r, Visit& visit) {
        visit(1, "ctrl", r.ctrl);
        visit(2, "eecd", r.eecd);
        visit(3, "eerd", r.eerd);
        visit(4, "ctrl_ext", r.ctrl_ext);
        visit(5, "mdic", r.mdic);
        visit(6, "fcal", r.fcal);
        visit(7, "fcah", r.fcah);
        visit(8, "fct", r.fct);
        visit(9, "vet", r.vet);
        visit(10, "icr", r.icr);
        visit(11, "itr", r.itr);
        visit(12, "ims", r.ims);
        visit(13, "rctl", r.rctl);
        visit(14, "fcttv", r.fcttv);
        visit(15, "txcw", r.txcw);
        visit(16, "tctl", r.tctl);
        visit(17, "tipg", r.tipg);
        visit(18, "ait", r.ait);
        visit(19, "ledctl", r.ledctl);
        visit(20, "pba", r.pba);
        visit(21, "fcrtl", r.fcrtl);
        visit(22, "fcrth", r.fcrth);
        visit(23, "rdbal", r.rdbal);
        visit(24, "rdbah", r.rdbah);
        visit(25, "rdlen", r.rdlen);
        visit(26, "rdh", r.rdh);
        visit(27, "rdt", r.rdt);
        visit(28, "rdtr", r.rdtr);
        visit(29, "rxdctl", r.rxdctl);
        visit(30, "radv", r.radv);
        visit(31, "rsrpd", r.rsrpd);
        visit(32, "txdmac", r.txdmac);
        visit(33, "tdbal", r.tdbal);
        visit(34, "tdbah", r.tdbah);
        visit(35, "tdlen", r.tdlen);
        visit(36, "tdh", r.tdh);
        visit(37, "tdt", r.tdt);
        visit(38, "tidv", r.tidv);
        visit(39, "txdctl", r.txdctl);
        visit(40, "tadv", r.tadv);
        visit(41, "tspmt", r.tspmt);
        visit(42, "rxcsum", r.rxcsum);
        visit(43, "wuc", r.wuc);
        visit(44, "wufc", r.wufc);
        visit(45, "manc", r.manc);
        visit(46, "io_address", r.io_address);
    }
};

/// A frame in the packet buffer, with what goes into its last descriptor.
struct ReceivedFrame {
    std::vector<u8> bytes;
    u8 status = 0;
    u8 errors = 0;
    u16 checksum = 0;
    u16 special = 0;

    bool operator==(const ReceivedFrame&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& frame, Visit& visit) {
        visit(1, "bytes", frame.bytes);
        visit(2, "status", frame.status);
        visit(3, "errors", frame.errors);
        visit(4, "checksum", frame.checksum);
        visit(5, "special", frame.special);
    }
};

struct ReceiveState {
    std::vector<std::vector<u8>> on_the_line;  // From the host, not yet arrived.
    std::vector<ReceivedFrame> buffered;
    u32 delivered = 0;  // Bytes of the first of them that are in the guest's memory.

    bool operator==(const ReceiveState&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "on_the_line", state.on_the_line);
        visit(2, "buffered", state.buffered);
        visit(3, "delivered", state.delivered);
    }
};

struct TransmitState {
    u32 next = 0;            // The descriptor to fetch; those from TDH on are in hand.
    bool gathering = false;  // Part of a packet is in hand,
    bool sending = false;    // or all of it, and on the line.
    bool overlong = false;   // More than any packet has: it will not be sent.
    std::vector<u8> packet;
    u64 command = 0;  // The last descriptor's second half.
    u8 options = 0;   // POPTS of the first one,
    bool extended = false;
    bool segmented = false;                    // and its TSE.
    std::array<OffloadContext, 2> contexts{};  // The other is for segmentation.

    bool operator==(const TransmitState&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "next", state.next);
        visit(2, "gathering", state.gathering);
        visit(3, "sending", state.sending);
        visit(4, "overlong", state.overlong);
        visit(5, "packet", state.packet);
        visit(6, "command", state.command);
        visit(7, "options", state.options);
        visit(8, "extended", state.extended);
        visit(9, "segmented", state.segmented);
        visit(10, "contexts", state.contexts);
    }
};

struct State {
    pci::ConfigState config;
    Registers registers;
    std::array<u32, 128> multicast_table{};
    std::array<u32, 32> receive_addresses{};  // Pairs of RAL and RAH.
    std::array<u32, 128> vlan_table{};
    std::array<u32, statistics_count> statistics{};
    Eeprom::State eeprom;
    Phy::State phy;
    TransmitState transmit;
    ReceiveState receive;
    bool interrupt_asserted = false;
    u64 next_interrupt_ns = 0;  // Not to be asserted before (ITR).

    bool operator==(const State&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "config", state.config);
        visit(2, "registers", state.registers);
        visit(3, "multicast_table", state.multicast_table);
        visit(4, "receive_addresses", state.receive_addresses);
        visit(5, "vlan_table", state.vlan_table);
        visit(6, "statistics", state.statistics);
        visit(7, "eeprom", state.eeprom);
        visit(8, "phy", state.phy);
        visit(9, "transmit", state.transmit);
        visit(10, "receive", state.receive);
        visit(11, "interrupt_asserted", state.interrupt_asserted);
        visit(12, "next_interrupt_ns", state.next_interrupt_ns);
    }
};

}  // namespace devices::e1000
