// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/host/user_network.hpp"

#include <arpa/inet.h>
#include <slirp/libslirp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "fabric/host/wall_clock.hpp"

namespace fabric {

namespace {

constexpr u64 ns_per_ms = 1'000'000;
constexpr u64 largest_frame = 65'535;

in_addr address(const char* text) {
    in_addr made{};
    VERIFY(inet_pton(AF_INET, text, &made) == 1);
    return made;
}

short events_of_poll(int events) {
    int made = 0;
    if ((events & SLIRP_POLL_IN) != 0) made |= POLLIN;
    if ((events & SLIRP_POLL_OUT) != 0) made |= POLLOUT;
    if ((events & SLIRP_POLL_PRI) != 0) made |= POLLPRI;
    if ((events & SLIRP_POLL_ERR) != 0) made |= POLLERR;
    if ((events & SLIRP_POLL_HUP) != 0) made |= POLLHUP;
    return static_cast<short>(made);
}

int events_of_slirp(short events) {
    int made = 0;
    if ((events & POLLIN) != 0) made |= SLIRP_POLL_IN;
    if ((events & POLLOUT) != 0) made |= SLIRP_POLL_OUT;
    if ((events & POLLPRI) != 0) made |= SLIRP_POLL_PRI;
    if ((events & POLLERR) != 0) made |= SLIRP_POLL_ERR;
    if ((events & POLLHUP) != 0) made |= SLIRP_POLL_HUP;
    return made;
}

std::string text_of(const UserNetwork::Forward& forward) {
    return std::string("hostfwd=") + (forward.udp ? "udp:" : "tcp:") + forward.host_address + ":" +
           std::to_string(forward.host_port) + "-" + forward.guest_address + ":" +
           std::to_string(forward.guest_port);
}

Result<in_addr> address_in(const UserNetwork::Forward& forward, const std::string& text) {
    in_addr made{};
    if (inet_pton(AF_INET, text.c_str(), &made) == 1) return made;
    return Error{text_of(forward) + ": '" + text + "' is no IPv4 address like 127.0.0.1"};
}

Result<> check_folder(const std::string& path) {
    struct stat found {};
    if (path.empty() || (::stat(path.c_str(), &found) == 0 && S_ISDIR(found.st_mode))) return {};
    return Error{"tftp=" + path + ": there is no such folder"};
}

}  // namespace

struct UserNetwork::Library {
    struct Timer {
        SlirpTimerCb fire;
        void* argument;
        u64 deadline_ns;
    };

    Slirp* slirp = nullptr;
    std::vector<std::unique_ptr<Timer>> timers;
    std::vector<pollfd> polls;  // Of the call at hand.

    static UserNetwork& network(void* opaque) { return *static_cast<UserNetwork*>(opaque); }

    static ssize_t send_packet(const void* bytes, size_t length, void* opaque) {
        const auto& to_guest = network(opaque).to_guest_;
        if (to_guest) to_guest({static_cast<const u8*>(bytes), length});
        return static_cast<ssize_t>(length);
    }
    static void guest_error(const char*, void*) {}  // The guest's mistakes are its own business.
    static int64_t clock_ns(void*) { return static_cast<int64_t>(host_steady_clock_ns()); }
    static void* timer_new(SlirpTimerCb fire, void* argument, void* opaque) {
        auto& timers = network(opaque).library_->timers;
        timers.push_back(std::make_unique<Timer>(Timer{fire, argument, ~u64{0}}));
        return timers.back().get();
    }
    static void timer_free(void* timer, void* opaque) {
        std::erase_if(network(opaque).library_->timers,
                      [timer](const auto& each) { return each.get() == timer; });
    }
    static void timer_mod(void* timer, int64_t milliseconds, void*) {
        static_cast<Timer*>(timer)->deadline_ns =
            static_cast<u64>(std::max<int64_t>(milliseconds, 0)) * ns_per_ms;
    }
    static void register_poll(int, void*) {}
    static void unregister_poll(int, void*) {}
    static void notify(void*) {}

    static int add_poll(int descriptor, int events, void* opaque) {
        auto& polls = *static_cast<std::vector<pollfd>*>(opaque);
        polls.push_back({.fd = descriptor, .events = events_of_poll(events), .revents = 0});
        return static_cast<int>(polls.size()) - 1;
    }
    static int get_events(int index, void* opaque) {
        const auto& polls = *static_cast<const std::vector<pollfd>*>(opaque);
        const auto place = static_cast<usize>(index);
        return place < polls.size() ? events_of_slirp(polls[place].revents) : 0;
    }

