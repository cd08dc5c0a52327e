// SPDX-License-Identifier: BSD-2-Clause
//
// A run that is stopped, saved and taken up in another machine ends as if it had never been
// stopped.
#include <catch2/catch.hpp>

#include <functional>
#include <random>

#include "cpu/core/models/cpu_model.hpp"
#include "tests/machine/guest.hpp"
#include "tests/support/temporary_folder.hpp"

using fabric::SnapshotFile;
using fabric::SnapshotWriter;
using machine::RunOutcome;
using test::Ending;
using test::Guest;

namespace {

const Ending& uninterrupted() {
    static const Ending ending = [] {
        Guest guest;
        REQUIRE(guest.run(test::odd_moments()) == RunOutcome::GuestExit);
        return test::ending_of(guest);
    }();
    return ending;
}

/// Saves, restores elsewhere and runs on there; the outputs of both together.
Ending continued_elsewhere(Guest& stopped) {
    Guest next;
    next.machine->restore(stopped.checkpoint()).value();
    REQUIRE(next.hash() == stopped.hash());
    next.serial.text = stopped.serial.text;
    next.debug.text = stopped.debug.text;
    REQUIRE(next.run(test::odd_moments()) == RunOutcome::GuestExit);
    return test::ending_of(next);
}

const devices::Uart16550& com1_of(Guest& guest) {
    return dynamic_cast<machine::TinyBoard&>(guest.machine->board()).com1();
}

u8 byte_at_rip(Guest& guest, u64 offset) {
    u8 byte = 0;
    const u64 at = guest.state().segment(cpu::SegReg::Cs).base + guest.state().rip + offset;
    (void)guest.machine->board().memory().read(fabric::Gpa{at}, {&byte, 1});
    return byte;
}

}  // namespace

TEST_CASE("Checkpoint: taken anywhere, the run ends the same", "[machine][checkpoint]") {
    std::mt19937_64 random(2026);
    for (int i = 0; i < 40; ++i) {
        const u64 when = i < 8 ? static_cast<u64>(i) : random() % uninterrupted().retired;
        CAPTURE(when);
        Guest stopped;
        REQUIRE(stopped.run(test::odd_moments(), when) == RunOutcome::LimitReached);
        REQUIRE(continued_elsewhere(stopped) == uninterrupted());
    }
}

TEST_CASE("Checkpoint: at moments that are hard to hit", "[machine][checkpoint]") {
    using Moment = std::function<bool(Guest&)>;
    const auto [name, moment] = GENERATE(table<std::string, Moment>({
        {"inside REP MOVSB",
         [](Guest& guest) {
             const u64 left = guest.state().reg(cpu::Gpr::Rcx);
             return byte_at_rip(guest, 0) == 0xf3 && byte_at_rip(guest, 1) == 0xa4 && left > 100 &&
                    left < 11'000;
         }},
        {"inside REPE CMPSW",
         [](Guest& guest) {
             return byte_at_rip(guest, 0) == 0xf3 && byte_at_rip(guest, 1) == 0x66 &&
                    guest.state().reg(cpu::Gpr::Rcx) < 400;
         }},
        {"in the shadow of MOV SS",
         [](Guest& guest) { return guest.state().shadow == cpu::InterruptShadow::MovSs; }},
        {"in the shadow of STI",
         [](Guest& guest) { return guest.state().shadow == cpu::InterruptShadow::Sti; }},
        {"with TF set",
         [](Guest& guest) { return (guest.state().other_flags & cpu::rflags::TF) != 0; }},
        {"four x87 registers deep",
         [](Guest& guest) {
             return guest.state().x87.tags == 0xf0 || guest.state().x87.tags == 0xe0;
         }},
        {"in the page fault handler",
         [](Guest& guest) {
             return guest.state().cr2 > 0x40000000 &&
                    guest.state().reg(cpu::Gpr::Rsp) < 0x7c00 - 40;
         }},
        {"with the UART transmitting",
         [](Guest& guest) { return !com1_of(guest).state().to_send.empty(); }},
        {"with characters on the line",
         [](Guest& guest) { return com1_of(guest).state().on_the_line.size() > 2; }},
    }));
    CAPTURE(name);
    Guest guest;
    int found = 0;
    u64 start = 20'000;
    for (const u64 near : {u64{20'000}, u64{400'000}}) {
        start = near;
        REQUIRE(guest.run(test::odd_moments(), start) == RunOutcome::LimitReached);
        for (u64 when = start; when < start + 12'000 && found < 3; ++when) {
            REQUIRE(guest.run(test::odd_moments(), when) == RunOutcome::LimitReached);
            if (!moment(guest)) continue;
            ++found;
            REQUIRE(continued_elsewhere(guest) == uninterrupted());
            when += 200;
        }
    }
    CHECK(found > 0);
}

