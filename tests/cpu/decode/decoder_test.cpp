// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/decode/decoder.hpp"

#include <catch2/catch.hpp>
#include <cstddef>
#include <vector>

#include "cpu/decode/disassembly.hpp"

using namespace cpu;

namespace {

constexpr auto bits16 = CodeMode::Bits16;
constexpr auto bits32 = CodeMode::Bits32;
constexpr auto bits64 = CodeMode::Bits64;

using Bytes = std::vector<u8>;

DecodeStatus status_of(CodeMode mode, const Bytes& bytes,
                       const FeatureSet& features = FeatureSet::all()) {
    Instruction instruction;
    return decode(bytes, mode, features, instruction);
}

Instruction decoded(CodeMode mode, const Bytes& bytes,
                    const FeatureSet& features = FeatureSet::all()) {
    Instruction instruction;
    REQUIRE(decode(bytes, mode, features, instruction) == DecodeStatus::Ok);
    REQUIRE(instruction.length == bytes.size());
    return instruction;
}

Semantic semantic_of(CodeMode mode, const Bytes& bytes,
                     const FeatureSet& features = FeatureSet::all()) {
    return form_of(decoded(mode, bytes, features)).semantic;
}

FeatureSet without(Feature feature) {
    FeatureSet features = FeatureSet::all();
    features.set(feature, false);
    return features;
}

}  // namespace

TEST_CASE("decoder: REX counts only right before the opcode", "[cpu][decode]") {
    CHECK(decoded(bits64, {0x48, 0x89, 0xc3}).operand_size == 8);
    const Instruction voided = decoded(bits64, {0x48, 0x3e, 0x89, 0xc3});
    CHECK(voided.operand_size == 4);
    CHECK_FALSE(voided.rex);
    const Instruction twice = decoded(bits64, {0x48, 0x44, 0x89, 0xc3});
    CHECK(twice.operand_size == 4);
    CHECK(twice.reg == 8);
}

TEST_CASE("decoder: of F2 and F3 the last one counts", "[cpu][decode]") {
    CHECK(form_of(decoded(bits64, {0xf2, 0xf3, 0x0f, 0x10, 0xc1})).mnemonic == "MOVSS");
    CHECK(form_of(decoded(bits64, {0xf3, 0xf2, 0x0f, 0x10, 0xc1})).mnemonic == "MOVSD");
    CHECK(form_of(decoded(bits64, {0x66, 0xf2, 0x0f, 0x10, 0xc1})).mnemonic == "MOVSD");
    CHECK(form_of(decoded(bits64, {0x66, 0x0f, 0x10, 0xc1})).mnemonic == "MOVUPD");
}

TEST_CASE("decoder: LOCK is for what writes memory and is on the list", "[cpu][decode]") {
    CHECK(status_of(bits64, {0xf0, 0x01, 0x03}) == DecodeStatus::Ok);
    CHECK(status_of(bits64, {0xf0, 0x01, 0xc3}) == DecodeStatus::Invalid);
    CHECK(status_of(bits64, {0xf0, 0x03, 0x03}) == DecodeStatus::Invalid);
    CHECK(status_of(bits64, {0xf0, 0x39, 0x03}) == DecodeStatus::Invalid);
    CHECK(status_of(bits64, {0xf0, 0x0f, 0xa3, 0x03}) == DecodeStatus::Invalid);
    CHECK(status_of(bits64, {0xf0, 0x87, 0x03}) == DecodeStatus::Ok);
    CHECK(status_of(bits64, {0xf0, 0x90}) == DecodeStatus::Invalid);
}

TEST_CASE("decoder: 90 is NOP, XCHG with R8, and PAUSE", "[cpu][decode]") {
    CHECK(semantic_of(bits64, {0x90}) == Semantic::nop);
    CHECK(semantic_of(bits64, {0x48, 0x90}) == Semantic::nop);
    CHECK(semantic_of(bits64, {0x41, 0x90}) == Semantic::xchg);
    CHECK(semantic_of(bits64, {0xf3, 0x90}) == Semantic::pause);
    CHECK(semantic_of(bits64, {0xf3, 0x41, 0x90}) == Semantic::pause);
}

