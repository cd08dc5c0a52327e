// SPDX-License-Identifier: BSD-2-Clause
#include "hyperv/tlfs/status.hpp"

namespace hyperv {

std::string_view name_of(Status status) {
    switch (status) {
        case Status::Success: return "HV_STATUS_SUCCESS";
        case Status::InvalidHypercallCode: return "HV_STATUS_INVALID_HYPERCALL_CODE";
        case Status::InvalidHypercallInput: return "HV_STATUS_INVALID_HYPERCALL_INPUT";
        case Status::InvalidAlignment: return "HV_STATUS_INVALID_ALIGNMENT";
        case Status::InvalidParameter: return "HV_STATUS_INVALID_PARAMETER";
        case Status::AccessDenied: return "HV_STATUS_ACCESS_DENIED";
        case Status::InvalidPartitionState: return "HV_STATUS_INVALID_PARTITION_STATE";
        case Status::OperationDenied: return "HV_STATUS_OPERATION_DENIED";
        case Status::InvalidPartitionId: return "HV_STATUS_INVALID_PARTITION_ID";
        case Status::InvalidVpIndex: return "HV_STATUS_INVALID_VP_INDEX";
        case Status::InvalidPortId: return "HV_STATUS_INVALID_PORT_ID";
        case Status::InvalidConnectionId: return "HV_STATUS_INVALID_CONNECTION_ID";
        case Status::InsufficientBuffers: return "HV_STATUS_INSUFFICIENT_BUFFERS";
        case Status::InvalidVpState: return "HV_STATUS_INVALID_VP_STATE";
        case Status::InvalidSynicState: return "HV_STATUS_INVALID_SYNIC_STATE";
        case Status::InvalidRegisterValue: return "HV_STATUS_INVALID_REGISTER_VALUE";
        case Status::InvalidVtlState: return "HV_STATUS_INVALID_VTL_STATE";
        case Status::InvalidDeviceId: return "HV_STATUS_INVALID_DEVICE_ID";
    }
    return "HV_STATUS";
}

}  // namespace hyperv
