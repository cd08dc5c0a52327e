// SPDX-License-Identifier: BSD-2-Clause
#include "fabric/memory/frame_table.hpp"

#include "fabric/support/verify.hpp"

namespace fabric {

void FrameTable::put(u64 frame, PhysicalPage page) {
    VERIFY(frame < frame_limit);
    const u64 chunk = frame / chunk_frames;
    if (chunk >= chunks_.size()) chunks_.resize(chunk + 1);
    if (!chunks_[chunk]) chunks_[chunk] = std::make_unique<PhysicalPage[]>(chunk_frames);
    chunks_[chunk][frame % chunk_frames] = page;
}

}  // namespace fabric
