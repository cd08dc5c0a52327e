// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/monitor/monitor.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "fabric/support/nearest_word.hpp"

namespace frontends {

using fabric::Error;

// clang-format off
std::span<const Monitor::Command> Monitor::commands() {
    static constexpr Command rows[] = {
        {"help", "?", "[COMMAND]", "what there is, or how a command is used", 0, 1, &Monitor::help},
        {"info", "i", "SUBJECT", "look at something; 'info' alone lists the subjects", 0, 1, &Monitor::info},
        {"cpu", "", "NUMBER", "look at this processor from now on, counted from 0; in GDB, that of the thread", 1, 1, &Monitor::select_processor},
        {"x", "", "/FORMAT ADDRESS", "memory by linear address: x/8xg $rsp, x/5i $rip", 1, 1, &Monitor::examine},
        {"xp", "", "/FORMAT ADDRESS", "memory by physical address", 1, 1, &Monitor::examine_physical},
        {"gva2gpa", "", "ADDRESS", "where a linear address leads", 1, 1, &Monitor::translate},
        {"memsave", "", "ADDRESS SIZE FILE", "write memory by linear address to a file", 3, 3, &Monitor::save_memory},
        {"pmemsave", "dump", "ADDRESS SIZE FILE", "write memory by physical address to a file", 3, 3, &Monitor::save_physical},
        {"stop", "", "", "pause the guest", 0, 0, &Monitor::pause},
        {"cont", "c", "", "let it go on", 0, 0, &Monitor::resume},
        {"step", "s", "", "one instruction, then pause", 0, 0, &Monitor::step},
        {"step-into-events", "", "on|off", "whether a step that is interrupted stops in the handler (off: goes on until it has returned)", 1, 1, &Monitor::step_into_events},
        {"checkpoint", "savevm", "FILE", "write a checkpoint; satori run --restore FILE goes on from it", 1, 1, &Monitor::checkpoint},
        {"screendump", "", "FILE", "a picture of the display, as PNG", 1, 1, &Monitor::take_picture},
        {"sendkey", "", "KEY", "press a key, and others before it held down: f2, ret, ctrl-alt-del", 1, 1, &Monitor::send_key},
        {"system_reset", "", "", "press the reset button", 0, 0, &Monitor::reset},
        {"system_powerdown", "", "", "press the power button: an operating system shuts down", 0, 0, &Monitor::power_down},
        {"hash", "", "", "a hash of the whole state: equal in equal runs", 0, 0, &Monitor::hash},
        {"quit", "q", "", "leave satori", 0, 0, &Monitor::leave},
    };
    return rows;
}

std::span<const Monitor::Subject> Monitor::subjects() {
    static constexpr Subject rows[] = {
        {"registers", "of the processor asked about", &Monitor::describe_registers},
        {"vectors", "its x87, SSE and AVX registers", &Monitor::describe_vectors},
        {"cpus", "all processors and where they are", &Monitor::describe_processors},
        {"mem", "what linear addresses lead where, by the page tables", &Monitor::describe_translations},
        {"tlb", "translations that the processor has used", &Monitor::describe_tlb},
        {"mtree", "physical memory: RAM, ROM and devices", &Monitor::describe_memory},
        {"ports", "I/O ports and who answers them", &Monitor::describe_ports},
        {"pic", "the two 8259A", &Monitor::describe_pics},
        {"lapic", "the local APIC of the processor asked about", &Monitor::describe_local_apic},
        {"ioapic", "the I/O APIC's inputs", &Monitor::describe_io_apics},
        {"pci", "functions on the bus", &Monitor::describe_pci},
        {"block", "disks and CDs", &Monitor::describe_drives},
        {"time", "virtual time and instructions", &Monitor::describe_time},
    };
    return rows;
}
// clang-format on

const Monitor::Command* Monitor::find(std::string_view name) {
    for (const Command& each : commands()) {
        if (each.name == name || (!each.other_name.empty() && each.other_name == name))
            return &each;
    }
    return nullptr;
}

std::string Monitor::execute(std::string_view line, std::optional<u32> processor) {
    processor_ = processor.value_or(chosen_);
    auto text = answer(line);
    if (text) return std::move(text).value();
    return text.error().message + "\n";
}

Monitor::Answer Monitor::answer(std::string_view line) {
    std::vector<std::string> words = words_of(line);
    if (words.empty()) return std::string();
    const usize slash = words[0].find('/');
    format_ = slash == std::string::npos ? "" : words[0].substr(slash + 1);
    words[0] = words[0].substr(0, slash);
    const Command* const command = find(words[0]);
    if (!command) {
        std::vector<std::string> names;
        for (const Command& each : commands()) names.emplace_back(each.name);
        return Error{"there is no command '" + words[0] + "'" +
                     fabric::did_you_mean(words[0], names)};
    }
    const Words arguments = Words(words).subspan(1);
    if (arguments.size() < command->fewest || arguments.size() > command->most) {
        return Error{fmt::format("usage: {} {}", command->name, command->arguments)};
    }
    return (this->*command->run)(arguments);
}

Monitor::Answer Monitor::help(Words words) {
    std::string text;
    for (const Command& each : commands()) {
        if (!words.empty() && each.name != words[0] && each.other_name != words[0]) continue;
        std::string usage(each.name);
        if (!each.other_name.empty()) usage += fmt::format("|{}", each.other_name);
        if (!each.arguments.empty()) usage += fmt::format(" {}", each.arguments);
        text += fmt::format("{:<32}{}\n", usage, each.help);
    }
    if (text.empty()) return Error{"there is no command '" + words[0] + "'; 'help' lists them"};
    return text;
}

Monitor::Answer Monitor::info(Words words) {
    std::string text;
    std::vector<std::string> names;
    for (const Subject& each : subjects()) {
        if (!words.empty() && each.name == words[0]) {
            text = (this->*each.describe)();
            return text.empty() ? "this machine has none\n" : text;
        }
        names.emplace_back(each.name);
        text += fmt::format("info {:<12}{}\n", each.name, each.help);
    }
    if (words.empty()) return text;
    return Error{"there is no 'info " + words[0] + "'" + fabric::did_you_mean(words[0], names)};
}

Monitor::Answer Monitor::select_processor(Words words) {
    const u64 number = TRY(value(words[0]));
    if (number >= debugger_.processors()) {
        return Error{fmt::format("there are the processors 0 to {}", debugger_.processors() - 1)};
    }
    chosen_ = static_cast<u32>(number);
    return std::string();
}

Monitor::Answer Monitor::pause(Words) {
    steering_.pause();
    return std::string();
}

Monitor::Answer Monitor::resume(Words) {
    steering_.resume();
    return std::string();
}

Monitor::Answer Monitor::step(Words) {
    steering_.step(processor_);
    return std::string();
}

Monitor::Answer Monitor::step_into_events(Words words) {
    if (words[0] != "on" && words[0] != "off") return Error{"say on or off"};
    debugger_.step_into_events(words[0] == "on");
    return std::string();
}

Monitor::Answer Monitor::leave(Words) {
    steering_.leave();
    return std::string();
}

Monitor::Answer Monitor::checkpoint(Words words) {
    if (auto saved = debugger_.machine().save(words[0]); !saved) return saved.error();
    return fmt::format("{}: {} instructions\n", words[0], debugger_.machine().retired());
}

Monitor::Answer Monitor::take_picture(Words words) {
    if (!take_picture_) return Error{"this machine has no display"};
    if (auto taken = take_picture_(words[0]); !taken) return taken.error();
    return std::string();
}

Monitor::Answer Monitor::send_key(Words words) {
    if (!press_keys_) return Error{"this machine has no keyboard"};
    TRY(debugger_.check_takes_input());
    TRY(press_keys_("<" + words[0] + ">"));
    return std::string();
}

Monitor::Answer Monitor::reset(Words) { return press(machine::PcButton::Reset); }

Monitor::Answer Monitor::power_down(Words) { return press(machine::PcButton::Power); }

/// It is pressed when the machine goes on.
Monitor::Answer Monitor::press(machine::PcButton button) {
    machine::Machine& machine = debugger_.machine();
    const auto* const pc = dynamic_cast<const machine::Pc*>(&machine.board());
    if (!pc) return Error{"this machine has no buttons"};
    TRY(debugger_.check_takes_input());
    machine.journal().post(pc->button_input(), std::array{static_cast<u8>(button)});
    return std::string();
}

Monitor::Answer Monitor::hash(Words) {
    const machine::Machine& machine = debugger_.machine();
    return fmt::format("hash {} {:016x}\n", machine.retired(), machine.state_hash());
}

}  // namespace frontends
