// SPDX-License-Identifier: BSD-2-Clause
//
// Which fields of two saved records differ, by name: for the message of a test.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "fabric/state/saved_state.hpp"

namespace test {

/// A field as a record of its own.
template <class T>
struct AloneField {
    T value;

    template <class Self, class Visit>
    static constexpr void fields(Self& self, Visit& visit) {
        visit(1, "value", self.value);
    }
};

/// The fields of a record, each as it would be saved.
struct SavedFields {
    std::vector<std::pair<std::string_view, std::vector<u8>>> saved;

    template <class T>
    void operator()(u16, std::string_view name, const T& value) {
        fabric::StateWriter out;
        out.write(AloneField<T>{value});
        saved.emplace_back(name, std::vector<u8>(out.bytes().begin(), out.bytes().end()));
    }
};

template <class Record>
std::string differing_fields(const Record& left, const Record& right) {
    SavedFields left_fields;
    SavedFields right_fields;
    Record::fields(left, left_fields);
    Record::fields(right, right_fields);
    std::string names;
    for (usize i = 0; i < left_fields.saved.size(); ++i) {
        if (left_fields.saved[i] == right_fields.saved[i]) continue;
        names += names.empty() ? "" : " ";
        names += left_fields.saved[i].first;
    }
    return names;
}

}  // namespace test
