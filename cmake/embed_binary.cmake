# SPDX-License-Identifier: BSD-2-Clause
# cmake -DINPUT=file -DOUTPUT=x.cpp -DHEADER=dir/x.hpp -DFUNCTION=machine::x -P embed_binary.cmake
# A C++ source with the bytes of a file, handed out by the function that HEADER declares.
file(READ ${INPUT} hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${OUTPUT} "// Made from ${INPUT}.
#include \"${HEADER}\"

namespace {
constexpr u8 bytes[] = {
${hex}};
}  // namespace

std::span<const u8> ${FUNCTION}() { return bytes; }
")
