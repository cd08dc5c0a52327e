// SPDX-License-Identifier: BSD-2-Clause
#include "frontends/gdb/connection.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace frontends::gdb {

using fabric::Error;
using fabric::Result;

namespace {

constexpr int send_patience_ms = 5000;

Error cannot_listen(u16 port, int reason) {
    const std::string name = "port " + std::to_string(port);
    if (reason == EADDRINUSE) return Error{name + " is in use; choose another"};
    if (reason == EACCES) return Error{name + " is for the superuser; choose one from 1024 on"};
    return Error{name + ": " + std::strerror(reason)};
}

}  // namespace

Result<std::unique_ptr<Connection>> Connection::listen(u16 port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (listener < 0) return cannot_listen(port, errno);
    std::unique_ptr<Connection> connection(new Connection(listener, port));
    const int on = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof(address);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, generic, length) != 0 || ::listen(listener, 1) != 0 ||
        getsockname(listener, generic, &length) != 0) {
        return cannot_listen(port, errno);
    }
    connection->port_ = ntohs(address.sin_port);
    return connection;
}

Connection::~Connection() {
    drop_client();
    close(listener_);
}

void Connection::drop_client() {
    if (client_ >= 0) close(client_);
    client_ = -1;
}

bool Connection::accept_client() {
    if (connected()) return false;
    client_ = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client_ < 0) return false;
    const int on = 1;
    setsockopt(client_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return true;
}

std::vector<u8> Connection::receive() {
    std::vector<u8> received;
    std::array<u8, 16 * 1024> piece;
    while (connected()) {
        const ssize_t count = recv(client_, piece.data(), piece.size(), 0);
        if (count < 0 && errno == EINTR) continue;
        if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
        if (count <= 0) {
            drop_client();
            break;
        }
        received.insert(received.end(), piece.begin(), piece.begin() + count);
    }
    return received;
}

void Connection::send(const std::string& bytes) {
    for (usize done = 0; connected() && done < bytes.size();) {
        const ssize_t count =
            ::send(client_, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
        if (count >= 0) {
            done += static_cast<usize>(count);
            continue;
        }
        pollfd waiting{.fd = client_, .events = POLLOUT, .revents = 0};
        const bool full = errno == EAGAIN || errno == EWOULDBLOCK;
        if (errno == EINTR || (full && poll(&waiting, 1, send_patience_ms) > 0)) continue;
        drop_client();
    }
}

}  // namespace frontends::gdb
