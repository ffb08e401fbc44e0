// SPDX-License-Identifier: Apache-2.0
#include "broker/io/uring_ring.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "broker/base/check.h"
#include "broker/io/socket_number.h"

namespace broker::io {
namespace {

// Completions of the ring's own requests: the low half of their user_data is a slot that no operation has.
enum Tag : std::uint32_t {
  tag_woken = OperationTable::first_reserved_slot,  // another ring's message
  tag_wake_failed,                                  // ours was not delivered; the high half is the target's eventfd
  tag_eventfd,                                      // somebody wrote to our eventfd
  tag_ignored,    // a cancellation found nothing: the operation had ended by itself; or a close failed
  tag_installed,  // a slot's file has a descriptor too, to be half-closed
};

// One batch never takes more than half of the receive buffers (but for what a single multishot receive may add), so
// that it cannot exhaust them while the handlers have not yet run.
constexpr unsigned batch_max = config::limits::receive_buffers / 2;
constexpr int gather_rounds_max = 16;
// Until a kernel without memory for requests is asked again.
constexpr std::chrono::duration<int, std::milli> retry_pause{1};
// The kernel's sends have a length of 32 bits; what is left out goes with the next send, as after any short one.
constexpr std::size_t single_send_bytes_max = std::size_t{1} << 30;
constexpr std::size_t pieces_max = 1024;  // IOV_MAX: more is EMSGSIZE

// Newer than liburing 2.3. See idle_is_not_iowait():
constexpr unsigned enter_no_iowait = 1U << 7;
// And for slots, which make_slots() has only where the kernel has these as well (Linux 6.7 and 6.8):
constexpr int operation_fixed_fd_install = 54;
constexpr int socket_command_setsockopt = 3;

// The kernel reads it at submission.
constexpr linger no_linger{.l_onoff = 1, .l_linger = 0};

void write_eventfd(int fd) {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then its reader has been told.
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

// Not a verdict on the socket: it says "ask again", as a shortage of memory or a full completion queue can make it do.
bool means_again(int error) { return error == EAGAIN || error == EINTR; }

std::uint64_t tagged(Tag tag, int payload = 0) {
  return tag | std::uint64_t{static_cast<std::uint32_t>(payload)} << 32;
}

// Says what the submission is about.
void aim(io_uring_sqe& submission, int socket) {
  submission.fd = is_slot(socket) ? slot_index(socket) : socket;
  if (is_slot(socket)) submission.flags |= IOSQE_FIXED_FILE;
}

// A descriptor made for this, which goes at once.
void half_close_installed(int fd) {
  if (fd < 0) return;  // there was none left: the FIN comes with the close
  ::shutdown(fd, SHUT_WR);
  ::close(fd);
}

}  // namespace

// --- Asking ----------------------------------------------------------------------------------------------------------

void UringRing::accept(AcceptOperation& operation, int listener_fd, Accepting what) {
  const std::uint64_t user_data = operations_.add(operation);
  operation.into_slots = slots_ > 0 && what == Accepting::any;
  io_uring_sqe& submission = next_submission();
  // Not SOCK_NONBLOCK: io_uring answers EAGAIN on such sockets instead of waiting until they are ready.
  if (operation.into_slots) {
    io_uring_prep_multishot_accept_direct(&submission, listener_fd, nullptr, nullptr, 0);
  } else {
    io_uring_prep_multishot_accept(&submission, listener_fd, nullptr, nullptr, SOCK_CLOEXEC);
  }
  io_uring_sqe_set_data64(&submission, user_data);
}

void UringRing::receive(ReceiveOperation& operation, int socket, bool wait_first) {
  const std::uint64_t user_data = operations_.add(operation);
  io_uring_sqe& submission = next_submission();
  io_uring_prep_recv_multishot(&submission, -1, nullptr, 0, 0);
  aim(submission, socket);
  submission.flags |= IOSQE_BUFFER_SELECT;
  submission.buf_group = ReceiveBuffers::group;
  // Saves the attempt that would find nothing.
  if (wait_first) submission.ioprio |= IORING_RECVSEND_POLL_FIRST;
  io_uring_sqe_set_data64(&submission, user_data);
}

void UringRing::send(SendOperation& operation, int socket, std::span<const iovec> pieces) {
  KODAMA_CHECK(!pieces.empty(), "a send of nothing, socket ", socket);
  const std::uint64_t user_data = operations_.add(operation);
  pieces = pieces.first(std::min(pieces.size(), pieces_max));
  if (!arena_.has_room_for(pieces.size())) submit_early();
  io_uring_sqe& submission = next_submission();
  // No MSG_WAITALL: a short completion is how the owner sees that a slow reader moves.
  if (pieces.size() == 1) {
    io_uring_prep_send(&submission, -1, pieces[0].iov_base, std::min(pieces[0].iov_len, single_send_bytes_max),
                       MSG_NOSIGNAL);
  } else {
    io_uring_prep_sendmsg(&submission, -1, arena_.add(pieces), MSG_NOSIGNAL);
  }
  aim(submission, socket);
  io_uring_sqe_set_data64(&submission, user_data);
}

void UringRing::cancel(Operation& operation) {
  if (!operation.in_kernel()) return;
  const std::uint64_t user_data = operations_.user_data(operation);
  io_uring_sqe& submission = next_submission();
  io_uring_prep_cancel64(&submission, user_data, 0);
  submission.flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(&submission, tagged(tag_ignored));
}

// By a descriptor that lives until its completion is reaped: a shutdown of io_uring's always goes to a worker thread.
void UringRing::half_close(int socket) {
  if (!is_slot(socket)) {
    ::shutdown(socket, SHUT_WR);
    return;
  }
  io_uring_sqe& submission = next_submission();
  io_uring_prep_rw(operation_fixed_fd_install, &submission, -1, nullptr, 0, 0);
  aim(submission, socket);
  io_uring_sqe_set_data64(&submission, tagged(tag_installed));
}

void UringRing::close(int socket, bool reset) {
  if (!is_slot(socket)) {
    if (reset) ::setsockopt(socket, SOL_SOCKET, SO_LINGER, &no_linger, sizeof no_linger);
    ::close(socket);
    return;
  }
  // Not linked: the kernel carries both out while it takes them, in order.
  if (reset) {
    io_uring_sqe& option = next_submission();
    io_uring_prep_rw(IORING_OP_URING_CMD, &option, -1, nullptr, 0, socket_command_setsockopt);
    option.addr = std::uint64_t{SO_LINGER} << 32 | SOL_SOCKET;
    option.file_index = sizeof no_linger;
    option.addr3 = reinterpret_cast<std::uintptr_t>(&no_linger);
    aim(option, socket);
    option.flags |= IOSQE_CQE_SKIP_SUCCESS;
    io_uring_sqe_set_data64(&option, tagged(tag_ignored));
  }
  io_uring_sqe& submission = next_submission();
  io_uring_prep_close_direct(&submission, static_cast<unsigned>(slot_index(socket)));
  submission.flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(&submission, tagged(tag_ignored));
}

void UringRing::wake(Ring& sleeper) {
  auto& other = static_cast<UringRing&>(sleeper);  // all rings of a process are of one kind
  if (&other == this) {
    woken_ = true;
    return;
  }
  if (options_.wake == UringOptions::Wake::eventfd) return write_eventfd(other.eventfd_.get());
  io_uring_sqe& submission = next_submission();
  io_uring_prep_msg_ring(&submission, other.ring_.ring_fd, 0, tagged(tag_woken), 0);
  submission.flags |= IOSQE_CQE_SKIP_SUCCESS;
  io_uring_sqe_set_data64(&submission, tagged(tag_wake_failed, other.eventfd_.get()));
}

void UringRing::wake_from_any_thread() const { write_eventfd(eventfd_.get()); }

// --- Submitting and waiting ------------------------------------------------------------------------------------------

io_uring_sqe& UringRing::next_submission() {
  io_uring_sqe* submission = io_uring_get_sqe(&ring_);
  if (submission == nullptr) {
    submit_early();
    submission = io_uring_get_sqe(&ring_);
  }
  KODAMA_CHECK(submission != nullptr);
  return *submission;
}

// The queue or the arena is full in the middle of a turn. Copies completions out but runs none: the caller is a
// handler.
void UringRing::submit_early() {
  ++counts_.submit_full;
  entered(io_uring_submit(&ring_));
  while (io_uring_sq_ready(&ring_) > 0) {
    // The kernel has no memory for requests, or wants its completions collected first. This shard stands still until it
    // does; its heartbeat tells.
    entered(io_uring_submit_and_get_events(&ring_));
    reap();
    if (io_uring_sq_ready(&ring_) > 0) ::poll(nullptr, 0, retry_pause.count());
  }
  arena_.reset();
  // Sends mostly complete while they are submitted. Were the queue to overflow, every multishot would end.
  if (io_uring_cq_ready(&ring_) > ring_.cq.ring_entries / 2) reap();
}

// What the kernel does not take, for want of memory, goes with wait().
void UringRing::submit() {
  if (io_uring_sq_ready(&ring_) > 0) entered(io_uring_submit_and_get_events(&ring_));
}

void UringRing::wait(std::chrono::nanoseconds timeout) {
  if (!eventfd_armed_) arm_eventfd();
  const bool sleep = timeout.count() != 0 && reaped_.empty() && !woken_;
  const bool nothing_yet = io_uring_cq_ready(&ring_) == 0;
  if (io_uring_sq_ready(&ring_) > 0 || work_waits() || (!sleep && nothing_yet))
    entered(io_uring_submit_and_get_events(&ring_));
  // What the kernel did not take, for want of memory, must not wait for an event that may depend on it.
  const bool all_taken = io_uring_sq_ready(&ring_) == 0;
  if (all_taken) arena_.reset();
  if (sleep && io_uring_cq_ready(&ring_) == 0) block(all_taken ? timeout : retry_pause);
  gather();
  reap();
  woken_ = false;
}

// Its own system call rather than liburing's submit-and-wait, because only so it can say that this is not disk I/O:
// else an idle shard shows as 100 % iowait. The price is a second call in the turns that submit and then find nothing.
void UringRing::block(std::chrono::nanoseconds timeout) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(timeout);
  __kernel_timespec limit{.tv_sec = seconds.count(), .tv_nsec = (timeout - seconds).count()};
  io_uring_getevents_arg argument{};
  if (timeout.count() > 0) argument.ts = reinterpret_cast<std::uintptr_t>(&limit);
  unsigned flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  if (ring_fd_registered_) flags |= IORING_ENTER_REGISTERED_RING;
  if (idle_is_not_iowait()) flags |= enter_no_iowait;
  entered(io_uring_enter2(static_cast<unsigned>(ring_.enter_ring_fd), 0, 1, flags,
                          reinterpret_cast<sigset_t*>(&argument), sizeof argument));
}

bool UringRing::work_waits() const {
  return (IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

// Since Linux 6.13 an enter runs no more than max(20, min_complete) completions of a DEFER_TASKRUN ring. Asking for as
// many as stand in the queue already never waits, and doubles the take each time: 300 in five calls. (A larger number
// with a timeout of zero takes them in one, but costs a timer, 4 µs, whenever there are fewer.)
void UringRing::gather() {
  unsigned ready = io_uring_cq_ready(&ring_);
  for (int round = 0; round < gather_rounds_max && work_waits(); ++round) {
    if (ready >= batch_max || ready >= ring_.cq.ring_entries / 2) return;
    entered(ready == 0 ? io_uring_get_events(&ring_) : io_uring_submit_and_wait(&ring_, ready));
    const unsigned before = std::exchange(ready, io_uring_cq_ready(&ring_));
    if (ready == before) return;  // the flag may stay set with nothing behind it
  }
}

// After every enter. `result` is what liburing returned: a negative errno when nothing was submitted.
void UringRing::entered(int result) {
  ++counts_.enters;
  // It is the kernel's list of what did not fit: nothing is lost, but the multishots whose results are in it have
  // ended.
  if (io_uring_cq_has_overflow(&ring_)) ++counts_.overflows;
  if (result >= 0) return;
  const int error = -result;
  if (error == EBADR) ++counts_.overflows;  // even that list had no memory
  // The time is up, a signal, no memory for requests just now, completions to be collected first: the next turn goes
  // on.
  const bool harmless = error == ETIME || error == EINTR || error == EAGAIN || error == EBUSY || error == EBADR;
  KODAMA_CHECK(harmless, "io_uring_enter: errno ", error, " (17: a ring was used by a thread that did not create it)");
}

void UringRing::arm_eventfd() {
  io_uring_sqe& submission = next_submission();
  io_uring_prep_poll_multishot(&submission, eventfd_.get(), POLLIN);
  io_uring_sqe_set_data64(&submission, tagged(tag_eventfd));
  eventfd_armed_ = true;
}

// --- Completing ------------------------------------------------------------------------------------------------------

void UringRing::reap() {
  unsigned head = 0;
  unsigned count = 0;
  const io_uring_cqe* completion = nullptr;
  io_uring_for_each_cqe(&ring_, head, completion) {
    take(*completion);
    ++count;
  }
  io_uring_cq_advance(&ring_, count);
  counts_.completions += count;
}

void UringRing::take(const io_uring_cqe& completion) {
  switch (static_cast<std::uint32_t>(completion.user_data)) {
    case tag_woken: woken_ = true; return;
    case tag_wake_failed:
      // The target's queue is full, or this kernel has no ring messages: wakes are never lost, so the other way.
      write_eventfd(static_cast<int>(completion.user_data >> 32));
      return;
    case tag_eventfd: {
      std::uint64_t count = 0;
      [[maybe_unused]] const auto got = ::read(eventfd_.get(), &count, sizeof count);
      woken_ = true;
      if ((completion.flags & IORING_CQE_F_MORE) == 0) eventfd_armed_ = false;
      return;
    }
    case tag_ignored: return;
    case tag_installed: return half_close_installed(completion.res);
    default: reaped_.push_back({completion.user_data, completion.res, completion.flags});
  }
}

std::size_t UringRing::run() {
  KODAMA_CHECK(!running_now_, "a handler called run()");
  running_now_ = true;
  std::swap(reaped_, running_);
  for (const Completion& completion : running_) dispatch(completion);
  const std::size_t count = running_.size();
  running_.clear();
  buffers_.take_back();
  running_now_ = false;
  return count;
}

void UringRing::dispatch(const Completion& completion) {
  const bool more = (completion.flags & IORING_CQE_F_MORE) != 0;
  const int error = completion.result < 0 ? -completion.result : 0;
  const auto count = static_cast<std::size_t>(std::max(completion.result, 0));
  // Lent also when nobody takes it any more: only what was lent goes back to the kernel.
  std::span<std::uint8_t> bytes;
  if ((completion.flags & IORING_CQE_F_BUFFER) != 0)
    bytes = buffers_.lend(completion.flags >> IORING_CQE_BUFFER_SHIFT, count);

  Operation* operation = operations_.find(completion.user_data);
  if (operation == nullptr) return;
  if (!more) operations_.remove(*operation);
  switch (operation->type()) {
    case Operation::Type::accept: {
      auto* accept = static_cast<AcceptOperation*>(operation);
      const int socket = accept->into_slots ? socket_in_slot(completion.result) : completion.result;
      return accept->complete({.socket = error == 0 ? socket : -1, .error = error, .more = more});
    }
    case Operation::Type::receive:
      if (error == ENOBUFS) ++counts_.buffers_exhausted;
      return static_cast<ReceiveOperation*>(operation)->complete(
          {.bytes = bytes, .error = means_again(error) ? ENOBUFS : error, .more = more});
    case Operation::Type::send:
      return static_cast<SendOperation*>(operation)->complete(
          {.bytes = count, .error = means_again(error) ? 0 : error});
  }
}

}  // namespace broker::io
