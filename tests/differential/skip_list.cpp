// SPDX-License-Identifier: BSD-2-Clause
#include "tests/differential/skip_list.hpp"

namespace test::differential {

std::string_view skip_reason(const cpu::Form& form) {
    using cpu::Semantic;
    switch (form.semantic) {
        case Semantic::syscall:
        case Semantic::sysenter: return "enters the host's kernel";
        case Semantic::cpuid: return "shows the model, not the host";
        case Semantic::xgetbv: return "the host's XCR0 has more components than the model's";
        case Semantic::rdtsc:
        case Semantic::rdtscp:
        case Semantic::rdpmc: return "time differs";
        case Semantic::rdpid: return "the host's kernel numbers its processors";
        case Semantic::rdrand:
        case Semantic::rdseed: return "entropy differs";
        case Semantic::vmcall: return "ends in the host's hypervisor";
        case Semantic::sgdt:
        case Semantic::sidt:
        case Semantic::sldt:
        case Semantic::str:
        case Semantic::smsw: return "Linux emulates it when UMIP is on, and shows invented values";
        case Semantic::monitor:
        case Semantic::mwait: return "whether it is there at CPL 3 is up to the host's hypervisor";
        case Semantic::xsaveopt: return "what the host leaves out depends on its last XRSTOR";
        default: return {};
    }
}

}  // namespace test::differential