TEST_CASE("decoder: an instruction of 16 bytes is too long", "[cpu][decode]") {
    Bytes bytes(14, 0x66);
    bytes.push_back(0x90);
    CHECK(status_of(bits64, bytes) == DecodeStatus::Ok);
    bytes.insert(bytes.begin(), 0x66);
    CHECK(status_of(bits64, bytes) == DecodeStatus::TooLong);
    CHECK(status_of(bits64, Bytes(15, 0x66)) == DecodeStatus::TooLong);
    CHECK(status_of(bits64, Bytes(14, 0x66)) == DecodeStatus::Truncated);
}

TEST_CASE("decoder: truncated means that more bytes are needed", "[cpu][decode]") {
    const Bytes whole{0x66, 0x2e, 0x48, 0x81, 0x84, 0x88, 1, 2, 3, 4, 5, 6, 7, 8};
    for (usize length = 0; length < whole.size(); ++length) {
        CAPTURE(length);
        const Bytes part(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
        CHECK(status_of(bits64, part) == DecodeStatus::Truncated);
    }
    CHECK(decoded(bits64, whole).length == whole.size());
    // An undefined opcode is known as such at once; a group's undefined member after all its bytes.
    CHECK(status_of(bits64, {0x0f, 0x0a}) == DecodeStatus::Invalid);
    CHECK(status_of(bits64, {0xfe, 0x3d, 1, 2, 3}) == DecodeStatus::Truncated);
    CHECK(status_of(bits64, {0xfe, 0x3d, 1, 2, 3, 4}) == DecodeStatus::Invalid);
    CHECK(status_of(bits64, {0x0f, 0x3a, 0x00, 0xc0}) == DecodeStatus::Truncated);
    CHECK(status_of(bits64, {0x0f, 0x3a, 0x00, 0xc0, 1}) == DecodeStatus::Invalid);
}

TEST_CASE("decoder: what nothing is assigned to has a length all the same", "[cpu][decode]") {
    const auto length_of = [](Bytes bytes) {
        while (status_of(bits64, bytes) == DecodeStatus::Truncated) bytes.push_back(0xc0);
        CHECK(status_of(bits64, bytes) == DecodeStatus::Invalid);
        return bytes.size();
    };
    // As an Intel processor fetches them at the end of a page.
    for (const u8 opcode : Bytes{0x78, 0x79, 0x7a, 0x7b, 0xa6, 0xa7}) {
        CAPTURE(opcode);
        CHECK(length_of({0x0f, opcode}) == 3);
        CHECK(length_of({0xc4, 0xe1, 0x69, opcode}) == 5);
    }
    for (const u8 escape : Bytes{0x39, 0x3c, 0x3d}) CHECK(length_of({0x0f, escape}) == 4);
    for (const u8 escape : Bytes{0x3b, 0x3e, 0x3f}) CHECK(length_of({0x0f, escape}) == 5);
    for (const u8 escape : Bytes{0x39, 0x3b}) CHECK(length_of({0xc4, 0xe1, 0x69, escape}) == 4);
}

TEST_CASE("decoder: C4 and C5 are LES and LDS outside 64-bit code", "[cpu][decode]") {
    CHECK(form_of(decoded(bits32, {0xc4, 0x03})).mnemonic == "LES");
    CHECK(form_of(decoded(bits16, {0xc5, 0x07})).mnemonic == "LDS");
    CHECK(form_of(decoded(bits32, {0xc5, 0xf8, 0x77})).mnemonic == "VZEROUPPER");
    CHECK(form_of(decoded(bits64, {0xc5, 0xf8, 0x77})).mnemonic == "VZEROUPPER");
}

TEST_CASE("decoder: VEX takes none of the prefixes it stands for", "[cpu][decode]") {
    CHECK(status_of(bits64, {0xc5, 0xf8, 0x58, 0xc1}) == DecodeStatus::Ok);
    CHECK(status_of(bits64, {0x3e, 0xc5, 0xf8, 0x58, 0xc1}) == DecodeStatus::Ok);
    for (const u8 prefix : {u8{0x66}, u8{0xf2}, u8{0xf3}, u8{0xf0}, u8{0x48}}) {
        CAPTURE(prefix);
        CHECK(status_of(bits64, {prefix, 0xc5, 0xf8, 0x58, 0xc1}) == DecodeStatus::Invalid);
    }
}

TEST_CASE("decoder: VEX.vvvv must be ones where it names nothing", "[cpu][decode]") {
    CHECK(status_of(bits64, {0xc5, 0xf8, 0x28, 0xc1}) == DecodeStatus::Ok);
    CHECK(status_of(bits64, {0xc5, 0xf0, 0x28, 0xc1}) == DecodeStatus::Invalid);
    CHECK(decoded(bits64, {0xc5, 0xf0, 0x58, 0xc1}).vvvv == 1);
    CHECK(status_of(bits64, {0xc4, 0xe2, 0x7d, 0x41, 0xc1}) == DecodeStatus::Invalid);  // L = 1.
}

TEST_CASE("decoder: VSIB needs a SIB byte and three different registers", "[cpu][decode]") {
    const Instruction gather = decoded(bits64, {0xc4, 0xe2, 0x69, 0x90, 0x04, 0x20});
    CHECK(gather.index == 4);
    CHECK(gather.vvvv == 2);
    CHECK(status_of(bits64, {0xc4, 0xe2, 0x69, 0x90, 0x00}) == DecodeStatus::Invalid);
    CHECK(status_of(bits64, {0xc4, 0xe2, 0x69, 0x90, 0x04, 0x10}) == DecodeStatus::Invalid);
    CHECK(status_of(bits64, {0xc4, 0xe2, 0x69, 0x90, 0x04, 0x00}) == DecodeStatus::Invalid);
}

TEST_CASE("decoder: memory operands of 64-bit code", "[cpu][decode]") {
    const Instruction rip = decoded(bits64, {0x8b, 0x05, 0xfc, 0xff, 0xff, 0xff});
    CHECK(rip.rip_relative);
    CHECK(rip.displacement == -4);
    CHECK(rip.base == no_register);

    const Instruction absolute = decoded(bits64, {0x8b, 0x04, 0x25, 4, 3, 2, 1});
    CHECK_FALSE(absolute.rip_relative);
    CHECK(absolute.base == no_register);
    CHECK(absolute.index == no_register);
    CHECK(absolute.displacement == 0x0102'0304);

    const Instruction r12 = decoded(bits64, {0x41, 0x8b, 0x04, 0x24});
    CHECK(r12.base == 12);
    CHECK(r12.segment == SegReg::Ds);
    const Instruction r12_index = decoded(bits64, {0x42, 0x8b, 0x04, 0x60});
    CHECK(r12_index.index == 12);
    CHECK(r12_index.scale == 1);

    CHECK(decoded(bits64, {0x8b, 0x04, 0x24}).segment == SegReg::Ss);
    CHECK(decoded(bits64, {0x67, 0x8b, 0x03}).address_size == 4);
    CHECK(decoded(bits64, {0x2e, 0x8b, 0x03}).segment == SegReg::Ds);
    CHECK(decoded(bits64, {0x64, 0x2e, 0x8b, 0x03}).segment == SegReg::Fs);
}

TEST_CASE("decoder: memory operands of 16-bit code", "[cpu][decode]") {
    const Instruction bp_si = decoded(bits16, {0x8b, 0x42, 0xfe});
    CHECK(bp_si.base == 5);
    CHECK(bp_si.index == 6);
    CHECK(bp_si.segment == SegReg::Ss);
    CHECK(bp_si.displacement == -2);
    const Instruction absolute = decoded(bits16, {0x8b, 0x06, 0x34, 0x12});
    CHECK(absolute.base == no_register);
    CHECK(absolute.segment == SegReg::Ds);
    CHECK(absolute.displacement == 0x1234);
    CHECK(decoded(bits16, {0x67, 0x8b, 0x03}).address_size == 4);
    CHECK(decoded(bits16, {0x26, 0x8b, 0x46, 0x00}).segment == SegReg::Es);
}

TEST_CASE("decoder: operand sizes", "[cpu][decode]") {
    CHECK(decoded(bits64, {0x50}).operand_size == 8);
    CHECK(decoded(bits64, {0x66, 0x50}).operand_size == 2);
    CHECK(decoded(bits64, {0x66, 0x48, 0x50}).operand_size == 8);
    CHECK(decoded(bits16, {0x66, 0x50}).operand_size == 4);
    // A near branch of 64-bit code does not hear 66; of other code it does.
    CHECK(decoded(bits64, {0x66, 0xe8, 1, 0, 0, 0}).operand_size == 8);
    CHECK(decoded(bits32, {0x66, 0xe8, 1, 0}).operand_size == 2);
    CHECK(decoded(bits64, {0xff, 0x2b}).operand_size == 4);
    CHECK(decoded(bits64, {0x48, 0xcf}).operand_size == 8);
}

TEST_CASE("decoder: immediates are extended as the row says", "[cpu][decode]") {
    CHECK(decoded(bits64, {0x48, 0x83, 0xc0, 0xff}).immediate == ~u64{0});
    CHECK(decoded(bits64, {0x48, 0x05, 0, 0, 0, 0x80}).immediate == 0xffff'ffff'8000'0000);
    CHECK(decoded(bits64, {0xc1, 0xe0, 0xff}).immediate == 0xff);
    CHECK(decoded(bits64, {0x48, 0xb8, 1, 2, 3, 4, 5, 6, 7, 0x88}).immediate ==
          0x8807'0605'0403'0201);
    CHECK(decoded(bits64, {0xeb, 0xfe}).immediate == ~u64{1});
    const Instruction enter = decoded(bits64, {0xc8, 0x10, 0x20, 3});
    CHECK(enter.immediate == 0x2010);
    CHECK(enter.second_immediate == 3);
    const Instruction far = decoded(bits16, {0xea, 0x5b, 0xe0, 0x00, 0xf0});
    CHECK(far.immediate == 0xe05b);
    CHECK(far.second_immediate == 0xf000);
    const Instruction offset = decoded(bits64, {0xa1, 1, 2, 3, 4, 5, 6, 7, 8});
    CHECK(offset.immediate == 0x0807'0605'0403'0201);
    CHECK(offset.is_memory());
}

TEST_CASE("decoder: registers that do not exist are undefined", "[cpu][decode]") {
    CHECK(status_of(bits32, {0x8e, 0xc8}) == DecodeStatus::Invalid);  // MOV CS, AX
    CHECK(status_of(bits32, {0x8c, 0xc8}) == DecodeStatus::Ok);
    CHECK(status_of(bits32, {0x8c, 0xf0}) == DecodeStatus::Invalid);
    CHECK(decoded(bits64, {0x44, 0x8e, 0xd8}).reg == 3);
    CHECK(status_of(bits64, {0x0f, 0x20, 0xc8}) == DecodeStatus::Invalid);  // CR1
    CHECK(decoded(bits64, {0x44, 0x0f, 0x20, 0xc0}).reg == 8);
    CHECK(status_of(bits64, {0x44, 0x0f, 0x21, 0xc0}) == DecodeStatus::Invalid);  // DR8
}

TEST_CASE("decoder: MOV to control registers has no memory operand", "[cpu][decode]") {
    const Instruction instruction = decoded(bits64, {0x0f, 0x22, 0x1d});
    CHECK_FALSE(instruction.is_memory());
    CHECK(instruction.rm == 5);
    CHECK(instruction.reg == 3);
}

TEST_CASE("decoder: without its feature an encoding is what it was before", "[cpu][decode]") {
    const Bytes lzcnt{0xf3, 0x0f, 0xbd, 0xc1};
    CHECK(semantic_of(bits64, lzcnt) == Semantic::lzcnt);
    CHECK(semantic_of(bits64, lzcnt, without(Feature::Lzcnt)) == Semantic::bsr);
    const Bytes tzcnt{0xf3, 0x0f, 0xbc, 0xc1};
    CHECK(semantic_of(bits64, tzcnt, without(Feature::Bmi1)) == Semantic::bsf);
    CHECK(status_of(bits64, {0xf3, 0x0f, 0xb8, 0xc1}, without(Feature::Popcnt)) ==
          DecodeStatus::Invalid);
    CHECK(status_of(bits64, {0x0f, 0x1e, 0xfa}) == DecodeStatus::Ok);  // ENDBR64
}

TEST_CASE("decoder: MMX registers hear neither REX.R nor REX.B", "[cpu][decode]") {
    const Instruction instruction = decoded(bits64, {0x4d, 0x0f, 0xfc, 0xca});
    CHECK(instruction.reg == 1);
    CHECK(instruction.rm == 2);
}

TEST_CASE("decoder: disassembly is Capstone's", "[cpu][decode]") {
    const Bytes bytes{0xeb, 0xfe};
    CHECK(disassemble(bytes, bits64, 0x1000) == "jmp 0x1000");
    CHECK(disassemble(Bytes{0x0f, 0x0a}, bits64, 0) == "(bad)");
    CHECK(disassemble(Bytes{0xf3, 0xa4}, bits16, 0).substr(0, 9) == "rep movsb");
}
