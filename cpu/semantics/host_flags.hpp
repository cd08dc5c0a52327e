// SPDX-License-Identifier: BSD-2-Clause
//
// How status flags come from and go to the host's own: CpuState::status is what LAHF leaves in AH
// and SETO in AL. Operations that compute flags run the host's instruction, so that also what the
// manual calls undefined is what a processor does, and the same in every engine.
#pragma once

/// After the operation. AX: the status.
#define STATUS_FROM_HOST "lahf\n\tseto %%al"

/// Before an operation that reads or keeps flags. AL holds OF as 0 or 1, and adding 7F overflows
/// for 1; SAHF loads the other five and leaves OF alone. Destroys AL.
#define STATUS_TO_HOST "addb $0x7f, %%al\n\tsahf\n\t"

/// The same for operations that read or keep CF alone. Destroys nothing.
#define CARRY_TO_HOST "btw $8, %w[status]\n\t"
