// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "frontends/screen/key_names.hpp"
#include "frontends/screen/key_script.hpp"
#include "frontends/screen/screenshots.hpp"
#include "frontends/screen/timed_text.hpp"
#include "frontends/screen/typist.hpp"

using frontends::KeyStep;
using frontends::parse_keys;

namespace {

using Events = std::vector<u8>;
constexpr u8 left_shift = 0xe1;

/// Of all steps, one after another.
Events events_of(const std::string& text) {
    Events all;
    const auto steps = parse_keys(text).value();
    for (const KeyStep& step : steps) {
        all.insert(all.end(), step.events.begin(), step.events.end());
    }
    return all;
}

std::string complaint_about(const std::string& text) {
    const auto parsed = parse_keys(text);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().message.find('\n') == std::string::npos);
    return parsed.error().message;
}

}  // namespace

TEST_CASE("Typed text: characters are keys, with Shift where they need it", "[frontends][type]") {
    CHECK(events_of("az") == Events{0x04, 1, 0x04, 0, 0x1d, 1, 0x1d, 0});
    CHECK(events_of("1") == Events{0x1e, 1, 0x1e, 0});
    CHECK(events_of("A") == Events{left_shift, 1, 0x04, 1, 0x04, 0, left_shift, 0});
    CHECK(events_of("~") == Events{left_shift, 1, 0x35, 1, 0x35, 0, left_shift, 0});
    CHECK(events_of("") == Events{});
}

TEST_CASE("Typed text: each printable character has a key of its own", "[frontends][type]") {
    std::vector<std::pair<u8, bool>> seen;
    for (char c = ' '; c <= '~'; ++c) {
        CAPTURE(c);
        const auto key = frontends::key_of_character(c);
        REQUIRE(key);
        const std::pair<u8, bool> place{key->usage, key->shifted};
        if (c != ' ') CHECK(std::find(seen.begin(), seen.end(), place) == seen.end());
        seen.push_back(place);
    }
    CHECK_FALSE(frontends::key_of_character('\x7f'));
    CHECK_FALSE(frontends::key_of_character('\xe4'));
}

TEST_CASE("Typed text: what a backslash and brackets say", "[frontends][type]") {
    CHECK(events_of("\\n\\t\\e\\b") ==
          Events{0x28, 1, 0x28, 0, 0x2b, 1, 0x2b, 0, 0x29, 1, 0x29, 0, 0x2a, 1, 0x2a, 0});
    CHECK(events_of("\\<") == events_of("<shift-,>"));
    CHECK(events_of("\\\\") == Events{0x31, 1, 0x31, 0});
    CHECK(events_of("<ctrl-alt-del>") ==
          Events{0xe0, 1, 0xe2, 1, 0x4c, 1, 0x4c, 0, 0xe2, 0, 0xe0, 0});
    CHECK(events_of("<ctrl-->") == Events{0xe0, 1, 0x2d, 1, 0x2d, 0, 0xe0, 0});
    CHECK(events_of("<ctrl-kp->") == Events{0xe0, 1, 0x56, 1, 0x56, 0, 0xe0, 0});
    CHECK(events_of("<shift-A>") == Events{left_shift, 1, 0x04, 1, 0x04, 0, left_shift, 0});
    CHECK(events_of("<win>") == Events{0xe3, 1, 0xe3, 0});
    for (const std::string& name : frontends::key_names()) {
        CAPTURE(name);
        CHECK(events_of("<" + name + ">").size() == 4);
    }
}

TEST_CASE("Typed text: a wait is a step without keys", "[frontends][type]") {
    const auto steps = parse_keys("a<wait 500ms>b").value();
    REQUIRE(steps.size() == 5);
    CHECK(steps[2] == KeyStep{.events = {}, .then = {500'000'000}});
    for (const usize i : {0u, 1u, 3u, 4u}) CHECK(steps[i].then.ns == 10'000'000);
}

TEST_CASE("Typed text: what is wrong is said", "[frontends][type]") {
    CHECK(complaint_about("<entre>").find("Did you mean 'enter'?") != std::string::npos);
    CHECK(complaint_about("<entr").find("\\<") != std::string::npos);
    CHECK(complaint_about("\\q").find("'\\q'") != std::string::npos);
    CHECK(complaint_about("end\\").find("backslash") != std::string::npos);
    CHECK(complaint_about("<>").find("<>") != std::string::npos);
    CHECK(complaint_about("<wait soon>").find("'soon' is no time") != std::string::npos);
    CHECK(complaint_about("h\xc3\xb6").find("no key") != std::string::npos);
}

TEST_CASE("Times: units, fractions, and what is none", "[frontends][type]") {
    const auto ns = [](const char* text) { return frontends::parse_duration(text).value().ns; };
    CHECK(ns("12.5") == 12'500'000'000);
    CHECK(ns("0") == 0);
    CHECK(ns("500ms") == 500'000'000);
    CHECK(ns("1.5us") == 1'500);
    CHECK(ns("7ns") == 7);
    CHECK(ns("2m") == 120'000'000'000);
    CHECK(ns("0.5h") == 1'800'000'000'000);
    CHECK(ns("0.1234567891234") == 123'456'789);
    for (const char* wrong : {"", "s", ".5", "5.", "-1", "1x", "1 s", "1e3", "99999999999999999999",
                              "9999999999999h"}) {
        CAPTURE(wrong);
        CHECK_FALSE(frontends::parse_duration(wrong));
    }
}

TEST_CASE("Times: after the last @", "[frontends][type]") {
    const auto typed = frontends::parse_typed_text("me\\@home@2").value();
    CHECK(typed.time.ns == 2'000'000'000);
    CHECK(typed.steps.size() == 14);
    CHECK(frontends::parse_typed_text("a\\@b").value().steps.size() == 6);
    CHECK(frontends::parse_typed_text("a").value().time.ns == 0);
    CHECK_FALSE(frontends::parse_typed_text("me@home"));

    const auto shot = frontends::parse_screenshot("a@b.png@1.5").value();
    CHECK(shot.path == "a@b.png");
    CHECK(shot.time == fabric::VmTime{1'500'000'000});
    CHECK_FALSE(frontends::parse_screenshot("a.png").value().time);
    CHECK_FALSE(frontends::parse_screenshot("@3"));
    CHECK_FALSE(frontends::parse_screenshot("a@later"));
}
