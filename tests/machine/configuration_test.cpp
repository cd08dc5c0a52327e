// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "cpu/core/models/cpu_model.hpp"
#include "tests/machine/guest.hpp"

using machine::TinyConfig;

namespace {

std::string problem_with(const TinyConfig& config) {
    test::Collected nowhere;
    const auto created =
        machine::Machine::create(std::make_unique<fabric::InputJournal>(),
                                 machine::TinyBoard::maker(config, {nowhere, nowhere}));
    if (created) return "none";
    CHECK(created.error().message.find('\n') == std::string::npos);
    return created.error().message;
}

bool mentions(const std::string& text, const std::string& word) {
    return text.find(word) != std::string::npos;
}

}  // namespace

TEST_CASE("Configuration: what a machine is refused for, in one line", "[machine][config]") {
    TinyConfig config = test::config_of(test::rom_of({0xf4}));
    REQUIRE(problem_with(config) == "none");
    SECTION("no ROM") {
        config.rom.clear();
        CHECK(mentions(problem_with(config), "the ROM has 0 bytes"));
    }
    SECTION("a ROM of no whole pages") {
        config.rom.pop_back();
        CHECK(mentions(problem_with(config), "4095 bytes"));
    }
    SECTION("a ROM that is too large") {
        config.rom.resize((u64{16} << 20) + 4096);
        CHECK(mentions(problem_with(config), "at most 16 MiB"));
    }
    SECTION("too little memory") {
        config.ram_bytes = 1 << 19;
        CHECK(mentions(problem_with(config), "512 KiB"));
    }
    SECTION("memory of no whole pages") {
        config.ram_bytes = (1 << 20) + 5;
        CHECK(mentions(problem_with(config), "whole pages"));
    }
    SECTION("more memory than there is room for") {
        config.ram_bytes = u64{3} << 40;
        CHECK(mentions(problem_with(config), "3 GiB"));
    }
    SECTION("a processor nobody makes: the nearest is named") {
        const std::string known(cpu::cpu_models().front().name);
        config.cpu = known;
        config.cpu[1] = 'x';
        const std::string problem = problem_with(config);
        CHECK(mentions(problem, config.cpu));
        CHECK(mentions(problem, known));
    }
}

TEST_CASE("Configuration: the ends of what is allowed", "[machine][config]") {
    TinyConfig config = test::config_of(test::rom_of({0xf4}));
    config.ram_bytes = machine::TinyBoard::smallest_ram;
    CHECK(test::Guest(config).run() == machine::RunOutcome::Idle);
    config.ram_bytes = machine::TinyBoard::largest_ram;
    CHECK(test::Guest(config).run() == machine::RunOutcome::Idle);
    config.rom.insert(config.rom.begin(), machine::TinyBoard::largest_rom - config.rom.size(), 0);
    CHECK(test::Guest(config).run() == machine::RunOutcome::Idle);
}

TEST_CASE("Configuration: every model this host can run, runs", "[machine][config]") {
    int run = 0;
    for (const auto& offered : machine::offered_models()) {
        if (!offered.obstacle.empty()) continue;
        TinyConfig config = test::config_of(test::workload_rom());
        config.cpu = offered.model.name;
        CAPTURE(config.cpu);
        const bool rdrand = offered.model.features.has(cpu::Feature::Rdrand);
        test::Guest guest(config);
        CHECK(guest.run(test::odd_moments()) ==
              (rdrand ? machine::RunOutcome::GuestExit : machine::RunOutcome::Shutdown));
        ++run;
    }
    CHECK(run >= 1);
}
