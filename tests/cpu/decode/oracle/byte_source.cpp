// SPDX-License-Identifier: BSD-2-Clause
#include "tests/cpu/decode/oracle/byte_source.hpp"

#include "cpu/decode/decoder.hpp"
#include "cpu/decode/form_table.hpp"

namespace test::decode {

namespace {

using cpu::CodeMode;
using cpu::decoding::Encoding;
namespace key = cpu::decoding::key;

class Writer {
public:
    explicit Writer(Random& random) {
        for (u8& byte : bytes_) byte = random.byte();
    }
    void put(u32 byte) {
        if (at_ < bytes_.size()) bytes_[at_++] = static_cast<u8>(byte);
    }
    const ByteString& bytes() const { return bytes_; }

private:
    ByteString bytes_{};
    usize at_ = 0;
};

constexpr u8 mandatory[] = {0, 0x66, 0xf3, 0xf2};

u32 mandatory_of(const Encoding& encoding, Random& random) {
    if ((encoding.key_mask & key::Prefix) != 0) return encoding.key_value & key::Prefix;
    return random.one_in(2) ? 0 : random.below(4);
}

void put_prefixes(const Encoding& encoding, Random& random, Writer& writer) {
    static constexpr u8 others[] = {0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x67, 0x66, 0xf2, 0xf3};
    static constexpr u8 harmless = 7;
    while (random.one_in(4)) writer.put(others[random.below(harmless)]);
    if (random.one_in(20)) writer.put(others[random.below(sizeof(others))]);
    if (random.one_in(20)) writer.put(0xf0);
    if (encoding.operand_size == 2) writer.put(0x66);
    if (encoding.vex) return;
    if (const u32 prefix = mandatory_of(encoding, random); prefix != 0) {
        // 66 beside F2 or F3 keeps its ordinary meaning.
        if (prefix != 1 && random.one_in(8)) writer.put(0x66);
        writer.put(mandatory[prefix]);
    }
}

u32 w_of(const Encoding& encoding, Random& random) {
    if ((encoding.key_mask & key::W) != 0) return (encoding.key_value & key::W) != 0;
    return random.below(2);
}

void put_vex(const Encoding& encoding, CodeMode mode, Random& random, Writer& writer) {
    const u32 w = w_of(encoding, random);
    const u32 prefix = mandatory_of(encoding, random);
    u32 l = random.below(2);
    if ((encoding.key_mask & key::L) != 0) l = (encoding.key_value & key::L) != 0;
    const u32 vvvv = random.one_in(2) ? 15 : random.below(16);
    const u32 high = mode == CodeMode::Bits64 ? 0 : 0xc0;
    const u32 last = (vvvv << 3) | (l << 2) | prefix;
    if (encoding.map == 1 && w == 0 && random.one_in(2)) {
        writer.put(0xc5);
        writer.put((random.byte() & 0x80u) | last | high);
        return;
    }
    writer.put(0xc4);
    writer.put((random.byte() & 0xe0u) | encoding.map | high);
    writer.put((w << 7) | last);
}

void put_opcode(const Encoding& encoding, CodeMode mode, Random& random, Writer& writer) {
    if (encoding.vex) {
        put_vex(encoding, mode, random, writer);
    } else {
        const bool wants_w = (encoding.key_mask & encoding.key_value & key::W) != 0;
        if (mode == CodeMode::Bits64 && (wants_w || random.one_in(3))) {
            writer.put(0x40 | w_of(encoding, random) << 3 | random.below(8));
        }
        if (encoding.map != 0) writer.put(0x0f);
        if (encoding.map >= 2) writer.put(encoding.map == 2 ? 0x38 : 0x3a);
    }
    writer.put(encoding.opcode | (encoding.plus_register ? random.below(8) : 0));
}

void put_mod_rm(const Encoding& encoding, bool vsib, Random& random, Writer& writer) {
    u32 mod = random.below(4);
    u32 reg = random.below(8);
    u32 rm = random.below(8);
    if ((encoding.key_mask & key::Register) != 0) {
        mod = (encoding.key_value & key::Register) != 0 ? 3 : random.below(3);
    }
    if ((encoding.key_mask & key::Reg) != 0) reg = (encoding.key_value >> key::RegShift) & 7;
    if ((encoding.key_mask & key::Rm) != 0) rm = (encoding.key_value >> key::RmShift) & 7;
    // Without a SIB byte a gather is undefined.
    if (vsib && !random.one_in(8)) rm = 4;
    writer.put(mod << 6 | reg << 3 | rm);
}

}  // namespace

ByteSource::ByteSource(u64 seed) : seed_(seed) {
    for (const cpu::Form& form : cpu::forms()) {
        encodings_.push_back(cpu::decoding::parse_encoding(form.encoding));
    }
}

ByteString ByteSource::after_form(Random& random, usize form, CodeMode mode) const {
    const Encoding& encoding = encodings_[form];
    Writer writer(random);
    put_prefixes(encoding, random, writer);
    put_opcode(encoding, mode, random, writer);
    const bool vsib = cpu::forms()[form].has(cpu::attribute::Vsib);
    if (encoding.mod_rm) put_mod_rm(encoding, vsib, random, writer);
    return writer.bytes();
}

ByteString ByteSource::string(u64 number, CodeMode mode) const {
    Random random(seed_ ^ number * 0xd134'2543'de82'ef95 ^ static_cast<u64>(mode));
    const u32 generator = static_cast<u32>(number % 4);
    if (generator == 0) {
        Writer writer(random);
        return writer.bytes();
    }
    const usize form = (number / 4) % encodings_.size();
    ByteString bytes = after_form(random, form, mode);
    if (generator == 1) {
        for (u32 changes = 1 + random.below(2); changes > 0; --changes) {
            bytes[random.below(8)] = random.byte();
        }
    }
    return bytes;
}

}  // namespace test::decode
