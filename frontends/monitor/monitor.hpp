// SPDX-License-Identifier: BSD-2-Clause
//
// Commands in words, to look at a machine and steer it: from GDB's "monitor", or from the terminal.
// "help" lists them. Looking changes nothing that the guest could notice.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "frontends/monitor/command_line.hpp"
#include "frontends/monitor/steering.hpp"
#include "machine/board/pc.hpp"
#include "machine/run/debugger.hpp"

namespace frontends {

class Monitor {
public:
    Monitor(machine::Debugger& debugger, Steering& steering)
        : debugger_(debugger), steering_(steering) {}

    /// What there is to say, with its line ends; errors too. About `processor`, or, without, about
    /// the one that the command "cpu" has chosen.
    std::string execute(std::string_view line, std::optional<u32> processor);

    /// How a picture of the guest's display gets to a file, where there is a display.
    using TakePicture = std::function<fabric::Result<>(const std::string& path)>;
    void offer_pictures(TakePicture take) { take_picture_ = std::move(take); }

    /// How keys are pressed, written as key_script.hpp has them, where there is a keyboard.
    using PressKeys = std::function<fabric::Result<>(const std::string& keys)>;
    void offer_keys(PressKeys press) { press_keys_ = std::move(press); }

private:
    using Answer = fabric::Result<std::string>;
    using Words = std::span<const std::string>;

    struct Command {
        std::string_view name;
        std::string_view other_name;
        std::string_view arguments;
        std::string_view help;
        usize fewest = 0;  // Arguments.
        usize most = 0;
        Answer (Monitor::*run)(Words) = nullptr;
    };
    struct Subject {
        std::string_view name;
        std::string_view help;
        std::string (Monitor::*describe)();
    };

    static std::span<const Command> commands();
    static std::span<const Subject> subjects();
    static const Command* find(std::string_view name);

    Answer answer(std::string_view line);

    Answer help(Words words);
    Answer info(Words words);
    Answer examine(Words words);
    Answer examine_physical(Words words);
    Answer translate(Words words);
    Answer save_memory(Words words);
    Answer save_physical(Words words);
    Answer select_processor(Words words);
    Answer pause(Words words);
    Answer resume(Words words);
    Answer step(Words words);
    Answer step_into_events(Words words);
    Answer leave(Words words);
    Answer checkpoint(Words words);
    Answer take_picture(Words words);
    Answer send_key(Words words);
    Answer reset(Words words);
    Answer power_down(Words words);
    Answer hash(Words words);

    std::string describe_registers();
    std::string describe_vectors();
    std::string describe_processors();
    std::string describe_memory();
    std::string describe_ports();
    std::string describe_tlb();
    std::string describe_translations();
    std::string describe_pics();
    std::string describe_local_apic();
    std::string describe_io_apics();
    std::string describe_pci();
    std::string describe_drives();
    std::string describe_time();

    Answer press(machine::PcButton button);
    Answer dump(Words words, bool physical);
    Answer save(Words words, bool physical);
    std::string instructions_at(u64 address, u64 count, bool physical);
    std::string items_at(u64 address, const DumpFormat& format, bool physical);
    usize read(u64 address, std::span<u8> into, bool physical);
    fabric::Result<u64> value(const std::string& expression);
    cpu::Vcpu& vcpu() { return debugger_.machine().board().vcpu(processor_); }

    machine::Debugger& debugger_;
    Steering& steering_;
    TakePicture take_picture_;
    PressKeys press_keys_;
    std::string format_;  // What followed the slash of the command at hand.
    u32 chosen_ = 0;
    u32 processor_ = 0;  // Of the command at hand.
};

}  // namespace frontends
