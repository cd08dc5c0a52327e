// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/cli/vm_file.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <set>

#include "fabric/host/file.hpp"
#include "frontends/cli/nearest_word.hpp"
#include "frontends/cli/option_values.hpp"

// Its parser asserts (with NDEBUG: takes for granted) what an odd file makes untrue; without either
// it goes on to refuse the file.
#undef NDEBUG
#define TOML_ASSERT(expression) static_cast<void>(0)
#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

constexpr u64 largest_file = u64{1} << 20;

std::string kind_of(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "a list";
        case toml::node_type::string: return "text";
        case toml::node_type::integer: return "a number";
        case toml::node_type::floating_point: return "a number with a point";
        case toml::node_type::boolean: return "true or false";
        default: return "a time";
    }
}

/// As it would stand on the command line; nothing if it could not.
std::optional<std::string> text_of(const toml::node& node) {
    if (const auto* text = node.as_string()) return text->get();
    if (const auto* number = node.as_integer()) return std::to_string(number->get());
    if (const auto* point = node.as_floating_point()) return fmt::format("{}", point->get());
    if (const auto* truth = node.as_boolean()) return truth->get() ? "on" : "off";
    if (const auto* both = node.as_date_time(); both && !both->get().offset) {
        const auto& [date, time, offset] = both->get();
        return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", date.year, date.month, date.day,
                           time.hour, time.minute, time.second);
    }
    return std::nullopt;
}

std::string with_commas_doubled(std::string_view text) {
    std::string doubled;
    for (const char c : text) doubled += c == ',' ? ",," : std::string(1, c);
    return doubled;
}

class VmFileReader {
public:
    VmFileReader(std::string name, std::string folder)
        : name_(std::move(name)), folder_(std::move(folder)) {}

    Result<std::vector<GivenOption>> read(const toml::table& file);

private:
    std::string place_of(const toml::source_region& where) const {
        return fmt::format("{}:{}", name_, where.begin.line);
    }
    Error wrong(const toml::source_region& where, const std::string& what) const {
        return {place_of(where) + ": " + what};
    }
    Error unknown(const toml::key& key, std::string_view table,
                  std::span<const std::string_view> candidates) const;

    Result<> read_group(std::string_view table, const toml::table& group);
    Result<> read_option(const Option& option, const toml::node& node);
    Result<> add_value(GivenOption& given, const toml::node& node) const;
    Result<std::string> value_of(const Option& option, const toml::node& node) const;
    Result<std::string> value_of_table(const Option& option, const toml::table& table) const;
    Result<std::string> parts_of_key(const Option& option, std::string_view key,
                                     const toml::node& node) const;
    std::string path_from_here(std::string_view path) const;
    std::string with_paths_from_here(const Option& option, const std::string& text) const;

    std::string name_;
    std::string folder_;
    std::vector<GivenOption> given_;
};

/// A key that is known elsewhere is more likely misplaced than misspelt.
Error VmFileReader::unknown(const toml::key& key, std::string_view table,
                            std::span<const std::string_view> candidates) const {
    const std::string in = table.empty() ? "at the file's top" : fmt::format("in [{}]", table);
    for (const Option& option : run_option_table()) {
        if (option.name != key.str() || option.group->table == table) continue;
        const std::string_view there = option.group->table;
        return wrong(
            key.source(),
            fmt::format("'{}' does not stand {}; it stands {}", key.str(), in,
                        there.empty() ? "at the file's top" : fmt::format("in [{}]", there)));
    }
    return wrong(key.source(), fmt::format("there is no '{}' {}; the nearest is '{}'", key.str(),
                                           in, nearest_word(key.str(), candidates)));
}

Result<std::vector<GivenOption>> VmFileReader::read(const toml::table& file) {
    std::set<std::string_view> tables;
    for (const Option& option : run_option_table()) tables.insert(option.group->table);
    tables.erase("");
    for (const auto& [key, node] : file) {
        if (!tables.contains(key.str())) continue;
        const toml::table* group = node.as_table();
        if (!group) return wrong(key.source(), fmt::format("write [{}], a table", key.str()));
        TRY(read_group(key.str(), *group));
    }
    std::vector<std::string_view> candidates(tables.begin(), tables.end());
    for (const Option& option : run_option_table()) {
        if (option.group->table.empty()) candidates.push_back(option.name);
    }
    for (const auto& [key, node] : file) {
        if (tables.contains(key.str())) continue;
        const auto is_it = [name = key.str()](const Option& each) {
            return each.group->table.empty() && each.name == name;
        };
        const auto option = std::ranges::find_if(run_option_table(), is_it);
        if (option == run_option_table().end()) return unknown(key, "", candidates);
        TRY(read_option(*option, node));
    }
    return std::move(given_);
}

Result<> VmFileReader::read_group(std::string_view table, const toml::table& group) {
    std::vector<std::string_view> candidates;
    for (const Option& option : run_option_table()) {
        if (option.group->table == table) candidates.push_back(option.name);
    }
    for (const auto& [key, node] : group) {
        if (std::ranges::find(candidates, key.str()) == candidates.end()) {
            return unknown(key, table, candidates);
        }
        TRY(read_option(*std::ranges::find(run_option_table(), key.str(), &Option::name), node));
    }
    return {};
}

