// SPDX-License-Identifier: BSD-2-Clause
//
// GDB's remote serial protocol (GDB manual, appendix E) over a machine::Debugger: bytes come in,
// bytes go out, and whoever runs the machine asks wants_to_run() and tells of stops. It knows no
// socket. All-stop mode; threads are the processors, numbered from one.
//
// While it runs, all processors run, by their turns; a request to let only some of them go on lets
// all go on. Range stepping and non-stop mode are not offered, nor is going backwards.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <utility>

#include "frontends/gdb/packet.hpp"
#include "frontends/gdb/target_description.hpp"
#include "machine/run/debugger.hpp"

namespace frontends::gdb {

class Stub {
public:
    /// "monitor COMMAND": what there is to say about a processor.
    using Monitor = std::function<std::string(const std::string& command, u32 processor)>;
    /// What has become of the guest, in the end.
    enum class End : u8 { None, Detached, Killed };

    Stub(machine::Debugger& debugger, Architecture architecture, Monitor monitor);

    /// A new GDB is there; the machine is stopped.
    void begin();
    /// GDB is gone: nothing of it stays behind.
    void forget();

    void take(std::span<const u8> bytes);
    /// What is to be sent.
    std::string take_output() { return std::exchange(output_, {}); }

    bool wants_to_run() const { return running_; }
    End end() const { return end_; }

    /// The machine has stopped, as GDB wanted.
    void stopped(const machine::Debugger::Stop& stop);
    /// A triple fault: nothing runs any more, but all can be looked at.
    void shut_down();
    /// There is no guest any more.
    void exited(int status);

private:
    void send(std::string_view payload);
    void handle(const std::string& packet);
    void interrupted();

    // Each answers one request; what it does not know is answered by nothing, as the protocol
    // wants.
    void answer(char request, Scanner rest);
    void answer_query(const std::string& packet);
    void answer_v(Scanner rest);
    void answer_set(const std::string& packet);
    void describe_target(Scanner rest);
    void run_monitor(Scanner rest);
    void list_threads();
    void describe_thread(Scanner rest);

    void resume(Scanner rest, bool steps);
    void resume_by_actions(Scanner rest);
    void run(std::optional<u32> stepped);
    void send_stop(u8 signal, std::string_view reason);

    void select_thread(Scanner rest);
    void check_thread(Scanner rest);
    void read_registers();
    void write_registers(Scanner rest);
    void read_one_register(Scanner rest);
    void write_one_register(Scanner rest);
    fabric::Result<> set_register(const TargetDescription::Shown& shown, std::span<const u8> from);
    std::string register_bytes(const TargetDescription::Shown& shown) const;

    void read_memory(Scanner rest, bool binary);
    void write_memory(Scanner rest, bool binary);
    void change_breakpoint(Scanner rest, bool insert);
    bool change_code_breakpoint(u64 type, u64 address, bool insert);

    /// A thread's number as the protocol writes it, or nothing if there is none such. `any` stands
    /// for all threads or any.
    std::optional<u32> processor_of(Scanner& rest, u32 any) const;
    void answer_ok_or(const fabric::Result<>& outcome);
    std::string stop_reason(const machine::Debugger::Stop& stop) const;

    machine::Debugger& debugger_;
    TargetDescription description_;
    Monitor monitor_;
    PacketReader reader_;
    std::string output_;
    std::string last_sent_;

    bool acknowledges_ = true;
    bool knows_swbreak_ = false;
    bool knows_hwbreak_ = false;
    bool running_ = false;
    End end_ = End::None;
    u32 current_ = 0;    // The processor that has stopped.
    u32 for_state_ = 0;  // Hg: that registers and memory are of.
    std::string last_stop_ = "S05";
    std::set<std::pair<u64, u64>> code_breakpoints_;  // Of both kinds: type, address.
};

}  // namespace frontends::gdb