TEST_CASE("Checkpoint: of a processor that is halted", "[machine][checkpoint]") {
    // mov dx,0x3f8 ; mov al,'A' ; out dx,al ; hlt
    const auto config = test::config_of(test::rom_of({0xba, 0xf8, 0x03, 0xb0, 'A', 0xee, 0xf4}));
    Guest whole(config);
    REQUIRE(whole.run() == RunOutcome::Idle);
    for (u64 when = 0; when <= whole.machine->retired(); ++when) {
        CAPTURE(when);
        Guest stopped(config);
        REQUIRE(stopped.run({}, when) == RunOutcome::LimitReached);
        Guest next(config);
        next.machine->restore(stopped.checkpoint()).value();
        CHECK(next.run() == RunOutcome::Idle);
        CHECK(next.hash() == whole.hash());
        CHECK(stopped.serial.text + next.serial.text == whole.serial.text);
    }
    Guest idle(config);
    idle.machine->restore(whole.checkpoint()).value();
    CHECK(idle.run() == RunOutcome::Idle);
    CHECK(idle.hash() == whole.hash());
}

TEST_CASE("Checkpoint: a machine that has run is turned back", "[machine][checkpoint]") {
    Guest guest;
    REQUIRE(guest.run(test::odd_moments(), 300'000) == RunOutcome::LimitReached);
    const SnapshotFile early = guest.checkpoint();
    const u64 hash = guest.hash();
    const auto serial = guest.serial.text;
    for (int i = 0; i < 3; ++i) {
        REQUIRE(guest.run(test::odd_moments()) == RunOutcome::GuestExit);
        CHECK(test::ending_of(guest) == uninterrupted());
        guest.machine->restore(early).value();
        CHECK(guest.hash() == hash);
        guest.serial.text = serial;
        guest.debug.text.clear();
    }
}

TEST_CASE("Checkpoint: through a file", "[machine][checkpoint]") {
    const test::TemporaryFolder folder;
    Guest stopped;
    REQUIRE(stopped.run(test::odd_moments(), 777'777) == RunOutcome::LimitReached);
    stopped.machine->save(folder.file("there")).value();
    CHECK(folder.files() == 1);
    Guest next;
    next.machine->restore(folder.file("there")).value();
    CHECK(next.hash() == stopped.hash());
    CHECK(next.run(test::odd_moments()) == RunOutcome::GuestExit);
    CHECK(next.hash() == uninterrupted().hash);
}

namespace {

/// A saved checkpoint, and another guest that refuses what is made of it.
struct Refusing {
    const test::TemporaryFolder folder;
    std::vector<u8> whole;
    Guest guest;
    u64 hash = 0;

    Refusing() {
        const std::string path = folder.file("checkpoint");
        Guest saved;
        REQUIRE(saved.run(test::odd_moments(), 50'000) == RunOutcome::LimitReached);
        saved.machine->save(path).value();
        whole = fabric::read_whole_file(path, u64{64} << 20).value();
        REQUIRE(guest.run(test::odd_moments(), 60'000) == RunOutcome::LimitReached);
        hash = guest.hash();
    }

    std::string refused(std::vector<u8> bytes) {
        auto file = SnapshotFile::parse(std::move(bytes), "checkpoint");
        const auto outcome =
            file ? guest.machine->restore(file.value()) : fabric::Result<>(file.error());
        REQUIRE_FALSE(outcome);
        CHECK_FALSE(outcome.error().message.empty());
        CHECK(outcome.error().message.find('\n') == std::string::npos);
        REQUIRE(guest.hash() == hash);
        return outcome.error().message;
    }
};

}  // namespace

TEST_CASE_METHOD(Refusing, "Checkpoint: a damaged or foreign file is refused and changes nothing",
                 "[machine][checkpoint][hostile]") {
    SECTION("no such file") {
        const auto outcome = guest.machine->restore(folder.file("nothing"));
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().message.find("nothing") != std::string::npos);
        CHECK(guest.hash() == hash);
    }
    SECTION("a flipped bit, anywhere") {
        std::mt19937_64 random(3);
        for (int i = 0; i < 60; ++i) {
            std::vector<u8> damaged = whole;
            damaged[random() % damaged.size()] ^= static_cast<u8>(1 << (random() % 8));
            refused(std::move(damaged));
        }
    }
    SECTION("cut short, anywhere") {
        std::mt19937_64 random(4);
        for (int i = 0; i < 30; ++i) {
            refused({whole.begin(),
                     whole.begin() + static_cast<std::ptrdiff_t>(random() % whole.size())});
        }
    }
    SECTION("another kind of file") {
        SnapshotWriter out = SnapshotWriter::in_memory("recording");
        const auto message = refused(out.finish_in_memory().value());
        CHECK(message.find("recording") != std::string::npos);
    }
}

TEST_CASE_METHOD(Refusing, "Checkpoint: another machine's is refused and changes nothing",
                 "[machine][checkpoint][hostile]") {
    SECTION("a machine with other memory") {
        machine::TinyConfig larger = test::config_of(test::workload_rom());
        larger.ram_bytes = u64{8} << 20;
        Guest other(larger);
        const auto outcome = guest.machine->restore(other.checkpoint());
        REQUIRE_FALSE(outcome);
        CHECK(outcome.error().message.find("--memory 8M") != std::string::npos);
        CHECK(guest.hash() == hash);
    }
    SECTION("a machine with another processor") {
        for (const auto& offered : machine::offered_models()) {
            if (!offered.obstacle.empty()) continue;
            machine::TinyConfig config = test::config_of(test::workload_rom());
            config.cpu = offered.model.name;
            Guest other(config);
            const bool same =
                &other.machine->board().vcpu().model == &guest.machine->board().vcpu().model;
            if (same) continue;
            const auto outcome = guest.machine->restore(other.checkpoint());
            REQUIRE_FALSE(outcome);
            CHECK(outcome.error().message.find(config.cpu) != std::string::npos);
            CHECK(guest.hash() == hash);
        }
    }
}

TEST_CASE_METHOD(Refusing, "Checkpoint: one with wrong sections is refused and changes nothing",
                 "[machine][checkpoint][hostile]") {
    SECTION("a section that is missing") {
        const SnapshotFile all = SnapshotFile::parse(whole, "checkpoint").value();
        for (const std::string& missing : all.section_names()) {
            SnapshotWriter out = SnapshotWriter::in_memory("checkpoint");
            for (const std::string& name : all.section_names()) {
                if (name == missing) continue;
                out.add_section(name, all.section(name, u64{64} << 20).value()).value();
            }
            const auto message = refused(out.finish_in_memory().value());
            CHECK(message.find(missing) != std::string::npos);
        }
    }
    SECTION("a section with its last byte gone, or one more") {
        const SnapshotFile all = SnapshotFile::parse(whole, "checkpoint").value();
        for (const std::string& changed : all.section_names()) {
            for (const int by : {-1, 1}) {
                SnapshotWriter out = SnapshotWriter::in_memory("checkpoint");
                bool empty = false;
                for (const std::string& name : all.section_names()) {
                    auto bytes = all.section(name, u64{64} << 20).value();
                    if (name == changed && bytes.empty() && by < 0) empty = true;
                    if (name == changed && !empty)
                        bytes.resize(bytes.size() + static_cast<usize>(by));
                    out.add_section(name, bytes).value();
                }
                CAPTURE(changed, by);
                if (!empty) refused(out.finish_in_memory().value());
            }
        }
    }
}