Result<> VmFileReader::read_option(const Option& option, const toml::node& node) {
    GivenOption given{.option = &option, .values = {}};
    const toml::array* list = node.as_array();
    if (list && !option.repeatable) {
        return wrong(node.source(), fmt::format("{}: a list, where one value can be", option.name));
    }
    if (list) {
        for (const toml::node& each : *list) TRY(add_value(given, each));
    } else {
        TRY(add_value(given, node));
    }
    if (!given.values.empty()) given_.push_back(std::move(given));
    return {};
}

Result<> VmFileReader::add_value(GivenOption& given, const toml::node& node) const {
    given.values.push_back({TRY(value_of(*given.option, node)),
                            fmt::format("{}: {}", place_of(node.source()), given.option->name)});
    return {};
}

Result<std::string> VmFileReader::value_of(const Option& option, const toml::node& node) const {
    if (const auto* table = node.as_table(); table && !option.keys.empty()) {
        return value_of_table(option, *table);
    }
    const std::optional<std::string> text = text_of(node);
    if (!text || node.is_boolean() != option.is_switch()) {
        const std::string wanted =
            option.is_switch() ? "true or false is" : fmt::format("{} is", option.value);
        return wrong(node.source(),
                     fmt::format("{}: {}, where {} wanted", option.name, kind_of(node), wanted));
    }
    return with_paths_from_here(option, *text);
}

/// {file = "a.img", snapshot = true} is "a.img,snapshot=on".
Result<std::string> VmFileReader::value_of_table(const Option& option,
                                                 const toml::table& table) const {
    for (const auto& [key, node] : table) {
        if (std::ranges::find(option.keys, key.str()) == option.keys.end()) {
            return wrong(key.source(),
                         fmt::format("there is no '{}' in {}; the nearest is '{}'", key.str(),
                                     option.name, nearest_word(key.str(), option.keys)));
        }
    }
    std::string value;
    for (const std::string_view key : option.keys) {
        if (const toml::node* node = table.get(key)) {
            value += TRY(parts_of_key(option, key, *node));
        } else if (key == option.keys[0]) {
            return wrong(table.source(), fmt::format("{}: name its '{}'", option.name, key));
        }
    }
    return with_paths_from_here(option, value);
}

Result<std::string> VmFileReader::parts_of_key(const Option& option, std::string_view key,
                                               const toml::node& node) const {
    const bool head = key == option.keys[0];
    if (const toml::array* list = node.as_array(); list && !head) {
        std::string parts;
        for (const toml::node& each : *list) parts += TRY(parts_of_key(option, key, each));
        return parts;
    }
    const std::optional<std::string> text = text_of(node);
    if (!text) {
        return wrong(node.source(), fmt::format("{}: {} is {}; write it as text", option.name, key,
                                                kind_of(node)));
    }
    return (head ? "" : fmt::format(",{}=", key)) + with_commas_doubled(*text);
}

std::string VmFileReader::path_from_here(std::string_view path) const {
    return path.empty() || path.starts_with('/') ? std::string(path) : folder_ + std::string(path);
}

std::string VmFileReader::with_paths_from_here(const Option& option,
                                               const std::string& text) const {
    if (folder_.empty() || std::ranges::find(option.words, text) != option.words.end()) return text;
    const usize colon = text.find(':');
    switch (option.path) {
        case PathIn::Nothing:
            if (option.path_keys.empty()) return text;
            break;
        case PathIn::Whole: return path_from_here(text);
        case PathIn::AfterColon:
            if (!text.starts_with("file:") && !text.starts_with("unix:")) return text;
            return text.substr(0, colon + 1) + path_from_here(text.substr(colon + 1));
        case PathIn::Head:
            if (option.keys.empty()) return path_from_here(text);
            break;
    }
    std::string whole;
    for (std::string part : parts_of(text)) {
        const usize equals = part.find('=');
        if (whole.empty() && option.path == PathIn::Head) {
            part = path_from_here(part);
        } else if (equals != std::string::npos &&
                   std::ranges::find(option.path_keys, part.substr(0, equals)) !=
                       option.path_keys.end()) {
            part = part.substr(0, equals + 1) + path_from_here(part.substr(equals + 1));
        }
        whole += (whole.empty() ? "" : ",") + with_commas_doubled(part);
    }
    return whole;
}

bool is_folder(const std::string& path) {
    struct stat found {};
    return stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode);
}

}  // namespace

Result<std::vector<GivenOption>> read_vm_file(const std::string& path) {
    const std::string file = is_folder(path) ? path + "/vm.toml" : path;
    const auto bytes = TRY(fabric::read_whole_file(file, largest_file));
    const usize slash = file.rfind('/');
    const std::string folder = slash == std::string::npos ? "" : file.substr(0, slash + 1);
    return parse_vm_file({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, file, folder);
}

Result<std::vector<GivenOption>> parse_vm_file(std::string_view text, const std::string& name,
                                               const std::string& folder) {
    const toml::parse_result parsed = toml::parse(text);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return Error{
            fmt::format("{}:{}: {}", name, error.source().begin.line, error.description())};
    }
    return VmFileReader(name, folder).read(parsed.table());
}

}  // namespace frontends
