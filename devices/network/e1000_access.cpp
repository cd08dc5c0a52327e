// SPDX-License-Identifier: BSD-2-Clause
//
// How the 82540EM's registers are read and written (Intel 317453, chapter 13).
#include "devices/network/e1000.hpp"

namespace devices {

using namespace e1000;

namespace {

struct PlainRegister {
    u32 offset;
    u32 Registers::*value;
    u32 writable;
};

/// Those that show what was written, and act on nothing by themselves.
constexpr std::array plain_registers = {
    PlainRegister{reg::Ctrl, &Registers::ctrl, 0},
    PlainRegister{reg::CtrlShadow, &Registers::ctrl, 0},
    PlainRegister{reg::Eerd, &Registers::eerd, 0},
    PlainRegister{reg::CtrlExt, &Registers::ctrl_ext, 0xf0f6'dfff},
    PlainRegister{reg::Mdic, &Registers::mdic, 0},
    PlainRegister{reg::Fcal, &Registers::fcal, 0xffff'ffff},
    PlainRegister{reg::Fcah, &Registers::fcah, 0xffff},
    PlainRegister{reg::Fct, &Registers::fct, 0xffff},
    PlainRegister{reg::Vet, &Registers::vet, 0xffff},
    PlainRegister{reg::Itr, &Registers::itr, 0xffff},
    PlainRegister{reg::Ims, &Registers::ims, 0},
    PlainRegister{reg::Rctl, &Registers::rctl, 0x06df'b3fe},
    PlainRegister{reg::Fcttv, &Registers::fcttv, 0xffff},
    PlainRegister{reg::Txcw, &Registers::txcw, 0xc000'ffff},
    PlainRegister{reg::Tctl, &Registers::tctl, 0x037f'fffa},
    PlainRegister{reg::Tipg, &Registers::tipg, 0x3fff'ffff},
    PlainRegister{reg::Ait, &Registers::ait, 0xffff},
    PlainRegister{reg::Ledctl, &Registers::ledctl, 0xcfcf'cfcf},
    PlainRegister{reg::Pba, &Registers::pba, 0x003f},
    PlainRegister{reg::Fcrtl, &Registers::fcrtl, 0x8000'fff8},
    PlainRegister{reg::Fcrth, &Registers::fcrth, 0x8000'fff8},
    PlainRegister{reg::Rdbal, &Registers::rdbal, 0xffff'fff0},
    PlainRegister{reg::Rdbah, &Registers::rdbah, 0xffff'ffff},
    PlainRegister{reg::Rdlen, &Registers::rdlen, 0x000f'ff80},
    PlainRegister{reg::Rdh, &Registers::rdh, 0xffff},
    PlainRegister{reg::Rdt, &Registers::rdt, 0xffff},
    PlainRegister{reg::Rdtr, &Registers::rdtr, 0xffff},
    PlainRegister{reg::Rxdctl, &Registers::rxdctl, 0x013f'3f3f},
    PlainRegister{reg::Radv, &Registers::radv, 0xffff},
    PlainRegister{reg::Rsrpd, &Registers::rsrpd, 0x0fff},
    PlainRegister{reg::Txdmac, &Registers::txdmac, 0x0001},
    PlainRegister{reg::Tdbal, &Registers::tdbal, 0xffff'fff0},
    PlainRegister{reg::Tdbah, &Registers::tdbah, 0xffff'ffff},
    PlainRegister{reg::Tdlen, &Registers::tdlen, 0x000f'ff80},
    PlainRegister{reg::Tdh, &Registers::tdh, 0xffff},
    PlainRegister{reg::Tdt, &Registers::tdt, 0xffff},
    PlainRegister{reg::Tidv, &Registers::tidv, 0xffff},
    PlainRegister{reg::Txdctl, &Registers::txdctl, 0xff3f'3f3f},
    PlainRegister{reg::Tadv, &Registers::tadv, 0xffff},
    PlainRegister{reg::Tspmt, &Registers::tspmt, 0xffff'ffff},
    PlainRegister{reg::Rxcsum, &Registers::rxcsum, 0x03ff},
    PlainRegister{reg::Wuc, &Registers::wuc, 0x000b},
    PlainRegister{reg::Wufc, &Registers::wufc, 0x000f'00ff},
    PlainRegister{reg::Manc, &Registers::manc, 0x00ff'ff00}};

const PlainRegister* plain_register(u32 offset) {
    for (const PlainRegister& each : plain_registers) {
        if (each.offset == offset) return &each;
    }
    return nullptr;
}

constexpr u32 packet_buffer_kib = 64;

}  // namespace

u64 E1000::read(u64 offset, u32 size) {
    if (offset >= register_bytes) return 0;
    const u32 word = static_cast<u32>(offset) & ~u32{3};
    const u64 value = read_register(word) >> (8 * (offset - word));
    return size >= 4 ? value : value & ((u64{1} << (8 * size)) - 1);
}

void E1000::write(u64 offset, u32 size, u64 value) {
    if (offset >= register_bytes || size != 4) return;
    write_register(static_cast<u32>(offset), static_cast<u32>(value));
}

u32 E1000::read_register(u32 offset) {
    if (offset == reg::Icr) {
        const u32 causes = regs_.icr;
        regs_.icr = 0;
        update_interrupt();
        return causes;
    }
    if (offset == reg::Status) return status();
    if (offset == reg::Eecd) return eecd();
    if (offset == reg::Pba) return regs_.pba | (packet_buffer_kib - regs_.pba) << 16;
    if (offset >= reg::Statistics && offset < reg::Statistics + 4 * statistics_count) {
        return read_statistic((offset - reg::Statistics) / 4);
    }
    if (const u32* const word = table_word(offset)) return *word;
    const PlainRegister* const plain = plain_register(offset);
    return plain ? regs_.*plain->value : 0;
}

void E1000::write_register(u32 offset, u32 value) {
    if (write_special(offset, value)) return;
    if (u32* const word = table_word(offset)) {
        constexpr u32 high_word = 0x8003'ffff;  // Of RAH.
        const bool high = offset >= reg::Ra && offset < reg::Vfta && (offset & 4) != 0;
        *word = high ? value & high_word : value;
        return;
    }
    const PlainRegister* const plain = plain_register(offset);
    if (!plain) return;
    u32& stored = regs_.*plain->value;
    stored = (stored & ~plain->writable) | (value & plain->writable);
    switch (offset) {
        case reg::Rctl:
        case reg::Rdt: deliver(); break;
        case reg::Rdh: state_.receive.delivered = 0; break;
        case reg::Tctl:
        case reg::Tdt: fetch_packet(); break;
        case reg::Tdh: drop_packet_in_hand(); break;
        case reg::Rdtr:
            if ((value & rdtr::Flush) != 0 && receive_delay_.pending()) receive_delay_over();
            break;
        case reg::CtrlExt:
            if ((value & ctrl_ext::EepromReset) != 0) load_from_eeprom();
            break;
        default: break;
    }
}

bool E1000::write_special(u32 offset, u32 value) {
    switch (offset) {
        case reg::Ctrl:
        case reg::CtrlShadow: write_ctrl(value); return true;
        case reg::Eecd: write_eecd(value); return true;
        case reg::Eerd: write_eerd(value); return true;
        case reg::Mdic: write_mdic(value); return true;
        case reg::Icr:
            regs_.icr &= ~value;
            update_interrupt();
            return true;
        case reg::Ics: raise(value & icr::Defined); return true;
        case reg::Ims:
            regs_.ims |= value & icr::Defined;
            update_interrupt();
            return true;
        case reg::Imc:
            regs_.ims &= ~value;
            update_interrupt();
            return true;
        default: return false;
    }
}

/// A word of the tables, or null.
u32* E1000::table_word(u32 offset) {
    if (offset < reg::Mta || offset >= reg::Vfta + 4 * state_.vlan_table.size()) return nullptr;
    if (offset >= reg::Vfta) return &state_.vlan_table[(offset - reg::Vfta) / 4];
    const u32 address = (offset - reg::Ra) / 4;
    if (offset >= reg::Ra) {
        return address < state_.receive_addresses.size() ? &state_.receive_addresses[address]
                                                         : nullptr;
    }
    return &state_.multicast_table[(offset - reg::Mta) / 4];
}

bool E1000::link_up() const { return phy_.link() && (regs_.ctrl & ctrl::SetLinkUp) != 0; }

u32 E1000::status() const {
    u64 value = 0;
    if (link_up()) {
        value |= status::LinkUp;
        const auto speed = static_cast<u64>(phy_.speed());
        value |= status::Speed::placed(speed) | status::DetectedSpeed::placed(speed);
        if (phy_.full_duplex()) value |= status::FullDuplex;
    } else if ((regs_.ctrl & ctrl::FullDuplex) != 0) {
        value |= status::FullDuplex;
    }
    return static_cast<u32>(value);
}

void E1000::write_ctrl(u32 value) {
    if ((value & ctrl::Reset) != 0) {
        software_reset();
        return;
    }
    const bool was_up = link_up();
    regs_.ctrl = value & ~ctrl::SelfClearing;
    if ((value & ctrl::PhyReset) != 0) phy_.reset();
    if (link_up() && !was_up) link_changed();
}

u32 E1000::eecd() const {
    u32 value = regs_.eecd | eecd::Present;
    if ((value & eecd::Request) != 0) value |= eecd::Grant;
    if (eeprom_.output()) value |= eecd::DataOut;
    return value;
}

void E1000::write_eecd(u32 value) {
    regs_.eecd = value & eecd::Written;
    eeprom_.drive((value & eecd::ChipSelect) != 0, (value & eecd::Clock) != 0,
                  (value & eecd::DataIn) != 0);
}

void E1000::write_eerd(u32 value) {
    const u64 address = eerd::Address::of(value);
    regs_.eerd = static_cast<u32>(eerd::Address::placed(address));
    if ((value & eerd::Start) == 0) return;
    const u16 word = eeprom_.word(static_cast<u32>(address));
    regs_.eerd |= eerd::Done | static_cast<u32>(eerd::Data::placed(word));
}

void E1000::write_mdic(u32 value) {
    const u32 number = static_cast<u32>(mdic::Register::of(value));
    regs_.mdic = value & ~(mdic::Error | mdic::Ready);
    const u64 operation = mdic::Operation::of(value);
    if (mdic::Phy::of(value) != mdic::PhyAddress) {
        regs_.mdic |= mdic::Error;
    } else if (operation == mdic::OperationWrite) {
        phy_.write(number, static_cast<u16>(mdic::Data::of(value)));
    } else if (operation == mdic::OperationRead) {
        regs_.mdic = static_cast<u32>(mdic::Data::replaced(regs_.mdic, phy_.read(number)));
    }
    regs_.mdic |= mdic::Ready;
    if ((value & mdic::InterruptEnable) != 0) raise(icr::MDAC);
}

}  // namespace devices
