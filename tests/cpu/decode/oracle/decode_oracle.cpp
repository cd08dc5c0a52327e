// SPDX-License-Identifier: BSD-2-Clause
//
// Our decoder against Capstone, Zydis and the host's processor: the same byte strings to each, and
// whether they are an instruction and of which length must be the same. Where a peer sees it
// otherwise, the processor decides. What Zydis says of operands must be what our rows say.
//
//     decode_oracle [--count N] [--seed S] [--mode 16|32|64|all] [--string "0f 0b ..."]
#include <charconv>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cpu/decode/decoder.hpp"
#include "cpu/decode/disassembly.hpp"
#include "tests/cpu/decode/oracle/byte_source.hpp"
#include "tests/cpu/decode/oracle/field_comparison.hpp"
#include "tests/cpu/decode/oracle/host_judge.hpp"
#include "tests/cpu/decode/oracle/peers.hpp"
#include "tests/cpu/decode/oracle/skip_list.hpp"

namespace test::decode {

namespace {

using cpu::CodeMode;
using Kind = Verdict::Kind;

struct Options {
    u64 count = 100'000;
    u64 seed = 1;
    std::vector<CodeMode> modes{CodeMode::Bits64, CodeMode::Bits32, CodeMode::Bits16};
    std::string string;
};

unsigned bits_of(CodeMode mode) { return 16u << static_cast<unsigned>(mode); }

const char* name_of(Kind kind) {
    switch (kind) {
        case Kind::Valid: return "valid";
        case Kind::Invalid: return "#UD";
        case Kind::TooLong: return "too long";
        case Kind::Unknown: break;
    }
    return "unknown";
}

std::string text(const Verdict& verdict) {
    std::string text = name_of(verdict.kind);
    if (verdict.kind == Kind::Valid) text += " " + std::to_string(verdict.length);
    return text;
}

std::string hex(std::span<const u8> bytes) {
    std::string text;
    for (const u8 byte : bytes) {
        char digits[4];
        std::snprintf(digits, sizeof(digits), "%02x ", byte);
        text += digits;
    }
    return text;
}

/// #UD by user mode alone: the host's word says nothing of decoding.
bool undefined_in_user_mode(cpu::Semantic semantic) {
    switch (semantic) {
        case cpu::Semantic::monitor:
        case cpu::Semantic::mwait:
        case cpu::Semantic::clac:
        case cpu::Semantic::stac:
        case cpu::Semantic::rsm:
        case cpu::Semantic::vmcall:
        case cpu::Semantic::syscall:
        case cpu::Semantic::sysenter: return true;
        default: return false;
    }
}

class Oracle {
public:
    explicit Oracle(const Options& options) : options_(options), source_(options.seed) {
        hits_.resize(cpu::forms().size());
    }

    int run();

private:
    struct Case {
        ByteString bytes{};
        CodeMode mode = CodeMode::Bits64;
        cpu::Instruction instruction;
        Verdict ours;
        Verdict capstone;
        Verdict zydis;
    };
    struct Peers {
        explicit Peers(CodeMode mode) : capstone(mode), zydis(mode) {}
        Capstone capstone;
        Zydis zydis;
    };

    void compare(const ByteString& bytes, CodeMode mode, Peers& peers);
    void check_prefixes(const Case& each);
    void compare_fields(const Case& each, Zydis& zydis);
    void settle(const Case& each);
    u64 signature(const Case& each) const;
    void difference(const Case& each, const std::string& what);
    int report() const;

