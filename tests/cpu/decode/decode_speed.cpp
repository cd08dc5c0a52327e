// SPDX-License-Identifier: BSD-2-Clause
//
// How long our decoder takes for an instruction of compiled code: this program's own.
//
//     decode_speed [rounds]
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <span>

#include "cpu/decode/decoder.hpp"

extern "C" const u8 etext;

namespace {

struct Count {
    u64 instructions = 0;
    u64 undecoded = 0;
    u64 bytes = 0;
};

Count decode_all(std::span<const u8> code) {
    Count count;
    const cpu::FeatureSet features = cpu::FeatureSet::all();
    while (!code.empty()) {
        cpu::Instruction instruction;
        const auto status = cpu::decode(code, cpu::CodeMode::Bits64, features, instruction);
        ++count.instructions;
        if (status != cpu::DecodeStatus::Ok) ++count.undecoded;
        const usize step = status == cpu::DecodeStatus::Ok ? instruction.length : 1;
        count.bytes += step;
        code = code.subspan(step);
    }
    return count;
}

}  // namespace

int main(int arguments, char** values) {
    const int rounds = arguments > 1 ? std::atoi(values[1]) : 20;
    // The headers and tables before the code would be decoded as junk.
    const u8* const begin = reinterpret_cast<const u8*>(&decode_all);
    const auto forward = static_cast<usize>(&etext - begin);
    const std::span<const u8> code(begin, forward);
    const Count warm = decode_all(code);
    const std::clock_t start = std::clock();
    for (int round = 0; round < rounds; ++round) decode_all(code);
    const double seconds = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    const double all = static_cast<double>(warm.instructions) * rounds;
    std::printf("%llu instructions of %.2f bytes, %llu not decoded: %.1f ns each\n",
                static_cast<unsigned long long>(warm.instructions),
                static_cast<double>(warm.bytes) / static_cast<double>(warm.instructions),
                static_cast<unsigned long long>(warm.undecoded), seconds * 1e9 / all);
}
