// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/screen/png_picture.hpp"

#include <png.h>

#include <vector>

#include "fabric/host/file.hpp"

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

std::vector<u8> rgb_of(const devices::Frame& picture) {
    std::vector<u8> bytes;
    bytes.reserve(picture.pixels().size() * 3);
    for (const u32 pixel : picture.pixels()) {
        bytes.push_back(static_cast<u8>(pixel >> 16));
        bytes.push_back(static_cast<u8>(pixel >> 8));
        bytes.push_back(static_cast<u8>(pixel));
    }
    return bytes;
}

}  // namespace

Result<> write_png(const std::string& path, const devices::Frame& picture) {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = picture.width();
    image.height = picture.height();
    image.format = PNG_FORMAT_RGB;
    image.flags = PNG_IMAGE_FLAG_FAST;  // The guest waits.
    const std::vector<u8> rgb = rgb_of(picture);
    std::vector<u8> png(PNG_IMAGE_PNG_SIZE_MAX(image));
    png_alloc_size_t size = png.size();
    if (!png_image_write_to_memory(&image, png.data(), &size, 0, rgb.data(), 0, nullptr)) {
        return Error{path + ": no PNG can be made of this picture: " + image.message};
    }
    png.resize(size);
    auto file = TRY(fabric::FileReplacement::begin(path));
    TRY(file.append(png));
    return file.commit();
}

}  // namespace frontends
