// SPDX-License-Identifier: BSD-2-Clause
#include "machine/board/acpi_tables.hpp"

#include <span>
#include <string_view>

#include "fabric/support/verify.hpp"
#include "machine/board/table_bytes.hpp"

namespace machine {

namespace {

constexpr std::string_view tables_file = "etc/acpi/tables";
constexpr std::string_view rsdp_file = "etc/acpi/rsdp";
constexpr std::string_view oem_id = "SATORI";
constexpr std::string_view oem_table_id = "SATORIPC";
constexpr u32 oem_revision = 1;
constexpr usize header_bytes = 36;
constexpr usize checksum_offset = 9;

constexpr u32 local_apic_address = 0xfee0'0000;
constexpr u32 io_apic_address = 0xfec0'0000;
constexpr u32 hpet_address = 0xfed0'0000;
constexpr u16 sci = 9;

/// The table loader's script: records of 128 bytes (QEMU, hw/acpi/bios-linker-loader).
class LoaderScript {
public:
    enum class Zone : u8 { High = 1, FSegment = 2 };

    void allocate(std::string_view file, u32 alignment, Zone zone) {
        TableBytes command;
        command.u32s(1).text(file, name_bytes).u32s(alignment).u8s(static_cast<u8>(zone));
        add(command);
    }
    /// Adds the address of `source` to the `size` bytes at `offset` of `target`.
    void add_pointer(std::string_view target, std::string_view source, usize offset, u8 size) {
        TableBytes command;
        command.u32s(2).text(target, name_bytes).text(source, name_bytes).u32s(offset).u8s(size);
        add(command);
    }
    /// Makes the bytes from `start` sum up to zero, by the byte at `offset`.
    void add_checksum(std::string_view file, usize offset, usize start, usize length) {
        TableBytes command;
        command.u32s(3).text(file, name_bytes).u32s(offset).u32s(start).u32s(length);
        add(command);
    }

    std::vector<u8> take() { return script_.take(); }

private:
    static constexpr usize record_bytes = 128;
    static constexpr usize name_bytes = 56;

    void add(TableBytes& command) {
        command.zeroes(record_bytes - command.size());
        script_.append(command.view());
    }

    TableBytes script_;
};

/// The tables, one after the other, and the script that goes with them.
class TableFile {
public:
    explicit TableFile(LoaderScript& script) : script_(script) {}

    void align(usize boundary) { bytes_.zeroes((boundary - bytes_.size() % boundary) % boundary); }

    /// FACS has no check sum.
    usize add_without_header(std::span<const u8> table) {
        const usize at = bytes_.size();
        bytes_.append(table);
        return at;
    }

    /// `pointers`: where in the table another table's offset in this file stands, and how wide.
    struct Pointer {
        usize offset = 0;
        u8 size = 4;
    };
    usize add(std::string_view signature, u8 revision, std::span<const u8> body,
              const std::vector<Pointer>& pointers) {
        align(16);
        const usize at = bytes_.size();
        const usize length = header_bytes + body.size();
        bytes_.text(signature, 4).u32s(length).u8s(revision).u8s(0).text(oem_id, 6);
        bytes_.text(oem_table_id, 8).u32s(oem_revision).text("STRI", 4).u32s(1).append(body);
        for (const Pointer& pointer : pointers) {
            script_.add_pointer(tables_file, tables_file, at + pointer.offset, pointer.size);
        }
        script_.add_checksum(tables_file, at + checksum_offset, at, length);
        return at;
    }

