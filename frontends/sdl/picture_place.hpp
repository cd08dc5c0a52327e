// SPDX-License-Identifier: BSD-2-Clause
//
// Where in a window a picture goes: in the middle, as large as it may be, its dots square.
#pragma once

#include "fabric/support/int_types.hpp"

namespace frontends {

enum class Scaling : u8 {
    Free,   // As large as fits.
    Whole,  // Each dot is n by n dots, as large as fits; one that does not fit at all is made
            // smaller.
};

struct PictureSize {
    i32 width = 0;
    i32 height = 0;
    bool operator==(const PictureSize&) const = default;
};

struct PicturePlace {
    i32 x = 0;
    i32 y = 0;
    PictureSize size;
    bool operator==(const PicturePlace&) const = default;
};

/// Neither is empty.
PicturePlace place_of(PictureSize picture, PictureSize window, Scaling scaling);

/// How large a window a picture is given at first: whole dots, none that one has to search for.
PictureSize fitting_window(PictureSize picture);

}  // namespace frontends
