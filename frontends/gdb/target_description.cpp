// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/gdb/target_description.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "fabric/support/nearest_word.hpp"

namespace frontends::gdb {

using Kind = cpu::RegisterKind;

namespace {

struct Bit {
    std::string_view name;
    unsigned number;
};

constexpr Bit eflags_bits[] = {{"CF", 0},  {"PF", 2},   {"AF", 4},   {"ZF", 6},
                               {"SF", 7},  {"TF", 8},   {"IF", 9},   {"DF", 10},
                               {"OF", 11}, {"NT", 14},  {"RF", 16},  {"VM", 17},
                               {"AC", 18}, {"VIF", 19}, {"VIP", 20}, {"ID", 21}};
constexpr Bit mxcsr_bits[] = {{"IE", 0},  {"DE", 1},  {"ZE", 2},  {"OE", 3}, {"UE", 4},
                              {"PE", 5},  {"DAZ", 6}, {"IM", 7},  {"DM", 8}, {"ZM", 9},
                              {"OM", 10}, {"UM", 11}, {"PM", 12}, {"FZ", 15}};
constexpr Bit cr0_bits[] = {{"PE", 0},  {"MP", 1},  {"EM", 2},  {"TS", 3},  {"ET", 4}, {"NE", 5},
                            {"WP", 16}, {"AM", 18}, {"NW", 29}, {"CD", 30}, {"PG", 31}};
constexpr Bit cr4_bits[] = {{"VME", 0},       {"PVI", 1},    {"TSD", 2},         {"DE", 3},
                            {"PSE", 4},       {"PAE", 5},    {"MCE", 6},         {"PGE", 7},
                            {"PCE", 8},       {"OSFXSR", 9}, {"OSXMMEXCPT", 10}, {"UMIP", 11},
                            {"FSGSBASE", 16}, {"PCIDE", 17}, {"OSXSAVE", 18},    {"SMEP", 20},
                            {"SMAP", 21}};
constexpr Bit efer_bits[] = {{"SCE", 0}, {"LME", 8}, {"LMA", 10}, {"NXE", 11}};

std::string flags_type(std::string_view id, unsigned bytes, std::span<const Bit> bits) {
    std::string xml = fmt::format("<flags id=\"{}\" size=\"{}\">", id, bytes);
    for (const Bit& bit : bits) {
        xml += fmt::format("<field name=\"{}\" start=\"{}\" end=\"{}\"/>", bit.name, bit.number,
                           bit.number);
    }
    return xml + "</flags>";
}

constexpr std::string_view vector_types =
    "<vector id=\"v4f\" type=\"ieee_single\" count=\"4\"/>"
    "<vector id=\"v2d\" type=\"ieee_double\" count=\"2\"/>"
    "<vector id=\"v16i8\" type=\"int8\" count=\"16\"/>"
    "<vector id=\"v8i16\" type=\"int16\" count=\"8\"/>"
    "<vector id=\"v4i32\" type=\"int32\" count=\"4\"/>"
    "<vector id=\"v2i64\" type=\"int64\" count=\"2\"/>"
    "<union id=\"vec128\"><field name=\"v4_float\" type=\"v4f\"/>"
    "<field name=\"v2_double\" type=\"v2d\"/><field name=\"v16_int8\" type=\"v16i8\"/>"
    "<field name=\"v8_int16\" type=\"v8i16\"/><field name=\"v4_int32\" type=\"v4i32\"/>"
    "<field name=\"v2_int64\" type=\"v2i64\"/><field name=\"uint128\" type=\"uint128\"/></union>";

/// A feature has a name that GDB knows, or one of ours, and the types its registers use.
struct Feature {
    std::string_view name;
    std::string types;
};

enum class FeatureOf : u8 { Core, Sse, Avx, Segments, System, None };

/// GDB knows the two bases as a feature of the 64-bit architecture alone.
FeatureOf feature_of(const cpu::NamedRegister& which, bool wide) {
    switch (which.kind) {
        case Kind::Vector:
        case Kind::Mxcsr: return FeatureOf::Sse;
        case Kind::VectorUpper: return FeatureOf::Avx;
        case Kind::SegmentBase:
            if (wide && (which.name == "fs_base" || which.name == "gs_base")) {
                return FeatureOf::Segments;
            }
            return FeatureOf::System;
        case Kind::KernelGsBase:
        case Kind::Control:
        case Kind::ExtendedFeatures: return FeatureOf::System;
        default: return FeatureOf::Core;
    }
}

Feature feature(FeatureOf which, unsigned word) {
    switch (which) {
        case FeatureOf::Core:
            return {"org.gnu.gdb.i386.core", flags_type("i386_eflags", 4, eflags_bits)};
        case FeatureOf::Sse:
            return {"org.gnu.gdb.i386.sse",
                    std::string(vector_types) + flags_type("i386_mxcsr", 4, mxcsr_bits)};
        case FeatureOf::Avx: return {"org.gnu.gdb.i386.avx", {}};
        case FeatureOf::Segments: return {"org.gnu.gdb.i386.segments", {}};
        default:
            return {"org.satori.system", flags_type("cr0_flags", word, cr0_bits) +
                                             flags_type("cr4_flags", word, cr4_bits) +
                                             flags_type("efer_flags", word, efer_bits)};
    }
}

std::string type_of(const TargetDescription::Shown& shown) {
    const bool wide = shown.bytes == 8;
    switch (shown.which->kind) {
        case Kind::General:
            if (shown.name.ends_with("sp") || shown.name.ends_with("bp")) return "data_ptr";
            return wide ? "int64" : "int32";
        case Kind::Pc: return "code_ptr";
        case Kind::Flags: return "i386_eflags";
        case Kind::X87Data: return "i387_ext";
        case Kind::Vector: return "vec128";
        case Kind::Mxcsr: return "i386_mxcsr";
        case Kind::VectorUpper: return "uint128";
        case Kind::Control:
            if (shown.name == "cr0" || shown.name == "cr4") return shown.name + "_flags";
            break;
        case Kind::ExtendedFeatures: return "efer_flags";
        case Kind::Selector:
        case Kind::X87Control:
        case Kind::SegmentBase:
        case Kind::KernelGsBase: break;
    }
    return wide ? "int64" : "int32";
}

/// Whether 32-bit code has it, and what it is called there.
bool exists_in_32_bits(const cpu::NamedRegister& which) {
    switch (which.kind) {
        case Kind::General:
        case Kind::Vector:
        case Kind::VectorUpper: return which.number < 8;
        case Kind::KernelGsBase: return false;
        default: return which.name != "cr8";
    }
}

TargetDescription::Shown shown_in_32_bits(const cpu::NamedRegister& which) {
    std::string name(which.name);
    if (which.kind == Kind::General || which.kind == Kind::Pc) name[0] = 'e';
    return {&which, name, which.bytes == 8 ? u8{4} : which.bytes};
}

constexpr std::array names = {"x86-64", "i386", "i8086"};

}  // namespace

fabric::Result<Architecture> parse_architecture(const std::string& name) {
    for (usize i = 0; i < names.size(); ++i) {
        if (name == names[i]) return static_cast<Architecture>(i);
    }
    const std::vector<std::string> known(names.begin(), names.end());
    return fabric::Error{"there is no architecture '" + name + "'" +
                         fabric::did_you_mean(name, known)};
}

TargetDescription::TargetDescription(Architecture architecture) {
    const bool wide = architecture == Architecture::X86_64;
    const unsigned word = wide ? 8 : 4;
    constexpr std::array gdb_names = {"i386:x86-64", "i386", "i8086"};
    xml_ = fmt::format(
        "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\">"
        "<target version=\"1.0\"><architecture>{}</architecture>",
        gdb_names[static_cast<usize>(architecture)]);
    FeatureOf open = FeatureOf::None;
    for (const cpu::NamedRegister& row : cpu::register_table()) {
        if (!wide && !exists_in_32_bits(row)) continue;
        const Shown shown =
            wide ? Shown{&row, std::string(row.name), row.bytes} : shown_in_32_bits(row);
        if (const FeatureOf wanted = feature_of(row, wide); wanted != open) {
            if (open != FeatureOf::None) xml_ += "</feature>";
            const Feature next = feature(wanted, word);
            xml_ += fmt::format("<feature name=\"{}\">{}", next.name, next.types);
            open = wanted;
        }
        xml_ += fmt::format("<reg name=\"{}\" bitsize=\"{}\" type=\"{}\" regnum=\"{}\"{}/>",
                            shown.name, 8 * shown.bytes, type_of(shown), registers_.size(),
                            row.kind == Kind::X87Control ? " group=\"float\"" : "");
        registers_.push_back(shown);
    }
    xml_ += "</feature></target>";
}

}  // namespace frontends::gdb
