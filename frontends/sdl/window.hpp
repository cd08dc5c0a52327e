// SPDX-License-Identifier: BSD-2-Clause
//
// A window of the host's with a picture in it, by SDL. Only what has changed of a picture goes to
// the host, and nothing where nothing has.
#pragma once

#include <memory>
#include <string>

#include "fabric/support/result.hpp"
#include "frontends/sdl/picture_place.hpp"
#include "machine/board/pc.hpp"

struct SDL_Window;
struct SDL_Renderer;
struct SDL_Texture;

namespace frontends {

class Window {
public:
    /// Whether the host says that there is a display: what a window is opened on unasked.
    static bool display_seems_available();

    static fabric::Result<std::unique_ptr<Window>> open(const std::string& title);
    ~Window();
    Window(const Window&) = delete;
    Window& operator=(const Window&) = delete;

    /// Shows what is new of the picture.
    void show(const devices::Frame& picture);
    /// The host has lost what it showed.
    void show_again();

    void set_title(const std::string& title);
    void set_full_screen(bool full);
    bool full_screen() const { return full_screen_; }
    void set_scaling(Scaling scaling);
    Scaling scaling() const { return scaling_; }
    /// As large as the picture, until the user makes it otherwise.
    void fit();
    /// The user has: from now on the window stays as it is.
    void note_resized_by_user() { fits_ = false; }

    /// Movement is told as such, without the edges of the screen, and the host's own shortcuts go
    /// to the window.
    void grab(bool grabbed);
    bool grabbed() const { return grabbed_; }

private:
    Window() = default;

    void take_size(const devices::Frame& picture);
    void update_lines(const devices::Frame& picture);
    void present();

    SDL_Window* window_ = nullptr;
    SDL_Renderer* renderer_ = nullptr;
    SDL_Texture* texture_ = nullptr;
    PictureSize picture_;
    Scaling scaling_ = Scaling::Free;
    bool full_screen_ = false;
    bool grabbed_ = false;
    bool fits_ = true;
};

}  // namespace frontends