    std::vector<u8> take() { return bytes_.take(); }

private:
    LoaderScript& script_;
    TableBytes bytes_;
};

/// Generic address structure of a port (5.2.3.2).
std::vector<u8> port(u64 address, u64 bits) {
    constexpr u64 system_io = 1;
    TableBytes structure;
    structure.u8s(system_io).u8s(bits).u8s(0).u8s(0).u64s(address);
    return structure.take();
}
constexpr usize no_port = 12;

std::vector<u8> facs() {
    TableBytes table;
    table.text("FACS", 4).u32s(64).zeroes(24).u8s(1).zeroes(31);
    return table.take();
}

/// FADT.flags (5.2.9).
namespace fadt_flag {
constexpr u32 Wbinvd = 1 << 0;
constexpr u32 ProcC1 = 1 << 2;
constexpr u32 NoFixedSleepButton = 1 << 5;
constexpr u32 RtcS4 = 1 << 7;
constexpr u32 ResetRegister = 1 << 10;
constexpr u32 UsePlatformClock = 1 << 15;
constexpr u32 ForcePhysicalDestination = 1 << 19;
}  // namespace fadt_flag

u32 fadt_flags(const AcpiConfig& config) {
    using namespace fadt_flag;
    u32 flags = Wbinvd | ProcC1 | NoFixedSleepButton | RtcS4 | ResetRegister | UsePlatformClock;
    // Logical destinations in flat mode reach eight processors.
    if (config.cpu_count > 8) flags |= ForcePhysicalDestination;
    return flags;
}

/// Revision 3: the fields of ACPI 2.0 with what 3.0 made of them, 244 bytes. In the order of 5.2.9.
std::vector<u8> fadt_body(const AcpiConfig& config, usize facs_at, usize dsdt_at) {
    constexpr u16 smi_command_port = 0xb2;
    constexpr u16 reset_control_port = 0xcf9;
    constexpr u64 hard_reset = 0x06;
    constexpr u64 no_c2_or_c3 = 0x0fff;
    constexpr u64 legacy_devices_and_8042 = 0x03;
    constexpr u64 rtc_century = 0x32;
    const u64 event = config.pm_base;
    const u64 control = event + 4;
    const u64 timer = event + 8;
    const u64 gpe = event + 12;
    TableBytes body;
    body.u32s(facs_at).u32s(dsdt_at);
    body.u8s(0).u8s(0).u16s(sci).u32s(smi_command_port);
    body.u8s(0xf1).u8s(0xf0).u8s(0).u8s(0);  // ACPI_ENABLE, ACPI_DISABLE, S4BIOS_REQ, PSTATE_CNT.
    body.u32s(event).u32s(0).u32s(control).u32s(0).u32s(0).u32s(timer).u32s(gpe).u32s(0);
    body.u8s(4).u8s(2).u8s(0).u8s(4).u8s(4).u8s(0).u8s(0).u8s(0);  // Their lengths; GPE1, _CST.
    body.u16s(no_c2_or_c3).u16s(no_c2_or_c3).u16s(0).u16s(0);
    body.u8s(0).u8s(0).u8s(0).u8s(0).u8s(rtc_century);
    body.u16s(legacy_devices_and_8042).u8s(0).u32s(fadt_flags(config));
    body.append(port(reset_control_port, 8)).u8s(hard_reset).zeroes(3);
    body.u64s(0).u64s(dsdt_at);  // FACS is named once: by its 32-bit field (5.2.9).
    body.append(port(event, 32)).zeroes(no_port);
    body.append(port(control, 16)).zeroes(no_port).zeroes(no_port);
    body.append(port(timer, 32)).append(port(gpe, 32)).zeroes(no_port);
    VERIFY(header_bytes + body.size() == 244);
    return body.take();
}

/// MPS INTI flags (5.2.12.5).
constexpr u64 as_the_bus_has_it = 0;
constexpr u64 level_active_high = 0x0d;

void add_override(TableBytes& body, u64 isa_irq, u64 input, u64 flags) {
    body.u8s(2).u8s(10).u8s(0).u8s(isa_irq).u32s(input).u16s(flags);
}

std::vector<u8> madt_body(const AcpiConfig& config) {
    constexpr u64 has_8259s = 1;
    constexpr u64 enabled = 1;
    constexpr u64 lint1 = 1;
    TableBytes body;
    body.u32s(local_apic_address).u32s(has_8259s);
    for (u32 cpu = 0; cpu < config.cpu_count; ++cpu) {
        body.u8s(0).u8s(8).u8s(cpu).u8s(cpu).u32s(enabled);
    }
    body.u8s(1).u8s(12).u8s(0).u8s(0).u32s(io_apic_address).u32s(0);
    add_override(body, 0, 2, as_the_bus_has_it);
    // The PCI links and the SCI stay on the lines of ISA, but are level-triggered.
    for (const u64 line : {5u, 9u, 10u, 11u}) add_override(body, line, line, level_active_high);
    body.u8s(4).u8s(6).u8s(0xff).u16s(as_the_bus_has_it).u8s(lint1);  // NMI, of all processors.
    return body.take();
}

std::vector<u8> hpet_body(const AcpiConfig& config) {
    TableBytes body;
    body.u32s(config.hpet_block_id).u8s(0).u8s(0).u8s(0).u8s(0).u64s(hpet_address);
    body.u8s(0).u16s(0).u8s(0);
    return body.take();
}

/// One read of the PM timer is enough; the RTC wants register C read as ever.
std::vector<u8> waet_body() {
    constexpr u64 pm_timer_good = 1 << 1;
    TableBytes body;
    body.u32s(pm_timer_good);
    return body.take();
}

usize add_root(TableFile& file, std::string_view signature, u8 width,
               const std::vector<usize>& tables) {
    TableBytes body;
    std::vector<TableFile::Pointer> pointers;
    for (const usize at : tables) {
        pointers.push_back({header_bytes + body.size(), width});
        width == 4 ? body.u32s(at) : body.u64s(at);
    }
    return file.add(signature, 1, body.view(), pointers);
}

std::vector<u8> rsdp(LoaderScript& script, usize rsdt_at, usize xsdt_at) {
    constexpr usize length = 36;
    TableBytes table;
    table.text("RSD PTR ", 8).u8s(0).text(oem_id, 6).u8s(2).u32s(rsdt_at);
    table.u32s(length).u64s(xsdt_at).u8s(0).zeroes(3);
    script.add_pointer(rsdp_file, tables_file, 16, 4);
    script.add_pointer(rsdp_file, tables_file, 24, 8);
    script.add_checksum(rsdp_file, 8, 0, 20);
    script.add_checksum(rsdp_file, 32, 0, length);
    return table.take();
}

}  // namespace

AcpiFiles make_acpi_files(const AcpiConfig& config) {
    VERIFY(config.cpu_count >= 1 && config.cpu_count <= 64);
    LoaderScript script;
    // In the low megabyte only the RSDP is looked for; FACS wants 64 bytes of alignment.
    script.allocate(rsdp_file, 16, LoaderScript::Zone::FSegment);
    script.allocate(tables_file, 64, LoaderScript::Zone::High);
    TableFile file(script);
    const usize facs_at = file.add_without_header(facs());
    const usize dsdt_at = file.add("DSDT", 2, make_dsdt(config).bytes, {});
    std::vector<usize> listed;
    listed.push_back(
        file.add("FACP", 3, fadt_body(config, facs_at, dsdt_at), {{36, 4}, {40, 4}, {140, 8}}));
    listed.push_back(file.add("SSDT", 2, make_processor_ssdt(config).bytes, {}));
    listed.push_back(file.add("APIC", 3, madt_body(config), {}));
    if (config.hpet) listed.push_back(file.add("HPET", 1, hpet_body(config), {}));
    listed.push_back(file.add("WAET", 1, waet_body(), {}));
    const usize rsdt_at = add_root(file, "RSDT", 4, listed);
    const usize xsdt_at = add_root(file, "XSDT", 8, listed);
    AcpiFiles files;
    files.rsdp = rsdp(script, rsdt_at, xsdt_at);
    files.tables = file.take();
    files.loader = script.take();
    return files;
}

}  // namespace machine
