// SPDX-License-Identifier: BSD-2-Clause
#include "tests/machine/board_exercise.hpp"

#include <algorithm>
#include <array>
#include <fstream>
#include <memory>
#include <optional>
#include <vector>

#include "fabric/support/verify.hpp"
#include "machine/board/pc.hpp"
#include "machine/run/machine.hpp"

namespace test {

using fabric::IoSpace;
using fabric::VmDuration;
using machine::Machine;
using machine::RunOutcome;

namespace {

constexpr u64 ram_bytes = u64{4} << 20;
constexpr u64 image_bytes = u64{1} << 20;
constexpr u64 most_operations = 400;

// PCI configuration.
constexpr u64 address_port = 0xcf8;
constexpr u64 data_port = 0xcfc;

struct Nowhere final : fabric::ByteSink {
    void accept(u8) override {}
};

/// Bytes from the front; zeroes when there are no more.
class Choices {
public:
    explicit Choices(std::span<const u8> bytes) : rest_(bytes) {}

    u64 take(usize bytes) {
        u64 value = 0;
        for (usize i = 0; i < bytes && !rest_.empty(); ++i) {
            value |= u64{rest_.front()} << (8 * i);
            rest_ = rest_.subspan(1);
        }
        return value;
    }
    std::span<const u8> take_bytes(usize most) {
        const auto taken = rest_.first(std::min(most, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }
    bool empty() const { return rest_.empty(); }

private:
    std::span<const u8> rest_;
};

/// Halts as soon as it starts: what happens is done from outside.
std::vector<u8> halting_firmware() { return std::vector<u8>(128 << 10, u8{0xf4}); }

class Exercise {
public:
    Exercise(std::span<const u8> bytes, const ExerciseImages& images) : choices_(bytes) {
        machine::PcConfig config{.ram_bytes = ram_bytes, .processors = 2};
        config.firmware = halting_firmware();
        config.disks = {{.path = images.disk, .snapshot = true}};
        config.cdroms = {images.cdrom};
        config.adapters.resize(1);
        auto maker = machine::Pc::maker(std::move(config), {nowhere_, nowhere_, {}});
        machine_ = Machine::create(std::make_unique<fabric::InputJournal>(), maker).value();
        machine_->restart_on_reset(true);
        place_adapter();
    }

    u64 run() {
        while (!choices_.empty() && operations_ < most_operations) operate();
        if (!checkpoint_) return accesses_;
        const u64 first_end = settled_hash();
        machine_->restore(*checkpoint_).value();
        VERIFY(machine_->state_hash() == hash_at_checkpoint_);
        choices_ = choices_at_checkpoint_;
        operations_ = operations_at_checkpoint_;
        last_ = {};
        while (!choices_.empty() && operations_ < most_operations) operate();
        VERIFY(settled_hash() == first_end);
        return accesses_;
    }

private:
    machine::Board& board() { return machine_->board(); }

    /// What a host thread has done may not be noticed yet; after a while it is.
    u64 settled_hash() {
        pass(1, VmDuration{1'000'000});
        return machine_->state_hash();
    }

    void operate() {
        ++operations_;
        switch (choices_.take(1) % 16) {
            case 0:
            case 1:
            case 2: access(board().ports(), choose_address(board().ports())); break;
            case 3:
            case 4: access(board().mmio(), choose_address(board().mmio())); break;
            case 5: access(board().ports(), choices_.take(2)); break;
            case 6: access(board().mmio(), choices_.take(5)); break;
            case 7: repeat(); break;
            case 8:
            case 9: fill_memory(); break;
            case 10: configure_pci(); break;
            case 11:
            case 12: {
                const u64 instructions = 1 + choices_.take(1) * 16;
                pass(instructions, VmDuration{u64{1} << (choices_.take(1) % 34)});
                break;
            }
            case 13: post_input(); break;
            case 14: take_checkpoint(); break;
            case 15:
                if (choices_.take(1) < 16)
                    board().reset(fabric::ResetKind::Platform, machine_->retired());
                break;
        }
    }

    /// Some register of some region.
    u64 choose_address(const IoSpace& space) {
        const auto& regions = space.regions();
        const fabric::IoRegion& region = regions[choices_.take(1) % regions.size()];
        return region.first + choices_.take(region.length > 256 ? 3 : 1) % region.length;
    }

    void access(const IoSpace& space, u64 address) {
        const u64 how = choices_.take(1);
        last_ = {&space, address, u32{1} << (how & 3), (how & 4) != 0, choices_.take(4)};
        access_again();
    }

    void access_again() {
        if (!last_.space) return;
        ++accesses_;
        if (last_.writes) {
            last_.space->write(last_.address, last_.size, last_.value);
        } else {
            static_cast<void>(last_.space->read(last_.address, last_.size));
        }
    }

    /// For FIFOs and data ports.
    void repeat() {
        const u64 times = choices_.take(1) % 2 == 0 ? choices_.take(1) : 2048;
        const u64 step = choices_.take(1);
        for (u64 i = 0; i < times; ++i) {
            last_.value += step;
            access_again();
        }
    }

    /// Where bus masters find their descriptors, and programs their code.
    void fill_memory() {
        const u64 at = choices_.take(1) << 12 | (choices_.take(1) << 2);
        const auto bytes = choices_.take_bytes(choices_.take(1) % 64);
        static_cast<void>(board().memory().write(fabric::Gpa{at % ram_bytes}, bytes));
    }

    /// As firmware would: few bytes would find the way to it.
    void place_adapter() {
        const auto configure = [this](u32 offset, u32 value) {
            board().ports().write(address_port, 4,
                                  0x8000'0000 | machine::PcNetwork::first_slot << 11 | offset);
            board().ports().write(data_port, 4, value);
        };
        configure(0x10, 0xe000'0000);
        configure(0x18, 0xc000);
        configure(0x04, 7);
    }

    void configure_pci() {
        const u64 device = choices_.take(1) % 8;
        const u64 function = choices_.take(1) % 4;
        const u64 offset = choices_.take(1);
        board().ports().write(address_port, 4,
                              0x8000'0000 | device << 11 | function << 8 | (offset & 0xfc));
        board().ports().write(data_port + (offset & 3), 4 >> (offset & 3 ? 2 : 0),
                              choices_.take(4));
        ++accesses_;
    }

    /// Time goes by; processors that run may get so far in it.
    void pass(u64 instructions, VmDuration time) {
        const RunOutcome outcome =
            machine_->run_until(machine_->retired() + instructions, machine_->now().time + time);
        if (outcome == RunOutcome::GuestExit || outcome == RunOutcome::PowerOff) {
            board().reset(fabric::ResetKind::PowerOn, machine_->retired());
        }
    }

    void post_input() {
        const u64 port = choices_.take(1) % machine_->journal().port_names().size();
        machine_->journal().post(static_cast<u16>(port),
                                 choices_.take_bytes(choices_.take(1) % 32));
    }

    /// Once: each costs a look at all of memory. Nothing is on its way into the machine then.
    void take_checkpoint() {
        if (checkpoint_) return;
        pass(1, VmDuration{1});
        fabric::SnapshotWriter out = fabric::SnapshotWriter::in_memory("checkpoint");
        machine_->save(out).value();
        checkpoint_ =
            fabric::SnapshotFile::parse(out.finish_in_memory().value(), "checkpoint").value();
        hash_at_checkpoint_ = machine_->state_hash();
        choices_at_checkpoint_ = choices_;
        operations_at_checkpoint_ = operations_;
        last_ = {};
    }

    struct Access {
        const IoSpace* space = nullptr;
        u64 address = 0;
        u32 size = 1;
        bool writes = false;
        u64 value = 0;
    };

    Choices choices_;
    Choices choices_at_checkpoint_{{}};
    Nowhere nowhere_;
    std::unique_ptr<Machine> machine_;
    std::optional<fabric::SnapshotFile> checkpoint_;
    u64 hash_at_checkpoint_ = 0;
    u64 operations_at_checkpoint_ = 0;
    Access last_;
    u64 operations_ = 0;
    u64 accesses_ = 0;
};

void make_image(const std::string& path) {
    std::vector<char> bytes(image_bytes);
    for (usize i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<char>(i * 37 + (i >> 9));
    std::ofstream(path, std::ios::binary).write(bytes.data(), static_cast<i64>(bytes.size()));
}

}  // namespace

ExerciseImages make_exercise_images(const std::string& folder) {
    const ExerciseImages images{folder + "/disk.img", folder + "/cdrom.iso"};
    make_image(images.disk);
    make_image(images.cdrom);
    return images;
}

u64 exercise_board(std::span<const u8> bytes, const ExerciseImages& images) {
    return Exercise(bytes, images).run();
}

}  // namespace test
