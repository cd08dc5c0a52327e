// SPDX-License-Identifier: BSD-2-Clause
#include "cpu/fpu/native_thunks.hpp"

#include <mutex>
#include <unordered_map>

#include "cpu/fpu/host_faults.hpp"
#include "cpu/fpu/thunk_arena.hpp"
#include "cpu/fpu/thunk_emitter.hpp"

namespace cpu {

namespace {

/// What a thunk depends on: the row, its registers and immediates. Not the address.
u64 key_of(const Instruction& instruction) {
    const u64 rm = instruction.is_memory() ? 16 : instruction.rm;
    u64 key = instruction.form;
    key = key << 4 | (instruction.reg & 15);
    key = key << 5 | rm;
    key = key << 4 | (instruction.vvvv & 15);
    key = key << 8 | (instruction.immediate & 0xff);
    key = key << 8 | (instruction.second_immediate & 0xff);
    key = key << 1 | (instruction.rex_w ? 1 : 0);
    key = key << 1 | (instruction.vex_256 ? 1 : 0);
    return key << 1 | (instruction.mode == CodeMode::Bits64 ? 1 : 0);
}

class ThunkCache {
public:
    ThunkCache() {
        ThunkCode failure;
        failure.bytes({0xb8, 1, 0, 0, 0, 0xc3});  // MOV EAX, 1; RET
        const u8* resume = arena_.add(failure.view());
        transient_ = arena_.add(std::array<u8, 256>{});
        guard_native_code(arena_.begin(), arena_.end(), resume);
    }

    /// Null if there is no room for another one.
    const u8* find(const Instruction& instruction) {
        const std::scoped_lock lock(mutex_);
        const auto [entry, is_new] = thunks_.try_emplace(key_of(instruction), nullptr);
        if (is_new) entry->second = arena_.add(emit_thunk(instruction).view());
        const u8* found = entry->second;
        if (!found) thunks_.erase(entry);
        return found;
    }

    const u8* make_transient(const Instruction& instruction) {
        const std::scoped_lock lock(mutex_);
        arena_.replace(transient_, emit_thunk(instruction).view());
        return transient_;
    }

private:
    std::mutex mutex_;
    ThunkArena arena_;
    const u8* transient_ = nullptr;
    std::unordered_map<u64, const u8*> thunks_;
};

ThunkCache& cache() {
    static ThunkCache thunks;
    return thunks;
}

NativeThunk as_function(const u8* code) {
    return reinterpret_cast<NativeThunk>(reinterpret_cast<u64>(code));
}

}  // namespace

NativeThunk native_thunk(const Instruction& instruction) {
    const Form& form = form_of(instruction);
    if (form.semantic != Semantic::native || form.has(attribute::Mmx)) return nullptr;
    return as_function(cache().find(instruction));
}

NativeThunk x87_thunk(const Instruction& instruction) {
    const Form& form = form_of(instruction);
    // DB /4: FNENI, FNDISI and FNSETPM, which do not wait.
    const bool left_over = instruction.opcode == 0xdb && (instruction.mod_rm & 0xf8) == 0xe0;
    if (form.semantic != Semantic::x87 || left_over) return nullptr;
    return as_function(cache().find(instruction));
}

NativeThunk native_thunk_for_now(const Instruction& instruction) {
    const u8* found = cache().find(instruction);
    return as_function(found ? found : cache().make_transient(instruction));
}

}  // namespace cpu