    const Options& options_;
    const ByteSource source_;
    std::vector<u64> hits_;
    std::map<u64, bool> settled_;  // By signature: whether the host agreed with us.
    std::map<std::string_view, u64> skipped_;
    std::map<std::string, u64> differences_;
    u64 strings_ = 0;
    u64 unanimous_ = 0;
    u64 with_one_peer_ = 0;
    u64 judged_ = 0;
    u64 judged_for_us_ = 0;
};

int Oracle::run() {
    for (const CodeMode mode : options_.modes) {
        Peers peers(mode);
        if (!options_.string.empty()) {
            ByteString bytes{};
            usize at = 0;
            const char* text = options_.string.c_str();
            for (char* end = nullptr; at < bytes.size(); text = end, ++at) {
                const auto value = std::strtoul(text, &end, 16);
                if (end == text) break;
                bytes[at] = static_cast<u8>(value);
            }
            compare(bytes, mode, peers);
            continue;
        }
        for (u64 number = 0; number < options_.count; ++number) {
            compare(source_.string(number, mode), mode, peers);
        }
    }
    return report();
}

void Oracle::compare(const ByteString& bytes, CodeMode mode, Peers& peers) {
    ++strings_;
    Case each{.bytes = bytes, .mode = mode};
    const auto status = cpu::decode(bytes, mode, cpu::FeatureSet::all(), each.instruction);
    each.ours.kind = status == cpu::DecodeStatus::TooLong ? Kind::TooLong : Kind::Invalid;
    if (status == cpu::DecodeStatus::Ok) {
        ++hits_[each.instruction.form];
        each.ours = {Kind::Valid, each.instruction.length};
        check_prefixes(each);
        if (cpu::form_of(each.instruction).semantic == cpu::Semantic::ud) return;
    }
    each.zydis = peers.zydis.verdict(bytes);
    each.capstone = peers.capstone.verdict(bytes);
    if (each.zydis.kind == Kind::Valid) {
        const auto foreign = foreign_extension(peers.zydis.instruction());
        if (!foreign.empty() && (each.ours.kind != Kind::Valid || each.ours == each.zydis)) {
            ++skipped_[foreign];
            return;
        }
    }
    if (each.ours == each.zydis && each.ours.kind == Kind::Valid) {
        compare_fields(each, peers.zydis);
    }
    // Capstone knows no verdict of its own for what is too long.
    const bool capstone_agrees = each.ours.kind == Kind::Valid ? each.ours == each.capstone
                                                               : each.capstone.kind != Kind::Valid;
    if (each.ours == each.zydis && capstone_agrees) {
        ++unanimous_;
        return;
    }
    if (each.ours == each.zydis || capstone_agrees) ++with_one_peer_;
    settle(each);
}

/// Every shorter string must be found too short.
void Oracle::check_prefixes(const Case& each) {
    for (usize length = 0; length < each.ours.length; ++length) {
        cpu::Instruction instruction;
        const auto status = cpu::decode(std::span(each.bytes).first(length), each.mode,
                                        cpu::FeatureSet::all(), instruction);
        if (status != cpu::DecodeStatus::Truncated) {
            difference(each, "its first " + std::to_string(length) + " bytes are not truncated");
            return;
        }
    }
}

void Oracle::compare_fields(const Case& each, Zydis& zydis) {
    const auto operands = zydis.operands();
    const std::string what = field_difference(each.instruction, zydis.instruction(), operands);
    if (!what.empty()) difference(each, what);
}

/// What cases have in common that a peer sees differently for the same reason.
u64 Oracle::signature(const Case& each) const {
    u64 value = static_cast<u64>(each.mode);
    const auto mix = [&](u64 what) { value = (value ^ what) * 0x9e37'79b9'7f4a'7c15 >> 7; };
    const cpu::Instruction& instruction = each.instruction;
    mix(static_cast<u64>(each.ours.kind) << 16 | static_cast<u64>(each.zydis.kind) << 8 |
        static_cast<u64>(each.capstone.kind));
    mix(static_cast<u64>(each.ours == each.zydis) << 1 |
        static_cast<u64>(each.ours == each.capstone));
    mix(u64{instruction.opcode} << 16 | u64{instruction.map} << 8 | (instruction.mod_rm & 0xf8));
    mix(u64{instruction.vex} << 8 | static_cast<u64>(instruction.rep) << 4 |
        u64{instruction.lock} << 3 | u64{instruction.operand_size_prefix} << 2 |
        u64{instruction.rex_w} << 1 | u64{instruction.vex_256});
    return value;
}

void Oracle::settle(const Case& each) {
    const u64 key = signature(each);
    if (const auto known = settled_.find(key); known != settled_.end()) {
        if (!known->second) difference(each, "as before");
        return;
    }
    bool agrees = true;
    const bool ours_valid = each.ours.kind == Kind::Valid;
    if (!ours_valid || !undefined_in_user_mode(cpu::form_of(each.instruction).semantic)) {
        const Verdict host = host_verdict(each.bytes, each.mode);
        ++judged_;
        // A #GP for 15 bytes may be for more of them as well.
        const bool full = host.kind == Kind::Valid && host.length == 15;
        agrees = host.kind == each.ours.kind && (!ours_valid || host.length == each.ours.length);
        if (each.ours.kind == Kind::TooLong && full) agrees = true;
        if (host.kind == Kind::Unknown) agrees = each.ours == each.zydis;
        if (agrees) ++judged_for_us_;
        if (!agrees) difference(each, "the host: " + text(host));
    }
    settled_[key] = agrees;
}

void Oracle::difference(const Case& each, const std::string& what) {
    const auto status = each.ours.kind;
    std::string row = "(no row)";
    if (status == Kind::Valid) {
        const cpu::Form& form = cpu::form_of(each.instruction);
        row = std::string(form.mnemonic) + " [" + std::string(form.encoding) + "]";
    }
    const std::string group = row + what;
    constexpr u64 shown_of_a_group = 2;
    constexpr usize groups_shown = 200;
    const u64 seen = ++differences_[group];
    if (seen > shown_of_a_group || differences_.size() > groups_shown) return;
    const usize length = status == Kind::Valid ? each.ours.length : 15;
    std::printf("%u-bit %s\n  %s: %s\n  ours %s, Zydis %s, Capstone %s: %s\n", bits_of(each.mode),
                hex(std::span(each.bytes).first(length)).c_str(), row.c_str(), what.c_str(),
                text(each.ours).c_str(), text(each.zydis).c_str(), text(each.capstone).c_str(),
                cpu::disassemble(each.bytes, each.mode, 0).c_str());
}

int Oracle::report() const {
    std::printf(
        "%llu strings, %llu unanimous, %llu with one peer of two; the host was asked about "
        "%llu and agreed on %llu\n",
        static_cast<unsigned long long>(strings_), static_cast<unsigned long long>(unanimous_),
        static_cast<unsigned long long>(with_one_peer_), static_cast<unsigned long long>(judged_),
        static_cast<unsigned long long>(judged_for_us_));
    for (const auto& [why, count] : skipped_) {
        std::printf("  skipped %8llu: %s\n", static_cast<unsigned long long>(count),
                    std::string(why).c_str());
    }
    usize missing = 0;
    const bool all_modes = options_.modes.size() == 3 && options_.string.empty();
    for (usize i = 0; i < hits_.size() && all_modes; ++i) {
        if (hits_[i] != 0) continue;
        ++missing;
        const cpu::Form& form = cpu::forms()[i];
        std::printf("  never hit: %s [%s] %s\n", std::string(form.mnemonic).c_str(),
                    std::string(form.encoding).c_str(), all_modes ? "" : "in these modes");
    }
    if (all_modes) {
        std::printf("%zu of %zu forms hit\n", hits_.size() - missing, hits_.size());
    }
    u64 total = 0;
    for (const auto& [group, count] : differences_) total += count;
    std::printf("%llu differences in %zu groups\n", static_cast<unsigned long long>(total),
                differences_.size());
    return total == 0 && missing == 0 ? 0 : 1;
}

bool parse_number(const char* text, u64& into) {
    const char* const end = text + std::strlen(text);
    const auto [at, error] = std::from_chars(text, end, into);
    return error == std::errc{} && at == end;
}

bool parse_mode(const std::string& text, Options& options) {
    if (text == "all") return true;
    if (text == "16")
        options.modes = {CodeMode::Bits16};
    else if (text == "32")
        options.modes = {CodeMode::Bits32};
    else if (text == "64")
        options.modes = {CodeMode::Bits64};
    else
        return false;
    return true;
}

bool parse(int count, char** arguments, Options& options) {
    for (int i = 1; i + 1 < count; i += 2) {
        const std::string name = arguments[i];
        const char* const value = arguments[i + 1];
        bool understood = false;
        if (name == "--count") understood = parse_number(value, options.count);
        if (name == "--seed") understood = parse_number(value, options.seed);
        if (name == "--mode") understood = parse_mode(value, options);
        if (name == "--string") {
            options.string = value;
            understood = true;
        }
        if (!understood) return false;
    }
    return count % 2 == 1;
}

}  // namespace

}  // namespace test::decode

int main(int count, char** arguments) {
    test::decode::Options options;
    if (!test::decode::parse(count, arguments, options)) {
        std::fprintf(stderr,
                     "decode_oracle [--count N] [--seed S] [--mode 16|32|64|all] [--string HEX]\n"
                     "  N strings in each mode\n");
        return 2;
    }
    return test::decode::Oracle(options).run();
}
