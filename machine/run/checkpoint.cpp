// SPDX-License-Identifier: BSD-2-Clause
//
// What of a machine is saved, restored and hashed.
#include <algorithm>
#include <vector>

#include "cpu/arch/paging.hpp"
#include "cpu/core/monitor.hpp"
#include "cpu/mmu/translation_control.hpp"
#include "fabric/state/state_hash.hpp"
#include "machine/run/checkpoint_sections.hpp"
#include "machine/run/machine.hpp"

namespace machine {

using checkpoint::read_from;
using fabric::Error;
using fabric::Result;
using fabric::SnapshotFile;
using fabric::SnapshotWriter;
using fabric::StateReader;
using fabric::StateWriter;

namespace {

/// A TLB entry as a record of its own: the file format is not the compiler's layout.
struct SavedTranslation {
    u64 page = 0;
    u16 asid = 0;
    u64 physical_page = 0;
    u8 page_shift = 12;
    bool writable = false;
    bool user = false;
    bool executable = false;
    bool global = false;
    bool dirty = false;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "page", state.page);
        visit(2, "asid", state.asid);
        visit(3, "physical_page", state.physical_page);
        visit(4, "page_shift", state.page_shift);
        visit(5, "writable", state.writable);
        visit(6, "user", state.user);
        visit(7, "executable", state.executable);
        visit(8, "global", state.global);
        visit(9, "dirty", state.dirty);
    }
};

struct SavedTlb {
    std::vector<SavedTranslation> entries;

    template <class Self, class Visit>
    static constexpr void fields(Self& state, Visit& visit) {
        visit(1, "entries", state.entries);
    }
};

/// A processor, as it is read before anything is changed.
struct RestoredProcessor {
    cpu::CpuState state;
    std::vector<cpu::LogicalTlb::Entry> tlb;
};

SavedTlb saved_tlb(const cpu::Vcpu& vcpu) {
    SavedTlb saved;
    for (const auto& entry : vcpu.tlb.entries()) {
        const cpu::Translation& found = entry.translation;
        saved.entries.push_back({entry.page, entry.asid, found.physical_page, found.page_shift,
                                 found.writable, found.user, found.executable, found.global,
                                 found.dirty});
    }
    return saved;
}

std::vector<cpu::LogicalTlb::Entry> entries_of(const SavedTlb& tlb) {
    std::vector<cpu::LogicalTlb::Entry> entries;
    for (const SavedTranslation& saved : tlb.entries) {
        entries.push_back({saved.page,
                           saved.asid,
                           {saved.physical_page, saved.page_shift, saved.writable, saved.user,
                            saved.executable, saved.global, saved.dirty}});
    }
    return entries;
}

std::string cpu_section(usize number) { return "cpu" + std::to_string(number); }
std::string tlb_section(usize number) { return "tlb" + std::to_string(number); }

/// All that is saved besides RAM, by section.
std::vector<std::pair<std::string, std::vector<u8>>> sections_of(
    Board& board, const fabric::InstructionClock& clock, const Machine::Schedule& schedule) {
    std::vector<std::pair<std::string, std::vector<u8>>> sections;
    const auto add = [&](std::string name, auto save) {
        StateWriter out;
        save(out);
        sections.emplace_back(std::move(name),
                              std::vector<u8>(out.bytes().begin(), out.bytes().end()));
    };
    add(checkpoint::machine, [&](StateWriter& out) { out.write(board.identity()); });
    add(checkpoint::schedule, [&](StateWriter& out) { out.write(schedule); });
    add(checkpoint::clock, [&](StateWriter& out) { clock.save(out); });
    add("events", [&](StateWriter& out) { board.events().save(out); });
    for (usize i = 0; i < board.processors(); ++i) {
        cpu::Vcpu& vcpu = board.vcpu(i);
        vcpu.state.retired = schedule.retired;  // Whose turn it is not has an old one.
        add(cpu_section(i), [&](StateWriter& out) { out.write(vcpu.state); });
        add(tlb_section(i), [&](StateWriter& out) { out.write(saved_tlb(vcpu)); });
    }
    for (fabric::Device* device : board.devices()) {
        add(std::string(device->name()), [&](StateWriter& out) { device->save(out); });
    }
    return sections;
}

