// SPDX-License-Identifier: BSD-2-Clause
//
// What every board has: processors with their local APICs, memory, two address spaces, an event
// queue, and a list of devices. A board (tiny_board.hpp, pc.hpp) adds its devices and says where
// they are; the run loop (machine/run) knows boards only as this.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cpu/apic/local_apic.hpp"
#include "cpu/core/vcpu.hpp"
#include "cpu/interpreter/interpreter.hpp"
#include "fabric/host/input_journal.hpp"
#include "fabric/memory/guest_memory.hpp"
#include "fabric/state/snapshot_file.hpp"
#include "fabric/time/event_queue.hpp"
#include "fabric/trace/trace.hpp"
#include "hyperv/tlfs/feature_set.hpp"
#include "machine/board/seeded_entropy.hpp"

namespace hyperv {
class Partition;
}

namespace machine {

/// What must be equal for a checkpoint or a recording of one machine to fit another.
struct BoardIdentity {
    std::string board;  // "tiny", "pc".
    u64 ram_bytes = 0;
    std::string model;
    u32 processors = 1;
    u64 firmware = 0;          // A hash of what the machine starts from.
    std::string drives;        // What disks it has; not what is on them.
    std::string network = {};  // What adapters it has; not where their lines lead.
    std::string hyperv = {};   // What of it the guest finds; empty: nothing.

    bool operator==(const BoardIdentity&) const = default;

    template <class Self, class Visit>
    static constexpr void fields(Self& self, Visit& visit) {
        visit(1, "board", self.board);
        visit(2, "ram_bytes", self.ram_bytes);
        visit(3, "model", self.model);
        visit(4, "processors", self.processors);
        visit(5, "firmware", self.firmware);
        visit(6, "drives", self.drives);
        visit(7, "network", self.network);
        visit(8, "hyperv", self.hyperv);
    }
};

/// "pc, 512 MiB, 2 x satori-v3, firmware 0123456789abcdef"
std::string text_of(const BoardIdentity& identity);

/// Says what of `found` does not fit, and what to do about it.
fabric::Result<> check_same(const BoardIdentity& found, const BoardIdentity& here);

/// What the guest, or a device that cannot go on, asks of the machine itself.
struct BoardRequest {
    enum class Kind : u8 { Exit, PowerOff, Reset, AwaitHost };
    Kind kind = Kind::Exit;
    u32 value = 0;  // Of Exit.
};

/// A processor model, as this host can offer it.
struct OfferedModel {
    const cpu::CpuModel& model;
    bool is_default;
    std::string obstacle;  // Why the host cannot run it; empty if it can.
};
std::vector<OfferedModel> offered_models();

/// By name; empty for the best that the host can do.
fabric::Result<const cpu::CpuModel*> choose_model(const std::string& name);

/// The pin SMI#: an edge. Deviation: of the first processor alone, as under QEMU; SeaBIOS gives no
/// other one a place for its SMM state.
class SmiPin final : public fabric::IrqSink {
public:
    void attach(cpu::Vcpu& vcpu) { vcpu_ = &vcpu; }
    void set_level(u32, bool asserted) override;

private:
    cpu::Vcpu* vcpu_ = nullptr;
};

/// INTA cycles, for a board that may have a PIC.
class InterruptAcknowledge final : public cpu::InterruptSource {
public:
    void connect(cpu::InterruptSource& pic) { pic_ = &pic; }
    bool pending() const override { return pic_ && pic_->pending(); }
    u8 acknowledge() override { return pic_->acknowledge(); }

private:
    cpu::InterruptSource* pic_ = nullptr;
};

class Board {
public:
    virtual ~Board();
    Board(const Board&) = delete;
    Board& operator=(const Board&) = delete;

    const BoardIdentity& identity() const { return identity_; }
    fabric::GuestMemory& memory() { return *memory_; }
    fabric::EventQueue& events() { return events_; }
    fabric::IoSpace& ports() { return ports_; }
    fabric::IoSpace& mmio() { return mmio_; }
    cpu::Interpreter& engine() { return engine_; }
    /// What happens on the board, for those who look on.
    fabric::Trace& trace() { return trace_; }
    /// What can be asked for by name there: devices, regions, timers, inputs.
    std::vector<std::string> trace_subjects() const;

