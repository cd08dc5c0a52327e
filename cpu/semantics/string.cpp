// SPDX-License-Identifier: BSD-2-Clause
//
// String instructions (SDM 1 7.3.9). Repeated ones run in chunks that lie within one page of source
// and target, and one element at a time where that cannot be: across a page boundary, where an
// address wraps, with MMIO and other memory that must be told, where a page is not in the TLB, and
// for whatever faults. Registers are right after each chunk, and chunks do nothing that their
// elements would not have done one after the other.
//
// Between any two iterations the instruction may be left, to be fetched again and go on. So that it
// makes no difference whether it is, it must be wherever fetching it again could give something
// else: when a store has changed its bytes, or a translation has. Both raise attention.
#include "cpu/arch/paging.hpp"
#include "cpu/semantics/integer.hpp"
#include "cpu/semantics/io.hpp"
#include "cpu/semantics/semantics.hpp"
#include "cpu/semantics/shapes.hpp"
#include "cpu/semantics/string_cost.hpp"
#include "cpu/semantics/string_memory.hpp"
#include "fabric/support/verify.hpp"

namespace cpu::semantics {

namespace {

constexpr u8 rax = static_cast<u8>(Gpr::Rax);
constexpr u8 rcx = static_cast<u8>(Gpr::Rcx);

struct Indexes {
    bool source;  // rSI moves,
    bool target;  // rDI moves.
    /// Undocumented: repeated MOVS and STOS with 32-bit addresses in 64-bit code clear the upper
    /// halves of their index registers before anything else, the others only by moving them. (Seen
    /// on Emerald Rapids, as that all of them do so to RCX.)
    bool cut_first = false;
    /// The right to a port is asked for before that happens to RCX too.
    bool asks_for_port = false;
};

/// Refused: the port; nothing at all has happened.
enum class Outcome : u8 { Done, ConditionMet, Fault, Refused };

/// What became of a chunk. The elements are those that have happened; with ConditionMet the last of
/// them is the one that ends the instruction.
struct Progress {
    u64 elements;
    Outcome outcome;
};
constexpr Progress fault{0, Outcome::Fault};
constexpr Progress refused{0, Outcome::Refused};
constexpr Progress one_done{1, Outcome::Done};

Direction direction_of(const Vcpu& vcpu) {
    return (vcpu.state.other_flags & rflags::DF) != 0 ? Direction::Down : Direction::Up;
}

u64 address_mask(const Instruction& instruction) {
    switch (instruction.address_size) {
        case 2: return 0xffff;
        case 4: return 0xffff'ffff;
        default: return ~u64{0};
    }
}

void write_address_register(CpuState& state, const Instruction& instruction, u8 number, u64 value) {
    switch (instruction.address_size) {
        case 2: write_gpr<u16>(state, number, false, static_cast<u16>(value)); break;
        case 4: write_gpr<u32>(state, number, false, static_cast<u32>(value)); break;
        default: state.gpr[number] = value; break;
    }
}

void advance(Vcpu& vcpu, const Instruction& instruction, Indexes indexes, u64 bytes) {
    CpuState& state = vcpu.state;
    const u64 distance = direction_of(vcpu) == Direction::Up ? bytes : u64{0} - bytes;
    const auto move = [&](Gpr which) {
        const auto number = static_cast<u8>(which);
        write_address_register(state, instruction, number, state.gpr[number] + distance);
    };
    if (indexes.source) move(Gpr::Rsi);
    if (indexes.target) move(Gpr::Rdi);
}

/// Whether something waits that is looked at between two iterations.
bool interrupted(const Vcpu& vcpu) {
    return vcpu.attention != 0 || vcpu.state.events.debug_traps != 0 ||
           (vcpu.state.other_flags & rflags::TF) != 0;
}

/// The repetition. `chunk(limit)` does up to `limit` elements (at least one) from where the index
/// registers point, and leaves moving those to us.
template <class Chunk>
Step repeat(Vcpu& vcpu, const Instruction& instruction, Indexes indexes, u32 size, Chunk chunk) {
    CpuState& state = vcpu.state;
    const StringCost cost(size);
    // Flags are those of the last comparison only once the instruction is complete.
    const u16 status = state.status;
    u64 left = state.gpr[rcx] & address_mask(instruction);
    if (instruction.address_size == 4 && (left == 0 || !indexes.asks_for_port)) {
        write_address_register(state, instruction, rcx, left);
        if (indexes.cut_first) advance(vcpu, instruction, indexes, 0);
    }
    while (left != 0) {
        const u64 limit = interrupted(vcpu) ? 1 : cost.affordable(left, vcpu.budget);
        const Progress progress = chunk(limit);
        if (progress.outcome == Outcome::Refused) {
            state.status = status;
            return Step::Fault;
        }
        const bool failed = progress.outcome == Outcome::Fault;
        const bool ends = progress.outcome == Outcome::ConditionMet;
        // The last element is paid for by the instruction's completion.
        i64 price = cost.of(left, progress.elements - (ends ? 1 : 0));
        left -= progress.elements;
        if (left == 0 && !ends) --price;
        state.retired += static_cast<u64>(price);
        vcpu.budget -= price;
        if (progress.elements != 0) {
            advance(vcpu, instruction, indexes, progress.elements * size);
        }
        write_address_register(state, instruction, rcx, left);
        if (ends || left == 0) break;
        if (failed || vcpu.budget <= 0 || interrupted(vcpu)) {
            state.status = status;
            return failed ? Step::Fault : Step::Repeat;
        }
    }
    return Step::Next;
}

template <class Chunk>
Step run(Vcpu& vcpu, const Instruction& instruction, Indexes indexes, u32 size, Chunk chunk) {
    if (instruction.rep != RepPrefix::None) {
        return repeat(vcpu, instruction, indexes, size, chunk);
    }
    const Progress progress = chunk(1);
    if (progress.elements == 0) return Step::Fault;
    advance(vcpu, instruction, indexes, size);
    return Step::Next;
}

/// One of the two strings: where its next element is.
struct Place {
    SegReg segment;
    u64 offset;
};

Place source_of(const Vcpu& vcpu, const Instruction& instruction) {
    return {instruction.segment, vcpu.state.reg(Gpr::Rsi) & address_mask(instruction)};
}

Place target_of(const Vcpu& vcpu, const Instruction& instruction) {
    return {SegReg::Es, vcpu.state.reg(Gpr::Rdi) & address_mask(instruction)};
}

/// How many of the next elements lie in one page, without the address wrapping. May raise an
/// exception that is nobody's concern: the single element will raise it again.
template <class T>
u64 elements_in_page(Vcpu& vcpu, const Instruction& instruction, Place place, Access access) {
    const u64 mask = address_mask(instruction);
    if (mask - place.offset < sizeof(T) - 1) return 0;
    const auto linear = linear_address(vcpu, place.segment, place.offset, sizeof(T), access);
    if (!linear) return 0;
    const u64 in_page = *linear & page_mask;
    if (in_page > page_size - sizeof(T)) return 0;
    if (direction_of(vcpu) == Direction::Up) {
        return std::min((mask - place.offset - (sizeof(T) - 1)) / sizeof(T) + 1,
                        (page_size - in_page) / sizeof(T));
    }
    return std::min(place.offset / sizeof(T) + 1, in_page / sizeof(T) + 1);
}

/// The bytes of `count` elements, lowest first; null if they are not to be had as plain memory, or
/// only through a walk of the page tables, which is due when the first element is accessed.
template <class T>
u8* plain_memory(Vcpu& vcpu, Place place, u64 count, Access access) {
    const u64 bytes = count * sizeof(T);
    const bool down = direction_of(vcpu) == Direction::Down;
    const u64 lowest = down ? place.offset - (bytes - sizeof(T)) : place.offset;
    const auto linear = linear_address(vcpu, place.segment, lowest, bytes, access);
    if (!linear) return nullptr;
    return known_host_pointer(vcpu, *linear, bytes, access, data_privilege(vcpu));
}

/// Elements that can be done at once, and where they are; `count` is zero if there are none.
struct Bulk {
    u64 count = 0;
    u8* source = nullptr;
    u8* target = nullptr;
};

template <class T>
Bulk find_bulk(Vcpu& vcpu, const Instruction& instruction, Indexes indexes, Access target_access,
               u64 limit) {
    if (limit < 2) return {};
    const Place source = source_of(vcpu, instruction);
    const Place target = target_of(vcpu, instruction);
    Bulk bulk{.count = limit};
    if (indexes.source) {
        bulk.count =
            std::min(bulk.count, elements_in_page<T>(vcpu, instruction, source, Access::Read));
    }
    if (indexes.target) {
        bulk.count =
            std::min(bulk.count, elements_in_page<T>(vcpu, instruction, target, target_access));
    }
    if (bulk.count < 2) return {};
    if (indexes.source) {
        bulk.source = plain_memory<T>(vcpu, source, bulk.count, Access::Read);
        if (!bulk.source) return {};
    }
    if (indexes.target) {
        bulk.target = plain_memory<T>(vcpu, target, bulk.count, target_access);
        if (!bulk.target) return {};
    }
    return bulk;
}

template <class T>
std::optional<T> read_at(Vcpu& vcpu, Place place) {
    return read<T>(vcpu, place.segment, place.offset);
}

template <class T>
T accumulator(const Vcpu& vcpu) {
    return read_gpr<T>(vcpu.state, rax, false);
}

constexpr Indexes movs_indexes{.source = true, .target = true, .cut_first = true};
constexpr Indexes stos_indexes{.source = false, .target = true, .cut_first = true};
constexpr Indexes lods_indexes{.source = true, .target = false};
constexpr Indexes scas_indexes{.source = false, .target = true};
constexpr Indexes cmps_indexes{.source = true, .target = true};
constexpr Indexes ins_indexes{.source = false, .target = true, .asks_for_port = true};
constexpr Indexes outs_indexes{.source = true, .target = false, .asks_for_port = true};

template <class T>
Progress move_chunk(Vcpu& vcpu, const Instruction& instruction, u64 limit) {
    const Bulk bulk = find_bulk<T>(vcpu, instruction, movs_indexes, Access::Write, limit);
    if (bulk.count != 0) {
        move_elements<T>(bulk.target, bulk.source, bulk.count, direction_of(vcpu));
        return {bulk.count, Outcome::Done};
    }
    const auto value = read_at<T>(vcpu, source_of(vcpu, instruction));
    if (!value) return fault;
    const Place target = target_of(vcpu, instruction);
    return write<T>(vcpu, target.segment, target.offset, *value) ? one_done : fault;
}

template <class T>
Progress store_chunk(Vcpu& vcpu, const Instruction& instruction, u64 limit) {
    const T value = accumulator<T>(vcpu);
    const Bulk bulk = find_bulk<T>(vcpu, instruction, stos_indexes, Access::Write, limit);
    if (bulk.count != 0) {
        fill_elements<T>(bulk.target, bulk.count, value);
        return {bulk.count, Outcome::Done};
    }
    const Place target = target_of(vcpu, instruction);
    return write<T>(vcpu, target.segment, target.offset, value) ? one_done : fault;
}

template <class T>
Progress load_chunk(Vcpu& vcpu, const Instruction& instruction, u64 limit) {
    const Bulk bulk = find_bulk<T>(vcpu, instruction, lods_indexes, Access::Read, limit);
    if (bulk.count != 0) {
        const ElementRun<T> source(bulk.source, bulk.count, direction_of(vcpu));
        write_gpr<T>(vcpu.state, rax, false, source[bulk.count - 1]);
        return {bulk.count, Outcome::Done};
    }
    const auto value = read_at<T>(vcpu, source_of(vcpu, instruction));
    if (!value) return fault;
    write_gpr<T>(vcpu.state, rax, false, *value);
    return one_done;
}

/// Compares elements from `begin` on until one ends the instruction; the flags are those of the
/// last that was compared. `left(which)` and `right(which)` are the operands.
template <class T, class Left, class Right>
Progress compare_run(Vcpu& vcpu, const Instruction& instruction, u64 begin, u64 count, Left left,
                     Right right) {
    const bool wanted = instruction.rep == RepPrefix::Rep;
    u64 which = begin;
    while (which < count && (left(which) == right(which)) == wanted) ++which;
    const bool ended = which < count;
    const u64 last = ended ? which : count - 1;
    alu::cmp<T>(left(last), right(last), vcpu.state.status);
    if (ended) return {which + 1, Outcome::ConditionMet};
    return {count, Outcome::Done};
}

template <class T>
Progress scan_chunk(Vcpu& vcpu, const Instruction& instruction, u64 limit) {
    const T wanted = accumulator<T>(vcpu);
    const auto left = [&](u64) { return wanted; };
    const Bulk bulk = find_bulk<T>(vcpu, instruction, scas_indexes, Access::Read, limit);
    if (bulk.count == 0) {
        const auto value = read_at<T>(vcpu, target_of(vcpu, instruction));
        if (!value) return fault;
        return compare_run<T>(vcpu, instruction, 0, 1, left, [&](u64) { return *value; });
    }
    const Direction direction = direction_of(vcpu);
    u64 begin = 0;
    if constexpr (sizeof(T) == 1) {
        if (instruction.rep == RepPrefix::Repne && direction == Direction::Up) {
            const void* found = std::memchr(bulk.target, wanted, bulk.count);
            begin =
                found ? static_cast<u64>(static_cast<const u8*>(found) - bulk.target) : bulk.count;
        }
    }
    const ElementRun<T> target(bulk.target, bulk.count, direction);
    return compare_run<T>(vcpu, instruction, begin, bulk.count, left,
                          [&](u64 which) { return target[which]; });
}

template <class T>
Progress compare_chunk(Vcpu& vcpu, const Instruction& instruction, u64 limit) {
    const Bulk bulk = find_bulk<T>(vcpu, instruction, cmps_indexes, Access::Read, limit);
    if (bulk.count == 0) {
        const auto right = read_at<T>(vcpu, target_of(vcpu, instruction));
        if (!right) return fault;
        const auto left = read_at<T>(vcpu, source_of(vcpu, instruction));
        if (!left) return fault;
        return compare_run<T>(
            vcpu, instruction, 0, 1, [&](u64) { return *left; }, [&](u64) { return *right; });
    }
    const Direction direction = direction_of(vcpu);
    const bool while_equal = instruction.rep == RepPrefix::Rep && direction == Direction::Up;
    const u64 begin = while_equal ? equal_words<T>(bulk.source, bulk.target, bulk.count) : 0;
    const ElementRun<T> source(bulk.source, bulk.count, direction);
    const ElementRun<T> target(bulk.target, bulk.count, direction);
    return compare_run<T>(
        vcpu, instruction, begin, bulk.count, [&](u64 which) { return source[which]; },
        [&](u64 which) { return target[which]; });
}

/// All checks come before the port is touched.
template <class T>
Progress input_element(Vcpu& vcpu, const Instruction& instruction) {
    const auto port = static_cast<u16>(vcpu.state.reg(Gpr::Rdx));
    if (!io_allowed(vcpu, port, sizeof(T))) return refused;
    const Place target = target_of(vcpu, instruction);
    const auto linear =
        linear_address(vcpu, target.segment, target.offset, sizeof(T), Access::Write);
    if (!linear) return fault;
    const Privilege who = data_privilege(vcpu);
    if (!probe_linear(vcpu, *linear, sizeof(T), Access::Write, who)) return fault;
    const auto value = static_cast<T>(read_port(vcpu, port, sizeof(T)));
    return write_linear_as<T>(vcpu, *linear, value, who) ? one_done : fault;
}

template <class T>
Progress output_element(Vcpu& vcpu, const Instruction& instruction) {
    const auto port = static_cast<u16>(vcpu.state.reg(Gpr::Rdx));
    if (!io_allowed(vcpu, port, sizeof(T))) return refused;
    const auto value = read_at<T>(vcpu, source_of(vcpu, instruction));
    if (!value) return fault;
    write_port(vcpu, port, sizeof(T), static_cast<u32>(*value));
    return one_done;
}

/// Of the operand that is a string; where it stands among the operands differs.
u32 element_size(const Instruction& instruction) {
    const Form& form = form_of(instruction);
    for (usize which = 0; which < form.operand_count; ++which) {
        const OperandKind kind = form.operands[which].kind;
        if (kind == OperandKind::SourceString || kind == OperandKind::TargetString) {
            return size_of_operand(instruction, which);
        }
    }
    UNREACHABLE();
}

/// The right to the port is asked for with each element, and also where there is none.
bool refused_without_elements(Vcpu& vcpu, const Instruction& instruction, u32 size) {
    if (instruction.rep == RepPrefix::None) return false;
    if ((vcpu.state.gpr[rcx] & address_mask(instruction)) != 0) return false;
    return !io_allowed(vcpu, static_cast<u16>(vcpu.state.reg(Gpr::Rdx)), size);
}

/// REX.W does not make INS and OUTS wider.
u32 port_element_size(const Instruction& instruction) {
    return std::min(element_size(instruction), u32{4});
}

}  // namespace

#define REPEATS(name, chunk)                                                           \
    Step name(Vcpu& vcpu, const Instruction& instruction) {                            \
        return for_operand_size(element_size(instruction), [&]<class T>() {            \
            return run(vcpu, instruction, name##_indexes, sizeof(T),                   \
                       [&](u64 limit) { return chunk<T>(vcpu, instruction, limit); }); \
        });                                                                            \
    }
REPEATS(movs, move_chunk)
REPEATS(stos, store_chunk)
REPEATS(lods, load_chunk)
REPEATS(scas, scan_chunk)
REPEATS(cmps, compare_chunk)
#undef REPEATS

Step ins(Vcpu& vcpu, const Instruction& instruction) {
    const u32 size = port_element_size(instruction);
    if (refused_without_elements(vcpu, instruction, size)) return Step::Fault;
    return for_operand_size(size, [&]<class T>() {
        return run(vcpu, instruction, ins_indexes, sizeof(T),
                   [&](u64) { return input_element<T>(vcpu, instruction); });
    });
}

Step outs(Vcpu& vcpu, const Instruction& instruction) {
    const u32 size = port_element_size(instruction);
    if (refused_without_elements(vcpu, instruction, size)) return Step::Fault;
    return for_operand_size(size, [&]<class T>() {
        return run(vcpu, instruction, outs_indexes, sizeof(T),
                   [&](u64) { return output_element<T>(vcpu, instruction); });
    });
}

}  // namespace cpu::semantics