    void run_timers() {
        const u64 now = host_steady_clock_ns();
        // One that fires may make others, or set itself anew.
        for (usize i = 0; i < timers.size(); ++i) {
            Timer& timer = *timers[i];
            if (timer.deadline_ns > now) continue;
            timer.deadline_ns = ~u64{0};
            timer.fire(timer.argument);
        }
    }

    static constexpr SlirpCb callbacks{.send_packet = send_packet,
                                       .guest_error = guest_error,
                                       .clock_get_ns = clock_ns,
                                       .timer_new = timer_new,
                                       .timer_free = timer_free,
                                       .timer_mod = timer_mod,
                                       .register_poll_fd = register_poll,
                                       .unregister_poll_fd = unregister_poll,
                                       .notify = notify,
                                       .init_completed = nullptr,
                                       .timer_new_opaque = nullptr};
};

UserNetwork::UserNetwork() : library_(std::make_unique<Library>()) {}

UserNetwork::~UserNetwork() {
    if (library_->slirp) slirp_cleanup(library_->slirp);
}

Result<std::unique_ptr<UserNetwork>> UserNetwork::create(const Config& config) {
    TRY(check_folder(config.tftp_folder));
    SlirpConfig told{};
    told.version = 4;
    told.restricted = config.restricted ? 1 : 0;
    told.in_enabled = true;
    told.vnetwork = address("10.0.2.0");
    told.vnetmask = address("255.255.255.0");
    told.vhost = address("10.0.2.2");
    told.vdhcp_start = address("10.0.2.15");
    told.vnameserver = address("10.0.2.3");
    told.in6_enabled = config.ipv6;
    VERIFY(inet_pton(AF_INET6, "fec0::", &told.vprefix_addr6) == 1);
    told.vprefix_len = 64;
    VERIFY(inet_pton(AF_INET6, "fec0::2", &told.vhost6) == 1);
    VERIFY(inet_pton(AF_INET6, "fec0::3", &told.vnameserver6) == 1);
    if (!config.tftp_folder.empty()) told.tftp_path = config.tftp_folder.c_str();
    if (!config.boot_file.empty()) told.bootfile = config.boot_file.c_str();

    std::unique_ptr<UserNetwork> network(new UserNetwork);
    Slirp* const slirp = slirp_new(&told, &Library::callbacks, network.get());
    if (!slirp) return Error{"libslirp could not make a network"};
    network->library_->slirp = slirp;
    for (const Forward& forward : config.forwards) {
        const in_addr host = TRY(address_in(forward, forward.host_address));
        const in_addr guest = TRY(address_in(forward, forward.guest_address));
        if (slirp_add_hostfwd(slirp, forward.udp ? 1 : 0, host, forward.host_port, guest,
                              forward.guest_port) != 0) {
            const int why = errno;
            return Error{text_of(forward) + ": " +
                         (why == EADDRINUSE ? "port " + std::to_string(forward.host_port) +
                                                  " of the host is in use; choose another"
                                            : std::string("the host says: ") + std::strerror(why))};
        }
    }
    return network;
}

void UserNetwork::accept(std::span<const u8> frame) {
    if (frame.size() > largest_frame) return;
    slirp_input(library_->slirp, frame.data(), static_cast<int>(frame.size()));
}

void UserNetwork::add_waits(std::vector<pollfd>& descriptors, u64& wake_host_ns) const {
    const u64 now = host_steady_clock_ns();
    u32 longest_ms = ~u32{0};
    slirp_pollfds_fill(library_->slirp, &longest_ms, Library::add_poll, &descriptors);
    if (longest_ms != ~u32{0}) wake_host_ns = std::min(wake_host_ns, now + longest_ms * ns_per_ms);
    for (const auto& timer : library_->timers) {
        wake_host_ns = std::min(wake_host_ns, timer->deadline_ns);
    }
}

void UserNetwork::attend() {
    Library& library = *library_;
    library.polls.clear();
    u32 longest_ms = 0;
    slirp_pollfds_fill(library.slirp, &longest_ms, Library::add_poll, &library.polls);
    const int found = ::poll(library.polls.data(), library.polls.size(), 0);
    slirp_pollfds_poll(library.slirp, found < 0 ? 1 : 0, Library::get_events, &library.polls);
    library.run_timers();
}

}  // namespace fabric
