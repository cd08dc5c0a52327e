// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/sdl/window.hpp"

#include <SDL.h>

#include <algorithm>
#include <cstdlib>

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

constexpr PictureSize first_size{720, 400};  // Text, as a PC starts.

bool is_set(const char* variable) {
    const char* const value = std::getenv(variable);
    return value && *value != '\0';
}

Error sdl_says(const std::string& what) { return {what + ": " + SDL_GetError()}; }

}  // namespace

bool Window::display_seems_available() { return is_set("DISPLAY") || is_set("WAYLAND_DISPLAY"); }

Result<std::unique_ptr<Window>> Window::open(const std::string& title) {
    SDL_SetMainReady();
    // SIGINT and SIGTERM are the session's.
    SDL_SetHint(SDL_HINT_NO_SIGNAL_HANDLERS, "1");
    SDL_SetHint(SDL_HINT_VIDEO_ALLOW_SCREENSAVER, "1");
    std::unique_ptr<Window> window(new Window);
    if (SDL_InitSubSystem(SDL_INIT_VIDEO) != 0) return sdl_says("there is no display");
    window->window_ =
        SDL_CreateWindow(title.c_str(), SDL_WINDOWPOS_UNDEFINED, SDL_WINDOWPOS_UNDEFINED,
                         first_size.width, first_size.height, SDL_WINDOW_RESIZABLE);
    if (!window->window_) return sdl_says("no window can be opened");
    window->renderer_ = SDL_CreateRenderer(window->window_, -1, 0);
    if (!window->renderer_) return sdl_says("nothing can be drawn in a window");
    return window;
}

Window::~Window() {
    if (texture_) SDL_DestroyTexture(texture_);
    if (renderer_) SDL_DestroyRenderer(renderer_);
    if (window_) SDL_DestroyWindow(window_);
    if (SDL_WasInit(SDL_INIT_VIDEO)) SDL_QuitSubSystem(SDL_INIT_VIDEO);
}

void Window::show(const devices::Frame& picture) {
    if (picture.width() == 0 || picture.height() == 0) return;
    take_size(picture);
    if (!texture_ || !picture.anything_changed()) return;
    update_lines(picture);
    present();
}

/// A host that makes no such texture shows nothing of this picture, and may of the next.
void Window::take_size(const devices::Frame& picture) {
    const PictureSize size{static_cast<i32>(picture.width()), static_cast<i32>(picture.height())};
    if (size == picture_ && texture_) return;
    picture_ = size;
    if (texture_) SDL_DestroyTexture(texture_);
    texture_ = SDL_CreateTexture(renderer_, SDL_PIXELFORMAT_XRGB8888, SDL_TEXTUREACCESS_STREAMING,
                                 size.width, size.height);
    if (fits_) fit();
}

/// Changed lines that lie together go together.
void Window::update_lines(const devices::Frame& picture) {
    const int pitch = static_cast<int>(picture.width() * sizeof(u32));
    for (u32 y = 0; y < picture.height();) {
        if (!picture.line_changed(y)) {
            ++y;
            continue;
        }
        const u32 first = y;
        while (y < picture.height() && picture.line_changed(y)) ++y;
        const SDL_Rect lines{0, static_cast<int>(first), static_cast<int>(picture.width()),
                             static_cast<int>(y - first)};
        SDL_UpdateTexture(texture_, &lines, picture.line(first).data(), pitch);
    }
}

void Window::present() {
    PictureSize output;
    if (SDL_GetRendererOutputSize(renderer_, &output.width, &output.height) != 0) return;
    if (output.width <= 0 || output.height <= 0) return;
    const PicturePlace place = place_of(picture_, output, scaling_);
    const bool whole = place.size.width % picture_.width == 0;
    SDL_SetTextureScaleMode(texture_, whole ? SDL_ScaleModeNearest : SDL_ScaleModeLinear);
    const SDL_Rect into{place.x, place.y, place.size.width, place.size.height};
    SDL_SetRenderDrawColor(renderer_, 0, 0, 0, 0xff);
    SDL_RenderClear(renderer_);
    SDL_RenderCopy(renderer_, texture_, nullptr, &into);
    SDL_RenderPresent(renderer_);
}

void Window::show_again() {
    if (texture_) present();
}

void Window::set_title(const std::string& title) { SDL_SetWindowTitle(window_, title.c_str()); }

void Window::set_full_screen(bool full) {
    full_screen_ = full;
    SDL_SetWindowFullscreen(window_, full ? SDL_WINDOW_FULLSCREEN_DESKTOP : 0);
    show_again();
}

void Window::set_scaling(Scaling scaling) {
    scaling_ = scaling;
    show_again();
}

void Window::fit() {
    fits_ = true;
    if (full_screen_ || picture_.width == 0) return;
    PictureSize wanted = fitting_window(picture_);
    SDL_Rect usable{};
    const int display = std::max(SDL_GetWindowDisplayIndex(window_), 0);
    if (SDL_GetDisplayUsableBounds(display, &usable) == 0 && usable.w > 0 && usable.h > 0) {
        if (wanted.width > usable.w || wanted.height > usable.h) {
            wanted = place_of(picture_, {usable.w, usable.h}, Scaling::Free).size;
        }
    }
    SDL_SetWindowSize(window_, wanted.width, wanted.height);
}

void Window::grab(bool grabbed) {
    grabbed_ = grabbed;
    SDL_SetRelativeMouseMode(grabbed ? SDL_TRUE : SDL_FALSE);
    SDL_SetWindowKeyboardGrab(window_, grabbed ? SDL_TRUE : SDL_FALSE);
}

}  // namespace frontends
