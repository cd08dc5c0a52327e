// SPDX-License-Identifier: BSD-2-Clause
//
// Makes random cases from the rows of the instruction table. A case is a function of the seed, its
// index and the choice of forms and modes.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "cpu/arch/features.hpp"
#include "cpu/decode/form.hpp"
#include "tests/differential/case.hpp"
#include "tests/differential/encoding_shape.hpp"
#include "tests/differential/random_values.hpp"
#include "tests/differential/skip_list.hpp"

namespace test::differential {

struct GeneratorOptions {
    u64 seed = 1;
    bool mode16 = true;
    bool mode32 = true;
    bool mode64 = true;
    std::string form_name;          // Part of "encoding mnemonic"; empty: all.
    u32 sequence = 1;               // Instructions in a case, at most.
    bool single_step = false;       // Some cases have TF set.
    u32 loops = 0;                  // Of a hundred cases, how many go around a few times.
    bool alignment_checks = false;  // Half of the cases have AC set, not just a few.
    bool flat = false;              // No segments but the plain ones.
    /// Why no case is made from a row; empty: it is tested.
    std::function<std::string_view(const cpu::Form&)> skip = skip_reason;
};

class Generator {
public:
    Generator(const GeneratorOptions& options, const cpu::FeatureSet& features);

    void make(u64 index, Case& into);

    /// Rows that cases are made from.
    std::span<const u16> chosen_forms() const { return chosen_; }
    /// What the arena holds where no case has put anything else.
    std::span<const u8> usual_memory() const { return usual_memory_; }

private:
    struct Draft;

    void choose_forms();
    void try_to_make(Random& random, Case& into);
    bool usable(const Case& test) const;
    cpu::CodeMode choose_mode(Random& random, const cpu::Form& form) const;
    void write_encoding(Random& random, const cpu::Form& form, const EncodingShape& shape,
                        cpu::CodeMode mode, Draft& draft) const;
    void add_instruction(Random& random, u16 row, Case& into);
    void add_neighbours(Random& random, u64 count, Case& into);
    void choose_place(Random& random, Case& into) const;
    void close_loop(Random& random, Case& into) const;
    void decode_last(Case& into) const;

    GeneratorOptions options_;
    cpu::FeatureSet features_;
    std::vector<u16> chosen_;
    std::vector<EncodingShape> shapes_;  // By row.
    std::vector<u8> usual_memory_;
};

/// A random state to start from: registers of every kind, segments that suit the mode.
void choose_state(Random& random, ValueKind kind, Case& into);
/// x87, SSE and AVX alone, in the form XRSTOR takes.
XsaveImage random_extended_state(Random& random, ValueKind kind);
/// Keeps a value from being an address where this process has something.
u64 harmless(u64 value);

}  // namespace test::differential
