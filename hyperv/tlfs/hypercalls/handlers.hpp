// SPDX-License-Identifier: BSD-2-Clause
//
// What the rows of the hypercall table refer to: a file per family. `describe_…` is the input, for
// a trace.
#pragma once

#include <string>

#include "hyperv/tlfs/hypercall.hpp"

namespace hyperv {

// flush.cpp

Status flush_virtual_address_space(const Hypercall& call);
Status flush_virtual_address_list(const Hypercall& call);
Status flush_virtual_address_space_ex(const Hypercall& call);
Status flush_virtual_address_list_ex(const Hypercall& call);
std::string describe_flush(const Hypercall& call);
std::string describe_flush_ex(const Hypercall& call);

// ipi.cpp

Status send_cluster_ipi(const Hypercall& call);
Status send_cluster_ipi_ex(const Hypercall& call);
std::string describe_cluster_ipi(const Hypercall& call);
std::string describe_cluster_ipi_ex(const Hypercall& call);

// messages.cpp

Status post_message(const Hypercall& call);
Status signal_event(const Hypercall& call);
std::string describe_post_message(const Hypercall& call);
std::string describe_signal_event(const Hypercall& call);

// registers.cpp

Status get_vp_registers(const Hypercall& call);
Status set_vp_registers(const Hypercall& call);
Status get_vp_index_from_apic_id(const Hypercall& call);
Status get_partition_id(const Hypercall& call);
std::string describe_vp_registers(const Hypercall& call);
std::string describe_apic_id(const Hypercall& call);
std::string describe_nothing(const Hypercall& call);

// scheduling.cpp

Status notify_long_spin_wait(const Hypercall& call);
std::string describe_long_spin_wait(const Hypercall& call);

// start_vp.cpp

Status start_virtual_processor(const Hypercall& call);
std::string describe_start_vp(const Hypercall& call);

}  // namespace hyperv
