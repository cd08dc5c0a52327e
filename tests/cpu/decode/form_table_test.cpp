// SPDX-License-Identifier: BSD-2-Clause
//
// Rules that every row of the instruction table must follow.
#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "cpu/decode/decoder.hpp"
#include "cpu/decode/encoding.hpp"

using namespace cpu;

TEST_CASE("instruction table: every semantic has a row", "[cpu][decode]") {
    std::set<Semantic> used;
    for (const Form& form : forms()) used.insert(form.semantic);
    for (usize i = 0; i < static_cast<usize>(Semantic::Count); ++i) {
        CAPTURE(semantic_name(static_cast<Semantic>(i)));
        CHECK(used.contains(static_cast<Semantic>(i)));
    }
}

TEST_CASE("instruction table: no two rows are the same", "[cpu][decode]") {
    std::set<std::string> seen;
    for (const Form& form : forms()) {
        const std::string row = std::string(form.encoding) + "|" +
                                std::to_string(static_cast<int>(form.feature)) + "|" +
                                std::to_string(form.attributes);
        CAPTURE(form.encoding, form.mnemonic);
        CHECK(seen.insert(row).second);
    }
}

TEST_CASE("instruction table: what LOCK is allowed for writes its first operand", "[cpu][decode]") {
    for (const Form& form : forms()) {
        if (!form.has(attribute::Lockable)) continue;
        CAPTURE(form.encoding, form.mnemonic);
        REQUIRE(form.operand_count > 0);
        CHECK(form.operands[0].read);
        CHECK(form.operands[0].written);
        const bool memory = form.operands[0].kind == OperandKind::ModRmGpr ||
                            form.operands[0].kind == OperandKind::Memory;
        CHECK(memory);
    }
}

TEST_CASE("instruction table: VEX without a vvvv operand demands ones there", "[cpu][decode]") {
    for (const Form& form : forms()) {
        if (!decoding::parse_encoding(form.encoding).vex) continue;
        bool names_vvvv = false;
        for (const Operand& operand : form.operands) {
            names_vvvv = names_vvvv || operand.kind == OperandKind::VvvvGpr ||
                         operand.kind == OperandKind::VvvvVector;
        }
        CAPTURE(form.encoding, form.mnemonic);
        CHECK(form.has(attribute::VexNoVvvv) != names_vvvv);
    }
}

TEST_CASE("instruction table: attributes fit together", "[cpu][decode]") {
    for (const Form& form : forms()) {
        CAPTURE(form.encoding, form.mnemonic);
        CHECK_FALSE(form.has(attribute::Only64 | attribute::No64));
        CHECK_FALSE(form.has(attribute::Default64 | attribute::Force64));
        CHECK((form.flags_written & form.flags_undefined) == 0);
        if (form.has(attribute::Native)) CHECK(form.semantic == Semantic::native);
    }
}
