// SPDX-License-Identifier: BSD-2-Clause
#include "tests/systems/person.hpp"

#include <filesystem>

#include "frontends/screen/key_script.hpp"
#include "frontends/screen/png_picture.hpp"

namespace test {

using namespace devices::vga;
using fabric::VmTime;

namespace {

constexpr u64 second = 1'000'000'000;
constexpr u64 between_looks = second / 10;

u32 word_of(const devices::VgaState& state, usize high) {
    return u32{state.crtc[high]} << 8 | state.crtc[high + 1];
}

bool shows_text(const devices::VgaState& state) {
    return !devices::linear_mode_on(state) && state.crtc[crtc::HorizontalTotal] != 0 &&
           (state.graphics[graphics::Miscellaneous] & graphics::GraphicsMode) == 0;
}

}  // namespace

std::vector<std::string> text_on(devices::Vga& display) {
    const devices::VgaState& state = display.state();
    std::vector<std::string> rows;
    if (!shows_text(state)) return rows;
    const u32 columns = state.crtc[crtc::HorizontalDisplayEnd] + 1u;
    const u32 row_lines = (state.crtc[crtc::MaximumScanLine] & 0x1fu) + 1;
    devices::Frame frame;
    display.render(frame);
    u32 first = word_of(state, crtc::StartAddressHigh);
    for (u32 row = 0; row < frame.height() / row_lines; ++row) {
        std::string text;
        for (u32 column = 0; column < columns; ++column) {
            // Of the two bytes at an address, the character is in plane 0.
            const u32 address = (first + column) * 2 & 0xffff;
            const char c = static_cast<char>(display.memory().read_dword(u64{4} * address));
            text.push_back(c >= ' ' && c < 0x7f ? c : ' ');
        }
        rows.push_back(text);
        first += u32{2} * state.crtc[crtc::Offset];
    }
    return rows;
}

bool Person::sees(const std::string& text) const {
    for (const std::string& row : text_on(pc_.board().display())) {
        if (row.find(text) != std::string::npos) return true;
    }
    return false;
}

std::string Person::screen() const {
    std::string all;
    for (const std::string& row : text_on(pc_.board().display())) all += row + "\n";
    return all;
}

devices::Frame Person::picture() const {
    devices::Frame frame;
    pc_.board().display().render(frame);
    return frame;
}

bool Person::runs_for(u64 ns) {
    const VmTime until{pc_.machine->now().time.ns + ns};
    outcome_ = pc_.machine->run_until(~u64{0}, until);
    return outcome_ == machine::RunOutcome::LimitReached;
}

bool Person::waits_until(const std::function<bool()>& happened, u64 seconds) {
    const u64 latest = pc_.machine->now().time.ns + seconds * second;
    while (!happened()) {
        if (pc_.machine->now().time.ns >= latest || !runs_for(between_looks)) return happened();
    }
    return true;
}

bool Person::waits_for(const std::string& text, u64 seconds) {
    return waits_until([&] { return sees(text); }, seconds);
}

bool Person::waits_for_serial(const std::string& text, u64 seconds) {
    return waits_until([&] { return pc_.serial.text.find(text) != std::string::npos; }, seconds);
}

void Person::types(const std::string& text) {
    const auto steps = frontends::parse_keys(text).value();
    for (const frontends::KeyStep& step : steps) {
        if (!step.events.empty()) {
            pc_.machine->journal().post(pc_.board().keyboard_input(), step.events);
        }
        (void)runs_for(step.then.ns);
    }
}

void Person::keeps_picture(const std::string& name) const {
    std::filesystem::create_directories(SYSTEMS_PICTURES);
    frontends::write_png(SYSTEMS_PICTURES "/" + name, picture()).value();
}

}  // namespace test
