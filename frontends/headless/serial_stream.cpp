// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/headless/serial_stream.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "frontends/session/session.hpp"

// Last: it defines B0, which is a bit of DR6 to us.
#include <termios.h>

namespace frontends {

using fabric::Error;
using fabric::Result;

namespace {

constexpr usize most_waiting = usize{1} << 20;

std::string host_error() { return std::strerror(errno); }

/// Binds, listens, and takes ownership of the descriptor either way.
Result<int> listening_on(int descriptor, const sockaddr* address, socklen_t size,
                         const std::string& name, const std::string& advice) {
    if (descriptor >= 0 && bind(descriptor, address, size) == 0 && listen(descriptor, 1) == 0) {
        return descriptor;
    }
    const Error error{name + ": " + host_error() + "; " + advice};
    if (descriptor >= 0) close(descriptor);
    return error;
}

Result<int> listen_on_tcp(const SerialChoice& choice) {
    const std::string name = choice.address + ":" + std::to_string(choice.tcp_port);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(choice.tcp_port);
    if (inet_pton(AF_INET, choice.address.c_str(), &address.sin_addr) != 1) {
        return Error{name + ": '" + choice.address + "' is no address like 127.0.0.1"};
    }
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int yes = 1;
    setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    return listening_on(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address,
                        name, "choose another port");
}

Result<int> listen_on_unix(const SerialChoice& choice) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (choice.path.size() >= sizeof address.sun_path) {
        return Error{choice.path + ": a socket's path has at most " +
                     std::to_string(sizeof address.sun_path - 1) + " letters"};
    }
    std::memcpy(address.sun_path, choice.path.c_str(), choice.path.size() + 1);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    return listening_on(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof address,
                        choice.path, "remove it if no other machine uses it");
}

Result<int> open_pty(const std::string& port) {
    const int descriptor = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    termios settings{};
    const bool opened = descriptor >= 0 && grantpt(descriptor) == 0 && unlockpt(descriptor) == 0 &&
                        tcgetattr(descriptor, &settings) == 0;
    if (!opened) {
        const Error error{"pty: " + host_error()};
        if (descriptor >= 0) close(descriptor);
        return error;
    }
    cfmakeraw(&settings);
    tcsetattr(descriptor, TCSANOW, &settings);
    std::array<char, 128> name{};
    (void)ptsname_r(descriptor, name.data(), name.size());
    print_notice(port + " is at " + name.data());
    return descriptor;
}

}  // namespace

Result<std::unique_ptr<SerialStream>> SerialStream::open(const SerialChoice& choice,
                                                         const std::string& port) {
    using Kind = SerialChoice::Kind;
    const auto made = [](int listening, int stream, std::string path) {
        return std::unique_ptr<SerialStream>(new SerialStream(listening, stream, std::move(path)));
    };
    if (choice.kind == Kind::Pty) return made(-1, TRY(open_pty(port)), "");
    if (choice.kind == Kind::Tcp) return made(TRY(listen_on_tcp(choice)), -1, "");
    return made(TRY(listen_on_unix(choice)), -1, choice.path);
}

SerialStream::~SerialStream() {
    send_waiting();
    hang_up();
    if (listening_ >= 0) close(listening_);
    if (!socket_path_.empty()) unlink(socket_path_.c_str());
}

bool SerialStream::connected() const {
    if (listening_ >= 0) return stream_ >= 0;
    pollfd now{.fd = stream_, .events = 0, .revents = 0};
    return poll(&now, 1, 0) <= 0 || (now.revents & POLLHUP) == 0;
}

void SerialStream::accept(u8 byte) {
    if (stream_ >= 0 && waiting_.size() < most_waiting) waiting_.push_back(byte);
}

void SerialStream::attend(Session&) {
    if (stream_ < 0) take_connection();
    send_waiting();
    receive();
}

void SerialStream::await(Wakers& wakers) const {
    const int descriptor = stream_ < 0 ? listening_ : stream_;
    const bool room = stream_ < 0 || guest_has_room_();
    const int events = (room ? POLLIN : 0) | (waiting_.empty() ? 0 : POLLOUT);
    // A pty that nobody has open would end every sleep at once.
    if (listening_ < 0 && !connected()) return;
    wakers.descriptors.push_back(
        {.fd = descriptor, .events = static_cast<short>(events), .revents = 0});
}

void SerialStream::take_connection() {
    stream_ = accept4(listening_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
}

void SerialStream::send_waiting() {
    usize done = 0;
    while (done < waiting_.size()) {
        const ssize_t written = write(stream_, waiting_.data() + done, waiting_.size() - done);
        if (written <= 0) break;
        done += static_cast<usize>(written);
    }
    waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(done));
}

void SerialStream::receive() {
    if (stream_ < 0 || !guest_has_room_()) return;
    std::array<u8, 1024> bytes;
    const ssize_t count = read(stream_, bytes.data(), bytes.size());
    if (count > 0) guest_(std::span<const u8>(bytes).first(static_cast<usize>(count)));
    const bool would_block = count < 0 && (errno == EAGAIN || errno == EINTR);
    if (count <= 0 && !would_block && listening_ >= 0) hang_up();
}

void SerialStream::hang_up() {
    if (stream_ >= 0) close(stream_);
    stream_ = -1;
    waiting_.clear();
}

}  // namespace frontends
