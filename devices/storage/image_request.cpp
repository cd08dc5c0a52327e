// SPDX-License-Identifier: BSD-2-Clause
#include "devices/storage/image_request.hpp"

#include <utility>

namespace devices {

using fabric::BlockOperation;
using fabric::BlockOutcome;

ImageRequest::ImageRequest(State& state, fabric::EventQueue& events, const std::string& timer_name,
                           Pace pace, Trouble trouble, Done done)
    : state_(state),
      pace_(pace),
      trouble_(std::move(trouble)),
      done_(std::move(done)),
      timer_(events, timer_name, [this] { due(); }) {}

void ImageRequest::set_store(fabric::BlockStore* store) {
    forget();
    store_ = store;
}

void ImageRequest::start(BlockOperation operation, u64 offset, u32 length, std::vector<u8> data) {
    VERIFY(!state_.active);
    const u64 bytes = operation == BlockOperation::Write ? data.size() : length;
    state_ = {.active = true,
              .operation = operation,
              .offset = offset,
              .length = length,
              .data = std::move(data)};
    submit();
    const u64 transfer =
        operation == BlockOperation::Discard
            ? 0
            : fabric::scaled_up(bytes, fabric::ns_per_second, pace_.bytes_per_second);
    timer_.schedule({pace_.access_ns + transfer});
}

void ImageRequest::submit() {
    if (!store_) return;
    ticket_ = store_->start({.operation = state_.operation,
                             .offset = state_.offset,
                             .length = state_.length,
                             .data = state_.data});
}

void ImageRequest::due() {
    if (!state_.active) return;
    if (!ticket_) submit();
    if (!ticket_) {
        state_ = State{};
        done_(Outcome::Failed, {});  // The image is gone.
        return;
    }
    BlockOutcome outcome = store_->finish(*std::exchange(ticket_, std::nullopt));
    if (outcome.trouble) {
        state_.stalled = true;
        if (trouble_) trouble_(*outcome.trouble);
        return;
    }
    state_ = State{};
    done_(Outcome::Done, std::move(outcome.data));
}

void ImageRequest::cancel() {
    forget();
    timer_.cancel();
    state_ = State{};
}

void ImageRequest::forget() {
    if (ticket_) store_->forget(*std::exchange(ticket_, std::nullopt));
}

void ImageRequest::retry() {
    if (!state_.stalled) return;
    state_.stalled = false;
    submit();
    timer_.schedule({0});
}

void ImageRequest::give_up() {
    if (!state_.stalled) return;
    state_ = State{};
    done_(Outcome::Failed, {});
}

}  // namespace devices
