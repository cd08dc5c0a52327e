// SPDX-License-Identifier: BSD-2-Clause
//
// A hardware FIFO: a fixed number of places, oldest out first. Part of device States, so it is
// plain and comparable; two FIFOs with the same contents are equal wherever their contents lie.
#pragma once

#include <array>

#include "fabric/support/int_types.hpp"
#include "fabric/support/verify.hpp"

namespace fabric {

template <class T, usize Capacity>
class Fifo {
public:
    bool empty() const { return count_ == 0; }
    bool full() const { return count_ == Capacity; }
    usize size() const { return count_; }
    static constexpr usize capacity() { return Capacity; }

    void push(const T& value) {
        VERIFY(!full());
        slots_[count_++] = value;
    }

    T pop() {
        VERIFY(!empty());
        const T oldest = slots_[0];
        for (usize i = 1; i < count_; ++i) slots_[i - 1] = slots_[i];
        slots_[--count_] = T{};
        return oldest;
    }

    const T& operator[](usize index) const {
        VERIFY(index < count_);
        return slots_[index];
    }

    bool operator==(const Fifo&) const = default;

private:
    // Always at the front, with T{} behind: hardware FIFOs are short, and so equality is by bytes.
    std::array<T, Capacity> slots_{};
    usize count_ = 0;
};

}  // namespace fabric
