// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/help_text.hpp"

#include <fmt/format.h>

#include "frontends/cli/option_table.hpp"
#include "frontends/sdl/window_keys.hpp"

namespace frontends {

namespace {

constexpr usize text_column = 27;
constexpr usize line_length = 90;

constexpr std::string_view head = R"(usage: satori run [VM.TOML | FOLDER] [options]

Runs a guest: a PC with what the options give it, or with --rom a bare processor. The first serial
port is on the terminal. A value in brackets is what counts where nothing is said. Each option can
stand in a TOML file as well (or in FOLDER/vm.toml); what is given here goes before it.
)";

constexpr std::string_view window_text = R"(
In the window, a click gives the guest the mouse; closing the window presses the power button, and
closing it once more leaves. Keys:
)";

constexpr std::string_view tail = R"(
Keys on the terminal:
  Ctrl-A x     leave
  Ctrl-A s     save a checkpoint, as satori-N.checkpoint
  Ctrl-A p     pause, or go on
  Ctrl-A c     monitor, and back
  Ctrl-A h     tell the keys

Examples:
  satori run --disk debian.img --memory 1G --cpus 2
  satori run --disk debian.img --cdrom install.iso --boot cdrom
  satori run --kernel vmlinuz --initrd initrd.img --append "console=ttyS0"
  satori run --disk debian.img,snapshot=on --save login.checkpoint@30
  satori run --disk debian.img,snapshot=on --restore login.checkpoint
  satori run --disk debian.img,snapshot=on --record session.rec
  satori run --disk debian.img,snapshot=on --replay session.rec --serial none --serial tcp:4444
  satori run --disk debian.img --net user,hostfwd=tcp::2222-:22,capture=net.pcapng
  satori run vm.toml --cpus 4
  satori run --disk debian.img --headless --type 'root\n@20' --screenshot login.png@25

The program ends with 0 when the guest powers off or writes 0 to port F4, with 2v+1 when it
writes v, with 1 where something is wrong with what was asked, with 2 when it was stopped, with 3
after a triple fault that was not to start the guest again, and with 4 if the guest halted for good.
)";

/// Words broken into lines, the later ones indented.
void append_wrapped(std::string& out, usize column, std::string_view words) {
    while (!words.empty()) {
        const usize end = std::min(words.find(' '), words.size());
        if (column + 1 + end > line_length) {
            out += "\n" + std::string(text_column, ' ');
            column = text_column;
        } else {
            out += ' ';
            ++column;
        }
        out += words.substr(0, end);
        column += end;
        words.remove_prefix(std::min(end + 1, words.size()));
    }
    out += '\n';
}

void append_heading(std::string& out, const OptionGroup& group) {
    const std::string place =
        group.table.empty() ? "at the top" : fmt::format("in [{}]", group.table);
    out += fmt::format("\n{} ({} of a file):\n", group.heading, place);
}

void append_row(std::string& out, const Option& option) {
    const std::string left =
        fmt::format("  --{}{}{}", option.name, option.is_switch() ? "" : " ", option.value);
    out += left;
    if (left.size() >= text_column) {
        out += '\n';
        out += std::string(text_column - 1, ' ');
    } else {
        out += std::string(text_column - 1 - left.size(), ' ');
    }
    const std::string more = option.repeatable ? "; may be given again" : "";
    append_wrapped(out, text_column - 1, std::string(option.help) + more);
}

}  // namespace

std::string run_help() {
    std::string text(head);
    const OptionGroup* group = nullptr;
    for (const Option& option : run_option_table()) {
        if (option.group != group) append_heading(text, *option.group);
        group = option.group;
        append_row(text, option);
    }
    text += window_text;
    for (const WindowCommandKey& key : window_command_keys()) {
        text += fmt::format("  {:<11}  {}\n", key.name, key.what);
    }
    return text + std::string(tail);
}

}  // namespace frontends
