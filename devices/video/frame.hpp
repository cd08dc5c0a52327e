// SPDX-License-Identifier: BSD-2-Clause
//
// A picture as a screen shows it, and which of its lines are new since the last look.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "fabric/support/int_types.hpp"

namespace devices {

/// Belongs to who looks: a window, a VNC client, a screenshot; each has its own.
class Frame {
public:
    u32 width() const { return width_; }
    u32 height() const { return height_; }
    /// 0x00RRGGBB, line after line.
    std::span<const u32> pixels() const { return pixels_; }
    std::span<const u32> line(u32 y) const {
        return std::span(pixels_).subspan(usize{y} * width_, width_);
    }

    /// Of the last render().
    bool line_changed(u32 y) const { return changed_[y] != 0; }
    bool anything_changed() const {
        return std::find(changed_.begin(), changed_.end(), 1) != changed_.end();
    }
    bool size_changed() const { return size_changed_; }

    // For the renderer.

    void begin(u32 width, u32 height) {
        size_changed_ = width != width_ || height != height_;
        if (size_changed_) {
            width_ = width;
            height_ = height;
            pixels_.assign(usize{width} * height, 0);
        }
        changed_.assign(height, size_changed_ ? u8{1} : u8{0});
    }
    std::span<u32> writable_line(u32 y) {
        changed_[y] = 1;
        return std::span(pixels_).subspan(usize{y} * width_, width_);
    }
    /// Takes a line over if it is another than the one that is there.
    void put_line(u32 y, std::span<const u32> pixels) {
        if (!std::equal(pixels.begin(), pixels.end(), line(y).begin(), line(y).end())) {
            std::copy(pixels.begin(), pixels.end(), writable_line(y).begin());
        }
    }

    /// What the picture was made from, so that nothing is made twice.
    struct MadeFrom {
        u64 look = 0;       // VideoMemory's count.
        u64 registers = 0;  // Vga's count of changes.
        u64 phases = 0;     // Of what blinks.
    };
    MadeFrom made_from;

private:
    u32 width_ = 0;
    u32 height_ = 0;
    std::vector<u32> pixels_;
    std::vector<u8> changed_;
    bool size_changed_ = false;
};

}  // namespace devices
