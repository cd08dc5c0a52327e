// SPDX-License-Identifier: BSD-2-Clause
//
// The one-register console of Bochs ("port E9 hack") and QEMU (isa-debugcon): each byte written
// comes out at once, and a read gives E9, by which a guest knows that it is there.
#pragma once

#include "fabric/bus/device.hpp"
#include "fabric/host/byte_sink.hpp"

namespace devices {

class DebugConsole final : public fabric::Device, public fabric::IoHandler {
public:
    explicit DebugConsole(fabric::ByteSink& out) : out_(out) {}

    std::string_view name() const override { return "debug-console"; }
    void reset(fabric::ResetKind) override {}
    void save(fabric::StateWriter& out) const override { out.write(State{}); }
    fabric::Result<> restore(fabric::StateReader& in) override {
        State nothing;
        return in.read(nothing);
    }

    u64 read(u64, u32) override { return 0xe9; }
    void write(u64, u32, u64 value) override { out_.accept(static_cast<u8>(value)); }

private:
    struct State {
        bool operator==(const State&) const = default;
        template <class Self, class Visit>
        static constexpr void fields(Self&, Visit&) {}
    };

    fabric::ByteSink& out_;
};

}  // namespace devices
