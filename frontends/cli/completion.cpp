// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/completion.hpp"

#include <fmt/format.h>

#include "frontends/cli/option_table.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

struct Command {
    std::string_view name;
    std::string_view help;
    std::string_view words;  // What may come after it.
    bool files = false;
};

constexpr Command commands[] = {
    {"run", "run a guest", "", true},
    {"info", "what this host can do, or what a file is", "", true},
    {"checkpoint", "look at checkpoints", "info list", true},
    {"cpus", "list the processor models", ""},
    {"completion", "print a completion script", "bash zsh fish"},
};

std::string words_of(const Option& option) {
    std::string words;
    for (const std::string_view word : option.words) {
        words += (words.empty() ? "" : " ") + std::string(word);
    }
    return words;
}

std::string command_names() {
    std::string names;
    for (const Command& command : commands) {
        names += (names.empty() ? "" : " ") + std::string(command.name);
    }
    return names;
}

/// Between single quotes of a shell.
std::string shell_quoted(std::string_view text) {
    std::string made = "'";
    for (const char c : text) made += c == '\'' ? "'\\''" : std::string(1, c);
    return made + "'";
}

std::string bash_script() {
    std::string flags;
    std::string values;
    for (const Option& option : run_option_table()) {
        flags += fmt::format(" --{}", option.name);
        if (option.is_switch()) continue;
        const bool files = option.path != PathIn::Nothing;
        values += fmt::format(
            "            --{}) COMPREPLY=($(compgen {}-W {} -- \"$word\")); return ;;\n",
            option.name, files ? "-f " : "", shell_quoted(words_of(option)));
    }
    std::string others;
    for (const Command& command : commands) {
        others +=
            fmt::format("        {}) COMPREPLY=($(compgen {}-W {} -- \"$word\")) ;;\n",
                        command.name, command.files ? "-f " : "", shell_quoted(command.words));
    }
    return fmt::format(R"(# bash completion of satori: source this, or put it into
# ~/.local/share/bash-completion/completions/satori
_satori() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} before=${{COMP_WORDS[COMP_CWORD-1]}}
    COMPREPLY=()
    if [ "$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($(compgen -W '{} --help --version' -- "$word"))
        return
    fi
    if [ "${{COMP_WORDS[1]}}" = run ]; then
        case $before in
{}        esac
        case $word in
            -*) COMPREPLY=($(compgen -W '{} --help' -- "$word")); return ;;
        esac
    fi
    case ${{COMP_WORDS[1]}} in
{}    esac
}}
complete -o filenames -F _satori satori
)",
                       command_names(), values, flags, others);
}

/// zsh's _arguments take brackets and colons for their own.
std::string zsh_escaped(std::string_view text) {
    std::string made;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':') made += '\\';
        made += c;
    }
    return made;
}

std::string zsh_script() {
    std::string arguments;
    for (const Option& option : run_option_table()) {
        std::string spec = option.repeatable ? "*" : "";
        spec += fmt::format("--{}[{}]", option.name, zsh_escaped(option.help));
        if (!option.is_switch()) {
            const std::string words = words_of(option);
            spec += fmt::format(":{}:", zsh_escaped(option.value));
            spec += option.path != PathIn::Nothing ? "_files"
                    : words.empty()                ? " "
                                                   : fmt::format("({})", words);
        }
        arguments += fmt::format("                {} \\\n", shell_quoted(spec));
    }
    std::string list;
    std::string others;
    for (const Command& command : commands) {
        list += fmt::format(" {}", shell_quoted(fmt::format("{}:{}", command.name, command.help)));
        if (command.name == "run") continue;
        others += fmt::format("        {}) compadd -- {}; {} ;;\n", command.name, command.words,
                              command.files ? "_files" : ":");
    }
    return fmt::format(R"(#compdef satori
# zsh completion of satori: put this as _satori into a folder of $fpath
_satori() {{
    if (( CURRENT == 2 )); then
        local -a commands=({})
        _describe command commands
        return
    fi
    case $words[2] in
        run)
            shift words; (( CURRENT-- ))
            _arguments \
{}                '--help[what there is]' '*:VM:_files' ;;
{}    esac
}}
compdef _satori satori
)",
                       list, arguments, others);
}

std::string fish_script() {
    std::string script =
        "# fish completion of satori: put this into ~/.config/fish/completions/satori.fish\n";
    for (const Command& command : commands) {
        script += fmt::format("complete -c satori -n __fish_use_subcommand {}-a {} -d {}\n",
                              command.files ? "" : "-f ", command.name, shell_quoted(command.help));
        if (command.words.empty()) continue;
        script += fmt::format("complete -c satori -n '__fish_seen_subcommand_from {}' -a {}\n",
                              command.name, shell_quoted(command.words));
    }
    for (const Option& option : run_option_table()) {
        script += fmt::format("complete -c satori -n '__fish_seen_subcommand_from run' -l {}",
                              option.name);
        if (!option.is_switch()) script += option.path != PathIn::Nothing ? " -r -F" : " -x";
        if (!option.words.empty()) script += fmt::format(" -a {}", shell_quoted(words_of(option)));
        script += fmt::format(" -d {}\n", shell_quoted(option.help));
    }
    return script;
}

}  // namespace

Result<std::string> completion_script(const std::string& shell) {
    if (shell == "bash") return bash_script();
    if (shell == "zsh") return zsh_script();
    if (shell == "fish") return fish_script();
    return Error{"there is no completion for '" + shell + "'; there is for bash, zsh and fish"};
}

}  // namespace frontends
