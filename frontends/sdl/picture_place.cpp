// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/sdl/picture_place.hpp"

#include <algorithm>

namespace frontends {

namespace {

constexpr i32 smallest_width = 512;

PictureSize free_size(PictureSize picture, PictureSize window) {
    const i64 by_width = i64{window.width} * picture.height;
    const i64 by_height = i64{window.height} * picture.width;
    if (by_width <= by_height) {
        return {window.width, std::max(static_cast<i32>(by_width / picture.width), 1)};
    }
    return {std::max(static_cast<i32>(by_height / picture.height), 1), window.height};
}

}  // namespace

PicturePlace place_of(PictureSize picture, PictureSize window, Scaling scaling) {
    const i32 times = std::min(window.width / picture.width, window.height / picture.height);
    const bool whole = scaling == Scaling::Whole && times > 0;
    const PictureSize size = whole ? PictureSize{picture.width * times, picture.height * times}
                                   : free_size(picture, window);
    return {(window.width - size.width) / 2, (window.height - size.height) / 2, size};
}

PictureSize fitting_window(PictureSize picture) {
    const i32 times = (smallest_width + picture.width - 1) / picture.width;
    return {picture.width * times, picture.height * times};
}

}  // namespace frontends