    usize processors() const { return vcpus_.size(); }
    cpu::Vcpu& vcpu(usize number = 0) { return *vcpus_[number]; }
    const cpu::Vcpu& vcpu(usize number = 0) const { return *vcpus_[number]; }

    /// Devices in the order in which they are saved.
    std::span<fabric::Device* const> devices() const { return devices_; }

    /// The journal's port numbers.
    u16 serial_input() const { return serial_input_; }
    u16 entropy_input() const { return entropy_input_; }
    /// What a person changes by hand (poke.hpp).
    u16 poke_input() const { return poke_input_; }

    /// How much of what was posted to a serial port is still on its way: who has more, waits.
    virtual usize serial_backlog(usize) const { return 0; }

    /// What the guest has asked for and not been given yet. Looked at after every access to a
    /// device.
    virtual std::optional<BoardRequest> request() const = 0;

    /// With so many instructions retired since power-on.
    void reset(fabric::ResetKind kind, u64 retired);

    /// After all devices were restored: wires that no device owns (memory maps, gates) are set as
    /// the devices' state says.
    virtual void devices_restored();

    /// It is this processor's turn to run, and its turn is over, with so many instructions retired.
    void turn_begins(usize number, u64 at_retired);
    void turn_ends(usize number, u64 at_retired);
    /// Null: the guest finds plain hardware.
    hyperv::Partition* partition() { return partition_.get(); }

    /// While request() is AwaitHost: what the host cannot do, for a person to read. The machine
    /// goes on after retry_host(), if the host can do it then.
    virtual std::string host_trouble() const { return {}; }
    virtual void retry_host() {}

    // What a machine has of its own that lies neither in RAM nor in a device: overlays of disks.

    virtual fabric::Result<> save_media(fabric::SnapshotWriter&) { return {}; }
    /// devices_restored() puts in place what was read.
    virtual fabric::Result<> load_media(const fabric::SnapshotFile&) { return {}; }
    virtual u64 media_hash() { return 0; }

protected:
    struct Parts {
        std::unique_ptr<fabric::GuestMemory> memory;
        const cpu::CpuModel& model;
        u32 processors = 1;
        fabric::InputJournal& journal;
        cpu::DeviceClock& clock;
        hyperv::FeatureSet hyperv = {};
        std::function<void(const std::string&)> notice = {};  // For a person to read.
    };

    explicit Board(BoardIdentity identity, Parts parts);

    cpu::ApicBus& apic_bus() { return apic_bus_; }
    cpu::LocalApic& local_apic(usize number = 0) { return *local_apics_[number]; }
    fabric::IrqLine smi() { return {smi_pin_, 0}; }
    /// Who answers INTA cycles, where there is a PIC.
    void connect_pic(cpu::InterruptSource& pic) { inta_.connect(pic); }

    void add_device(fabric::Device& device) { devices_.push_back(&device); }
    u16 add_serial_input(fabric::InputJournal& journal, fabric::InputJournal::Deliver deliver);
    /// The guest asks its hypervisor for a reset.
    virtual void reset_requested_by_guest() {}
    /// What a reset does that belongs to no device.
    virtual void wires_reset(fabric::ResetKind) {}

private:
    void add_partition(const Parts& parts);

    BoardIdentity identity_;
    fabric::Trace trace_;
    std::unique_ptr<fabric::GuestMemory> memory_;
    fabric::EventQueue events_;
    fabric::IoSpace ports_{"ports"};
    fabric::IoSpace mmio_{"mmio"};
    SeededEntropy entropy_;
    std::vector<std::unique_ptr<cpu::Vcpu>> vcpus_;
    InterruptAcknowledge inta_;
    cpu::ApicBus apic_bus_;
    std::vector<std::unique_ptr<cpu::LocalApic>> local_apics_;
    SmiPin smi_pin_;
    std::unique_ptr<hyperv::Partition> partition_;
    cpu::Interpreter engine_;
    std::vector<fabric::Device*> devices_;
    u16 serial_input_ = 0;
    u16 entropy_input_ = 0;
    u16 poke_input_ = 0;
};

/// Builds a board onto a machine's journal and clock.
using MakeBoard =
    std::function<fabric::Result<std::unique_ptr<Board>>(fabric::InputJournal&, cpu::DeviceClock&)>;

}  // namespace machine
