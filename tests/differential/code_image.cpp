// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/code_image.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "tests/differential/descriptors.hpp"
#include "tests/differential/host_entry.hpp"

namespace test::differential {

namespace {
void append(std::vector<u8>& bytes, u64 value, usize size) {
    for (usize i = 0; i < size; ++i) bytes.push_back(static_cast<u8>(value >> (8 * i)));
}

std::vector<u8> way_back(cpu::CodeMode mode) {
    std::vector<u8> jump;
    if (mode == cpu::CodeMode::Bits64) {
        append(jump, 0x2524ff, 3);  // JMP qword [exit_address]
        append(jump, control_page + offsetof(ControlBlock, exit_address), 4);
        return jump;
    }
    if (mode == cpu::CodeMode::Bits16) append(jump, 0x66, 1);
    append(jump, 0xea, 1);  // JMP Code64:return_page
    append(jump, return_page, 4);
    append(jump, selectors::Code64, 2);
    return jump;
}
}  // namespace

CodeImage code_image(const Case& test) {
    CodeImage image{.linear = test.code_address};
    std::copy_n(test.code.begin(), test.code_size, image.bytes.begin());
    image.size = test.code_size;
    if (!test.ends_in_trap) {
        const std::vector<u8> jump = way_back(test.mode);
        std::copy(jump.begin(), jump.end(), image.bytes.begin() + test.code_size);
        image.size += jump.size();
    }
    image.size = std::min<usize>(image.size, fetchable_bytes(image.linear));
    return image;
}

u64 fetchable_bytes(u64 linear) {
    if (linear >= code_pair && linear < code_pair + 2 * page) return code_pair + 2 * page - linear;
    if (linear >= code_last && linear < code_last + page) return code_last + page - linear;
    return 0;
}

}  // namespace test::differential
