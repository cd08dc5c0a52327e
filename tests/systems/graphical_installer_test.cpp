// SPDX-License-Identifier: BSD-2-Clause
//
// The Debian installer's graphical flavour, from a CD: the boot menu, and its first question, which
// is a list of languages between a banner and a row of buttons.
#include <catch2/catch.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "tests/systems/person.hpp"
#include "tests/systems/system_guest.hpp"

using test::PcGuest;
using test::Person;

namespace {

constexpr u32 white = 0xff'ffff;

struct Lines {
    u32 first = 0;
    u32 end = 0;

    u32 count() const { return end - first; }
};

/// A list of which one row is selected.
struct ShownList {
    Lines lines;
    Lines selected;
};

/// The colour that at least `share` tenths of a line have, apart from the window's edges.
std::optional<u32> colour_of(const devices::Frame& picture, u32 y, usize share) {
    const auto dots = picture.line(y).subspan(30, picture.width() - 80);
    std::map<u32, usize> counts;
    for (const u32 dot : dots) ++counts[dot];
    const auto most =
        std::ranges::max_element(counts, {}, [](const auto& each) { return each.second; });
    if (most->second * 10 < dots.size() * share) return std::nullopt;
    return most->first;
}

bool is_dark(u32 colour) { return (colour >> 16) + (colour >> 8 & 0xff) + (colour & 0xff) < 0x180; }

/// White lines with one dark bar among them, and nothing else.
std::optional<ShownList> list_in(const devices::Frame& picture) {
    const auto is_white = [&](u32 y) { return colour_of(picture, y, 7) == white; };
    ShownList list;
    while (list.lines.first < picture.height() && !is_white(list.lines.first)) ++list.lines.first;
    u32 y = list.lines.first;
    while (y < picture.height() && is_white(y)) ++y;
    // The bar is rounded by a line at either end.
    list.selected.first = ++y;
    while (y < picture.height() && is_dark(colour_of(picture, y, 8).value_or(white))) ++y;
    list.selected.end = y++;
    while (y < picture.height() && is_white(y)) ++y;
    list.lines.end = y;
    const bool shown = list.selected.count() >= 15 && list.selected.count() <= 30 &&
                       list.lines.count() > picture.height() / 2 &&
                       list.lines.end < picture.height();
    return shown ? std::optional(list) : std::nullopt;
}

usize colours_in(const devices::Frame& picture, Lines lines) {
    std::set<u32> colours;
    for (u32 y = lines.first; y < lines.end; ++y) {
        const auto dots = picture.line(y);
        colours.insert(dots.begin(), dots.end());
    }
    return colours.size();
}

}  // namespace

TEST_CASE("Debian installer: graphical, from a CD", "[systems][installer][cd][slow]") {
    const std::string cd = test::system_file("installer.iso");
    if (cd.empty()) return;
    PcGuest pc(test::system_with_cd(1024, cd));
    Person person(pc);
    const auto sees_menu = [&] {
        const devices::Frame picture = person.picture();
        return picture.width() == 640 && colours_in(picture, {0, picture.height()}) > 1000;
    };
    REQUIRE(person.waits_until(sees_menu, 30));
    person.keeps_picture("installer-menu.png");
    person.types("<enter>");
    REQUIRE(person.waits_until([&] { return list_in(person.picture()).has_value(); }, 300));
    person.keeps_picture("installer-graphical.png");

    const devices::Frame picture = person.picture();
    CHECK(picture.width() == 800);
    CHECK(picture.height() == 600);
    const ShownList list = *list_in(picture);
    CHECK(colours_in(picture, {0, 70}) > 100);  // The banner.
    const std::optional<u32> page = colour_of(picture, list.lines.first - 10, 9);
    CHECK((page && *page != white && !is_dark(*page)));
    CHECK(colour_of(picture, picture.height() - 5, 9) == page);
    // The buttons.
    CHECK(colour_of(picture, picture.height() - 25, 10) != page);

    INFO("The next language is selected by a key, a row further down.");
    person.types("<down>");
    const auto moved = [&] {
        const auto now = list_in(person.picture());
        return now && now->selected.first >= list.selected.end &&
               now->selected.first <= list.selected.end + list.selected.count() / 2;
    };
    CHECK(person.waits_until(moved, 20));
    person.keeps_picture("installer-graphical-next.png");
}
