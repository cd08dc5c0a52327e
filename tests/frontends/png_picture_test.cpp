// SPDX-License-Identifier: BSD-2-Clause
#include <catch2/catch.hpp>

#include <png.h>

#include "fabric/host/file.hpp"
#include "frontends/screen/png_picture.hpp"
#include "tests/support/temporary_folder.hpp"

namespace {

devices::Frame some_picture(u32 width, u32 height) {
    devices::Frame picture;
    picture.begin(width, height);
    for (u32 y = 0; y < height; ++y) {
        for (u32 x = 0; x < width; ++x) picture.writable_line(y)[x] = (x * 7) << 16 | y << 8 | x;
    }
    return picture;
}

}  // namespace

TEST_CASE("PNG: holds the dots of the screen", "[frontends][screenshot]") {
    const test::TemporaryFolder folder;
    const auto [width, height] = GENERATE(std::pair{1u, 1u}, std::pair{31u, 7u});
    const devices::Frame picture = some_picture(width, height);
    frontends::write_png(folder.file("a.png"), picture).value();

    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    REQUIRE(png_image_begin_read_from_file(&image, folder.file("a.png").c_str()));
    CHECK(image.width == width);
    CHECK(image.height == height);
    CHECK(image.format == PNG_FORMAT_RGB);
    std::vector<u8> bytes(PNG_IMAGE_SIZE(image));
    REQUIRE(png_image_finish_read(&image, nullptr, bytes.data(), 0, nullptr));
    for (usize i = 0; i < picture.pixels().size(); ++i) {
        const u32 read = u32{bytes[3 * i]} << 16 | u32{bytes[3 * i + 1]} << 8 | bytes[3 * i + 2];
        REQUIRE(read == picture.pixels()[i]);
    }

    frontends::write_png(folder.file("b.png"), picture).value();
    CHECK(fabric::read_whole_file(folder.file("a.png"), 1 << 20).value() ==
          fabric::read_whole_file(folder.file("b.png"), 1 << 20).value());
}

TEST_CASE("PNG: where no file can be, it says so", "[frontends][screenshot]") {
    const test::TemporaryFolder folder;
    const auto written = frontends::write_png(folder.file("no/such.png"), some_picture(2, 2));
    REQUIRE_FALSE(written);
    CHECK(written.error().message.find("such.png") != std::string::npos);
}