Result<> save_ram(const fabric::GuestMemory& memory, SnapshotWriter& out) {
    TRY(out.begin_section(checkpoint::ram));
    for (const u64 page : memory.nonzero_ram_pages()) {
        std::array<u8, 8> number;
        for (usize i = 0; i < 8; ++i) number[i] = static_cast<u8>(page >> (8 * i));
        TRY(out.append(number));
        TRY(out.append(memory.ram().subspan(page * fabric::page_size, fabric::page_size)));
    }
    return out.end_section();
}

/// Calls `take(page number, bytes)` for each page of the section, which comes in pieces of any
/// size.
template <class Take>
Result<> for_each_saved_page(const SnapshotFile& file, u64 ram_pages, Take take) {
    constexpr usize record = checkpoint::page_record;
    std::vector<u8> partial;
    TRY(file.read_section(checkpoint::ram, [&](std::span<const u8> piece) -> Result<> {
        partial.insert(partial.end(), piece.begin(), piece.end());
        usize done = 0;
        for (; partial.size() - done >= record; done += record) {
            u64 page = 0;
            for (usize i = 0; i < 8; ++i) page |= u64{partial[done + i]} << (8 * i);
            if (page >= ram_pages) return Error{"ram: a page beyond its end"};
            take(page, std::span<const u8>(partial).subspan(done + 8, fabric::page_size));
        }
        partial.erase(partial.begin(), partial.begin() + static_cast<std::ptrdiff_t>(done));
        return {};
    }));
    if (!partial.empty()) return Error{"ram: cut short"};
    return {};
}

bool is_translation(const SavedTranslation& saved) {
    const bool size = saved.page_shift == 12 || saved.page_shift == 21 || saved.page_shift == 22 ||
                      saved.page_shift == 30;
    const u64 within = size ? (u64{1} << saved.page_shift) - 1 : 0;
    return size && saved.asid <= cpu::cr3::PcidMask && (saved.page & within) == 0 &&
           (saved.physical_page & ~cpu::pte::Address) == 0;
}

/// A file says anything; what the processor takes for granted of its own state must hold.
Result<> check(const cpu::CpuState& state, const SavedTlb& tlb) {
    using namespace cpu;
    const bool flags =
        state.status == status_flags::from_rflags(status_flags::to_rflags(state.status)) &&
        (state.other_flags & (rflags::Status | ~rflags::Defined)) == 0;
    const bool enumerators = state.activity <= Activity::Shutdown &&
                             state.shadow <= InterruptShadow::MovSs && state.cpl <= 3;
    if (!flags || !enumerators || state.gpr[no_register] != 0) {
        return Error{"this is not the state of any processor"};
    }
    if (tlb.entries.size() > LogicalTlb::capacity ||
        !std::ranges::all_of(tlb.entries, is_translation)) {
        return Error{"not the contents of a TLB"};
    }
    return {};
}

Result<std::vector<RestoredProcessor>> read_processors(const SnapshotFile& file, usize count) {
    std::vector<RestoredProcessor> processors(count);
    for (usize i = 0; i < count; ++i) {
        SavedTlb tlb;
        RestoredProcessor& one = processors[i];
        TRY(read_from(file, tlb_section(i), [&](StateReader& in) { return in.read(tlb); }));
        TRY(read_from(file, cpu_section(i), [&](StateReader& in) { return in.read(one.state); }));
        if (auto fits = check(one.state, tlb); !fits) {
            return std::move(fits).error().within(cpu_section(i));
        }
        one.tlb = entries_of(tlb);
    }
    return processors;
}

void restore_processor(cpu::Vcpu& vcpu, const RestoredProcessor& from) {
    cpu::flush_translations(vcpu);
    vcpu.state = from.state;
    // Its line is watched by a mark on the page, which was this run's.
    if (vcpu.state.monitor_armed) cpu::arm_monitor(vcpu, vcpu.state.monitor_address);
    vcpu.tlb.restore(from.tlb);
    vcpu.attention |= cpu::attention::Events;  // What waits for it was not signalled again.
}

