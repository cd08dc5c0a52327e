// SPDX-License-Identifier: BSD-2-Clause
//
// Typing to a guest that reads keys by INT 16h, and pictures of its screen (roms/screens).
#include <catch2/catch.hpp>

#include <filesystem>

#include "fabric/host/file.hpp"
#include "frontends/screen/screenshots.hpp"
#include "frontends/screen/typist.hpp"
#include "frontends/session/session.hpp"
#include "tests/machine/pc_guest.hpp"
#include "tests/support/temporary_folder.hpp"

using fabric::VmDuration;
using fabric::VmTime;
using frontends::Session;

namespace {

/// When SeaBIOS has long booted the disk.
constexpr VmTime ready_at{2'000'000'000};

machine::PcConfig screens_config() {
    machine::PcConfig config = test::pc_config();
    config.disks = {{.path = SCREENS_DISK, .snapshot = true}};
    return config;
}

/// Stops the run at many an instant, and leaves at the last.
class Interrupter final : public frontends::Attendant {
public:
    Interrupter(VmDuration every, VmTime end) : every_(every), end_(end) {}
    void attend(Session& session) override {
        now_ = session.machine().now().time;
        if (now_ >= end_) session.leave(0);
    }
    frontends::Stop next_stop() const override { return {.time = std::min(now_ + every_, end_)}; }

private:
    VmDuration every_;
    VmTime end_;
    VmTime now_;
};

std::vector<frontends::TypedText> typed(std::initializer_list<const char*> texts) {
    std::vector<frontends::TypedText> parsed;
    for (const char* text : texts) {
        parsed.push_back(frontends::parse_typed_text(text).value());
    }
    return parsed;
}

void run(test::PcGuest& guest, std::vector<frontends::TypedText> texts, VmTime end,
         VmDuration every) {
    Session session(*guest.machine);
    frontends::Typist typist(std::move(texts), guest.board());
    Interrupter interrupter(every, end);
    session.add(typist);
    session.add(interrupter);
    CHECK(session.run() == 0);
}

}  // namespace

TEST_CASE("Typing: at its time, in order, and the same however the run is cut",
          "[frontends][type][determinism]") {
    if (!test::have_seabios()) return;
    const auto texts = typed({"l<wait 50ms>k@2.5", "ac@2.000001", "G\\bj@2.2"});
    const VmTime end = ready_at + VmDuration{1'000'000'000};
    test::PcGuest whole(screens_config());
    run(whole, texts, end, VmDuration{10'000'000'000});
    CHECK(whole.serial.text == "!acjlk");

    test::PcGuest cut(screens_config());
    run(cut, texts, end, VmDuration{777'777});
    CHECK(cut.serial.text == "!acjlk");
    CHECK(cut.machine->recording() == whole.machine->recording());
    CHECK(cut.hash() == whole.hash());

    // Two of each key, after entropy and the wall clock.
    const auto recording = whole.machine->recording();
    CHECK(recording.entries.size() == 2 + 7 * 2);
    CHECK(recording.entries[2].when.time == VmTime{2'000'001'000});
    CHECK(recording.entries[3].when.time == VmTime{2'010'001'000});
}

TEST_CASE("Typing: what somebody says meanwhile comes at once", "[frontends][type]") {
    if (!test::have_seabios()) return;
    test::PcGuest guest(screens_config());
    frontends::Typist typist(typed({"l@3", "ab@2.5", "k@3.5"}), guest.board());
    const auto say_at = [&](const char* text, VmTime time) {
        Session session(*guest.machine);
        Interrupter until(VmDuration{100'000'000}, time);
        session.add(typist);
        session.add(until);
        CHECK(session.run() == 0);
        typist.type({.time = time, .steps = frontends::parse_keys(text).value()});
    };
    say_at("c", VmTime{2'100'000'000});  // Long before the others.
    say_at("d", VmTime{2'505'000'000});  // While "a" is down.
    say_at("", VmTime{4'000'000'000});
    CHECK(guest.serial.text == "!cabdlk");
}

TEST_CASE("Typing: as fast as it comes, nothing is lost to a guest that does not read",
          "[frontends][type]") {
    if (!test::have_seabios()) return;
    test::PcGuest guest(screens_config());
    REQUIRE(guest.machine->run_until(~u64{0}, ready_at) == machine::RunOutcome::LimitReached);
    // The controller holds the keyboard's clock: no byte comes over.
    guest.board().ports().write(0x64, 1, 0xad);
    run(guest, typed({"abcdefghijklabcdefghijkl"}), ready_at + VmDuration{500'000'000},
        VmDuration{1'000'000'000});
    CHECK(guest.serial.text == "!");
    guest.board().ports().write(0x64, 1, 0xae);
    run(guest, typed({"bcdefghijklabcdefghijkl"}), ready_at + VmDuration{1'500'000'000},
        VmDuration{1'000'000'000});
    // The first one was in the keyboard all the time, and nothing behind it.
    CHECK(guest.serial.text == "!abcdefghijklabcdefghijkl");
}

TEST_CASE("Screenshots: at their times and at the end, and the same each time",
          "[frontends][screenshot][determinism]") {
    if (!test::have_seabios()) return;
    const test::TemporaryFolder folder;
    for (const std::string name : {"first", "second"}) {
        test::PcGuest guest(screens_config());
        Session session(*guest.machine);
        frontends::Typist typist(typed({"c@2"}), guest.board());
        frontends::Screenshots screenshots(
            {{.path = folder.file(name + "-end.png"), .time = {}},
             {.path = folder.file(name + "-c.png"), .time = VmTime{2'900'000'000}},
             {.path = folder.file(name + "-early.png"), .time = VmTime{1'000}}},
            guest.board());
        Interrupter end(VmDuration{name == "first" ? 100'000'000u : 33'333'333u},
                        VmTime{3'000'000'000});
        for (frontends::Attendant* each : {static_cast<frontends::Attendant*>(&typist),
                                           static_cast<frontends::Attendant*>(&screenshots),
                                           static_cast<frontends::Attendant*>(&end)}) {
            session.add(*each);
        }
        CHECK(session.run() == 0);
    }
    const auto bytes = [&](const char* name) {
        return fabric::read_whole_file(folder.file(name), 1 << 24).value();
    };
    CHECK(bytes("first-end.png") == bytes("second-end.png"));
    CHECK(bytes("first-c.png") == bytes("second-c.png"));
    CHECK(bytes("first-c.png") == bytes("first-end.png"));
    CHECK(bytes("first-c.png") != bytes("first-early.png"));
}
