// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include "frontends/sdl/picture_place.hpp"

using frontends::PicturePlace;
using frontends::PictureSize;
using frontends::Scaling;

TEST_CASE("Window: a picture is as large as fits, in the middle, and keeps its shape",
          "[frontends][window]") {
    const PictureSize picture{640, 480};
    CHECK(place_of(picture, {640, 480}, Scaling::Free) == PicturePlace{0, 0, {640, 480}});
    CHECK(place_of(picture, {1920, 1080}, Scaling::Free) == PicturePlace{240, 0, {1440, 1080}});
    CHECK(place_of(picture, {800, 2000}, Scaling::Free) == PicturePlace{0, 700, {800, 600}});
    CHECK(place_of(picture, {320, 480}, Scaling::Free) == PicturePlace{0, 120, {320, 240}});
    CHECK(place_of({1, 1000}, {10, 10}, Scaling::Free).size == PictureSize{1, 10});
}

TEST_CASE("Window: whole dots", "[frontends][window]") {
    const PictureSize picture{640, 400};
    CHECK(place_of(picture, {1920, 1080}, Scaling::Whole) == PicturePlace{320, 140, {1280, 800}});
    CHECK(place_of(picture, {641, 401}, Scaling::Whole) == PicturePlace{0, 0, {640, 400}});
    // Where not even one to one fits, the whole picture counts for more.
    CHECK(place_of(picture, {320, 400}, Scaling::Whole) == PicturePlace{0, 100, {320, 200}});
}

TEST_CASE("Window: small pictures are given a window that can be read", "[frontends][window]") {
    CHECK(frontends::fitting_window({720, 400}) == PictureSize{720, 400});
    CHECK(frontends::fitting_window({320, 200}) == PictureSize{640, 400});
    CHECK(frontends::fitting_window({160, 100}) == PictureSize{640, 400});
}