/// Deadlines and devices. Each checks before it changes anything; if one refuses, those before it
/// go back to what they were.
Result<> restore_devices(Board& board, const SnapshotFile& file) {
    const auto before = sections_of(board, {}, {});
    const auto restore_from = [&](auto section) -> Result<> {
        TRY(section("events", [&](StateReader& in) { return board.events().restore(in); }));
        for (fabric::Device* device : board.devices()) {
            TRY(section(std::string(device->name()),
                        [&](StateReader& in) { return device->restore(in); }));
        }
        return {};
    };
    auto outcome = restore_from(
        [&](const std::string& name, auto restore) { return read_from(file, name, restore); });
    if (outcome) return outcome;
    const auto undone = restore_from([&](const std::string& name, auto restore) -> Result<> {
        const auto found = std::ranges::find(before, name, [](auto& each) { return each.first; });
        StateReader reader(found->second);
        return restore(reader);
    });
    VERIFY(undone);
    return outcome;
}

}  // namespace

u64 Machine::state_hash() const {
    fabric::StateHash hash;
    for (const auto& [name, bytes] : sections_of(*board_, clock_, schedule_)) {
        hash.add(std::span<const u8>(bytes));
    }
    hash.add(board_->memory().contents_hash());
    hash.add(board_->media_hash());
    return hash.value();
}

Result<> Machine::save(const std::string& path) const {
    auto out = TRY(SnapshotWriter::create(path, checkpoint::kind));
    TRY(save(out));
    return out.finish();
}

Result<> Machine::save(SnapshotWriter& out) const {
    for (const auto& [name, bytes] : sections_of(*board_, clock_, schedule_)) {
        TRY(out.add_section(name, bytes));
    }
    StateWriter hash;
    hash.write(checkpoint::SavedHash{state_hash()});
    TRY(out.add_section(checkpoint::hash, hash.bytes()));
    TRY(board_->save_media(out));
    board_->trace().checkpoint("machine", "saved");
    return save_ram(board_->memory(), out);
}

Result<> Machine::restore(const std::string& path) {
    const SnapshotFile file = TRY(SnapshotFile::open(path, checkpoint::kind));
    if (auto outcome = restore(file); !outcome) return std::move(outcome).error().within(path);
    return {};
}

Result<> Machine::restore(const SnapshotFile& file) {
    BoardIdentity identity;
    Schedule schedule;
    TRY(read_from(file, checkpoint::machine, [&](StateReader& in) { return in.read(identity); }));
    TRY(check_same(identity, board_->identity()));
    TRY(read_from(file, checkpoint::schedule, [&](StateReader& in) { return in.read(schedule); }));
    if (schedule.current >= board_->processors()) {
        return Error{"schedule: the turn of a processor that there is not"};
    }
    const auto clock = TRY(checkpoint::read_clock(file, schedule.retired));
    TRY(checkpoint::read_hash(file));
    const auto processors = TRY(read_processors(file, board_->processors()));
    fabric::GuestMemory& memory = board_->memory();
    const u64 pages = memory.ram().size() / fabric::page_size;
    TRY(for_each_saved_page(file, pages, [](u64, auto) {}));
    TRY(board_->load_media(file));
    TRY(restore_devices(*board_, file));

    memory.clear_ram();
    TRY(for_each_saved_page(file, pages, [&](u64 page, std::span<const u8> bytes) {
        std::ranges::copy(
            bytes, memory.ram().begin() + static_cast<std::ptrdiff_t>(page * fabric::page_size));
    }));
    board_->devices_restored();
    memory.contents_replaced();
    for (usize i = 0; i < processors.size(); ++i) restore_processor(board_->vcpu(i), processors[i]);
    clock_ = clock;
    schedule_ = schedule;
    board_->trace().checkpoint("machine", "restored");
    return {};
}

}  // namespace machine
