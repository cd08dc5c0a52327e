// SPDX-License-Identifier: BSD-2-Clause
//
// PS/2 keyboard (IBM PS/2 Hardware Interface Technical Reference, "Keyboards (101- and 102-Key)"):
// scan code sets 1 to 3, all commands, a buffer of 16 codes, typematic repetition in virtual time.
//
// The host's keys are USB HID usages; whoever repeats them while they are held is ignored, for the
// keyboard itself repeats. Not modelled: the shift codes that a real one puts around the cursor
// keys when Shift is down or Num Lock is on, which drivers skip. Deviation: the self-test is short.
#pragma once

#include <array>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "devices/input/ps2_device.hpp"
#include "devices/input/scan_codes.hpp"
#include "fabric/bus/device.hpp"
#include "fabric/support/fifo.hpp"
#include "fabric/time/event_queue.hpp"

namespace devices {

class Ps2Keyboard final : public fabric::Device, public Ps2Device {
public:
    static constexpr usize buffer_codes = 16;

    struct Config {
        std::string name = "keyboard";
        u64 self_test_ns = 2'000'000;
    };

    struct Wiring {
        fabric::EventQueue& events;
        std::function<void()> data_ready;
    };

    struct State {
        fabric::Fifo<u8, 8> responses;
        fabric::Fifo<u8, buffer_codes + 1> codes;  // And the one that says that there were more.
        u8 last_sent = 0;
        u8 command = 0;  // Which waits for its parameter.
        u8 scan_set = 2;
        u8 leds = 0;  // Bits: scroll, num, caps.
        u8 typematic = default_typematic;
        bool scanning = true;
        bool testing = false;
        std::array<u8, 32> pressed{};  // Bits, by usage: keys that the guest knows to be down.
        u8 repeating = 0;              // A usage; 0 for none.
        std::array<scan_codes::KeyType, 256> key_types = default_key_types();  // By code of set 3.

        bool operator==(const State&) const = default;

        template <class Self, class Visit>
        static constexpr void fields(Self& state, Visit& visit) {
            visit(1, "responses", state.responses);
            visit(2, "codes", state.codes);
            visit(3, "last_sent", state.last_sent);
            visit(4, "command", state.command);
            visit(5, "scan_set", state.scan_set);
            visit(6, "leds", state.leds);
            visit(7, "typematic", state.typematic);
            visit(8, "scanning", state.scanning);
            visit(9, "testing", state.testing);
            visit(10, "pressed", state.pressed);
            visit(11, "repeating", state.repeating);
            visit(12, "key_types", state.key_types);
        }
    };

    Ps2Keyboard(Config config, Wiring wiring);

    std::string_view name() const override { return config_.name; }
    void reset(fabric::ResetKind kind) override;
    void save(fabric::StateWriter& out) const override { out.write(state_); }
    fabric::Result<> restore(fabric::StateReader& in) override { return in.read(state_); }

    void receive(u8 byte) override;
    bool has_byte() const override;
    u8 take_byte() override;

    /// From the input journal: pairs of a HID usage (page 7) and 1 for down, 0 for up.
    void keys(std::span<const u8> events);

    const State& state() const { return state_; }

private:
    static constexpr u8 default_typematic = 0x2b;  // 10.9 a second after half a second.
    static std::array<scan_codes::KeyType, 256> default_key_types();

    void begin_command(u8 byte);
    void take_parameter(u8 command, u8 byte);
    void respond(u8 byte);
    void restore_defaults();
    void set_all_keys(scan_codes::KeyType type);
    void begin_self_test();
    void self_test_done();

    void press(const scan_codes::Key& key);
    void release(const scan_codes::Key& key);
    void repeat();
    bool is_pressed(u8 usage) const;
    void mark(u8 usage, bool down);
    scan_codes::KeyType type_of(const scan_codes::Key& key) const;
    std::vector<u8> make_codes(const scan_codes::Key& key) const;
    std::vector<u8> break_codes(const scan_codes::Key& key) const;
    std::vector<u8> in_chosen_set(std::vector<u8> set2) const;
    void buffer(const std::vector<u8>& codes);
    void tell();

    Config config_;
    Wiring wiring_;
    State state_;
    fabric::Timer typematic_;
    fabric::Timer self_test_;
};

}  // namespace devices
