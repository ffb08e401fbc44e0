// SPDX-License-Identifier: Apache-2.0
#include "bench/floor/server.h"

#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace bench::floor {
namespace {

constexpr unsigned completions = 16384;
constexpr unsigned batch_max = 4096;
constexpr unsigned made_at_once = 20;
constexpr std::size_t connections_max = 65536;
constexpr int group = 0;

// DEFER_TASKRUN: completions are made only in an enter that asks for them, or while their submission is taken.
// SUBMIT_ALL: a bad submission does not hold up those behind it. No TASKRUN_FLAG: it costs two atomic operations a
// wake, liburing's submit takes it for a wish to have completions made, and it can stay set when there is nothing left.
constexpr unsigned setup_flags =
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, connections_max);
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) refuse("setrlimit(RLIMIT_NOFILE)", errno);
  return limit.rlim_cur;
}

}  // namespace

void refuse(const char* what, int error) {
  std::fprintf(stderr, "bench_floor: %s: %s\n", what, std::strerror(error));
  std::exit(1);
}

Server::Server(const Options& options, const Shape& shape)
    : shape_(shape), direct_(options.method == Options::Method::uring), connections_(raise_descriptor_limit()) {
  open_listener(options);
  open_signals();
  io_uring_params parameters{};
  parameters.flags = setup_flags;
  parameters.cq_entries = completions;
  if (const int error = io_uring_queue_init_params(shape.submissions, &ring_, &parameters); error != 0)
    refuse("io_uring_queue_init", -error);
  if (const int error = io_uring_register_files_sparse(&ring_, static_cast<unsigned>(capacity())); error != 0)
    refuse("io_uring_register_files_sparse", -error);
  io_uring_register_ring_fd(&ring_);
  open_buffers();
  tick_ = {.tv_sec = shape.tick / std::chrono::seconds(1), .tv_nsec = (shape.tick % std::chrono::seconds(1)).count()};
}

Server::~Server() { io_uring_queue_exit(&ring_); }

void Server::open_listener(const Options& options) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(listener_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // what is accepted inherits it
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&options.listen), sizeof options.listen) != 0)
    refuse("bind", errno);
  if (::listen(listener_, 65535) != 0) refuse("listen", errno);
}

void Server::open_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  signals_ = ::signalfd(-1, &set, SFD_CLOEXEC);
  if (signals_ < 0) refuse("signalfd", errno);
}

void Server::open_buffers() {
  buffers_.resize(std::size_t{shape_.buffers} * shape_.buffer_bytes);
  const std::size_t ring_bytes = shape_.buffers * sizeof(io_uring_buf);
  void* memory = ::mmap(nullptr, ring_bytes, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (memory == MAP_FAILED) refuse("mmap", errno);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uintptr_t>(memory);
  registration.ring_entries = shape_.buffers;
  registration.bgid = group;
  if (const int error = io_uring_register_buf_ring(&ring_, &registration, 0); error != 0)
    refuse("io_uring_register_buf_ring", -error);
  buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_ring_init(buffer_ring_);
  taken_ = shape_.buffers;
  for (unsigned buffer = 0; buffer < shape_.buffers; ++buffer) give_back(static_cast<std::uint16_t>(buffer));
}

int Server::run() {
  arm_accept();
  io_uring_sqe& signal = next();
  io_uring_prep_poll_add(&signal, signals_, POLLIN);
  label(signal, Operation::signal, 0, 0);
  if (shape_.tick.count() > 0) arm_tick();
  io_uring_submit(&ring_);
  std::puts("ready");
  std::fflush(stdout);
  while (!stopping_) {
    wait();
    reap();
    on_turn();
    end_turn();
  }
  ::shutdown(listener_, SHUT_RDWR);  // a dead ring is taken apart some time later; until then it would hold the port
  return 0;
}

// --- What the floors do ----------------------------------------------------------------------------------------------

// A send that passes on everything makes no completion: it has run, and its bytes are copied, when enter() has taken
// it. MSG_WAITALL makes a failure, and so a completion, of a short one; MSG_DONTWAIT keeps it from waiting for room.
void Server::send(int slot, std::string_view bytes) {
  if (direct_) {
    io_uring_sqe& submission = next();
    io_uring_prep_send(&submission, slot, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT | MSG_WAITALL);
    label(submission, Operation::send, slot, IOSQE_FIXED_FILE | IOSQE_CQE_SKIP_SUCCESS);
    return;
  }
  const ssize_t sent = ::send(slot, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (sent == static_cast<ssize_t>(bytes.size())) return;
  if (sent >= 0 || errno == EAGAIN) on_short(slot, static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
}

void Server::send_rest(int slot, std::string_view bytes) {
  connections_[static_cast<std::size_t>(slot)].rest = true;
  io_uring_sqe& submission = next();
  io_uring_prep_send(&submission, slot, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_WAITALL);
  label(submission, Operation::rest, slot, slot_flags());
}

void Server::drop(int slot) {
  io_uring_sqe& submission = next();
  io_uring_prep_shutdown(&submission, slot, SHUT_RDWR);
  label(submission, Operation::quiet, slot, slot_flags());
}

void Server::give_back(std::uint16_t buffer) {
  io_uring_buf_ring_add(buffer_ring_, buffers_.data() + std::size_t{buffer} * shape_.buffer_bytes, shape_.buffer_bytes,
                        buffer, io_uring_buf_ring_mask(shape_.buffers), 0);
  io_uring_buf_ring_advance(buffer_ring_, 1);
  --taken_;
}

void Server::flush() {
  do {
    io_uring_submit(&ring_);
  } while (io_uring_sq_ready(&ring_) > 0);
}

void Server::submit() {
  flush();
  if (io_uring_cq_ready(&ring_) > 0) reap();
}

// --- The ring --------------------------------------------------------------------------------------------------------

io_uring_sqe& Server::next() {
  io_uring_sqe* submission = io_uring_get_sqe(&ring_);
  while (submission == nullptr) {
    io_uring_submit(&ring_);
    submission = io_uring_get_sqe(&ring_);
  }
  return *submission;
}

void Server::label(io_uring_sqe& submission, Operation operation, int slot, unsigned flags) {
  submission.flags = static_cast<std::uint8_t>(flags);
  submission.user_data = std::uint64_t{static_cast<std::uint32_t>(operation)} << 32 | static_cast<std::uint32_t>(slot);
}

unsigned Server::slot_flags() const { return direct_ ? IOSQE_FIXED_FILE : 0; }

// Sleeps until there is a completion. Since Linux 6.13 an enter makes no more than max(20, min_complete) of them: after
// as many as that there may be more. To ask for as many as stand in the queue already never waits, and doubles the
// take.
void Server::wait() {
  do {
    io_uring_submit_and_wait(&ring_, 1);
  } while (io_uring_sq_ready(&ring_) > 0);
  unsigned expected = made_at_once;
  for (unsigned ready = io_uring_cq_ready(&ring_); ready >= expected && ready < batch_max;) {
    expected = 2 * ready;
    io_uring_submit_and_wait(&ring_, ready);
    ready = io_uring_cq_ready(&ring_);
  }
}

void Server::reap() {
  unsigned head = 0;
  unsigned count = 0;
  const io_uring_cqe* completion = nullptr;
  io_uring_for_each_cqe(&ring_, head, completion) {
    handle(*completion);
    ++count;
  }
  io_uring_cq_advance(&ring_, count);
}

void Server::handle(const io_uring_cqe& completion) {
  const auto slot = static_cast<int>(static_cast<std::uint32_t>(completion.user_data));
  switch (static_cast<Operation>(completion.user_data >> 32)) {
    case Operation::accept: return accepted(completion);
    case Operation::receive: return received(slot, completion);
    case Operation::send: {
      const Connection& connection = connections_[static_cast<std::size_t>(slot)];
      // Any other failure is the connection's end, which its receive tells.
      if (connection.open && !connection.ended && (completion.res >= 0 || completion.res == -EAGAIN))
        on_short(slot, static_cast<std::size_t>(std::max(completion.res, 0)));
      return;
    }
    case Operation::rest: connections_[static_cast<std::size_t>(slot)].rest = false; return on_rest_ended(slot);
    case Operation::tick: arm_tick(); return on_tick();
    case Operation::signal: stopping_ = true; return;
    case Operation::quiet: return;
  }
}

// --- A connection's life ---------------------------------------------------------------------------------------------

void Server::arm_accept() {
  io_uring_sqe& submission = next();
  if (direct_) {
    io_uring_prep_multishot_accept_direct(&submission, listener_, nullptr, nullptr, 0);
  } else {
    io_uring_prep_multishot_accept(&submission, listener_, nullptr, nullptr, SOCK_CLOEXEC);
  }
  label(submission, Operation::accept, 0, 0);
  accepting_ = true;
}

void Server::accepted(const io_uring_cqe& completion) {
  accepting_ = (completion.flags & IORING_CQE_F_MORE) != 0;
  const int slot = completion.res;
  if (slot < 0) {
    // Full: goes on when a connection has been closed.
    if (!accepting_ && slot != -ENFILE && slot != -EMFILE) arm_accept();
    return;
  }
  connections_[static_cast<std::size_t>(slot)] = {.open = true};
  arm_receive(slot);
  if (!accepting_) arm_accept();
}

// Waits for the socket before it looks into it: what has been accepted just now has mostly sent nothing yet.
void Server::arm_receive(int slot) {
  io_uring_sqe& submission = next();
  if (shape_.receive_after_upgrade) {
    io_uring_prep_recv_multishot(&submission, slot, nullptr, 0, 0);
  } else {
    io_uring_prep_recv(&submission, slot, nullptr, shape_.buffer_bytes, 0);
  }
  submission.ioprio |= IORING_RECVSEND_POLL_FIRST;
  label(submission, Operation::receive, slot, slot_flags() | IOSQE_BUFFER_SELECT);
  submission.buf_group = group;
}

void Server::received(int slot, const io_uring_cqe& completion) {
  Connection& connection = connections_[static_cast<std::size_t>(slot)];
  if (completion.res > 0) {
    const auto buffer = static_cast<std::uint16_t>(completion.flags >> IORING_CQE_BUFFER_SHIFT);
    const std::string_view bytes(buffers_.data() + std::size_t{buffer} * shape_.buffer_bytes,
                                 static_cast<std::size_t>(completion.res));
    ++taken_;
    if (on_bytes({.slot = slot, .buffer = buffer, .bytes = bytes}) == Buffer::done) give_back(buffer);
  }
  if ((completion.flags & IORING_CQE_F_MORE) != 0) return;
  if (completion.res > 0) {
    if (shape_.receive_after_upgrade || !connection.upgraded) arm_receive(slot);
  } else if (completion.res == -ENOBUFS) {
    starved_.push_back(slot);
  } else {
    connection.ended = true;
    ended_.push_back(slot);
    on_left(slot);
    if (connection.rest) drop(slot);  // it would wait for room for ever
  }
}

void Server::arm_tick() {
  io_uring_sqe& submission = next();
  io_uring_prep_timeout(&submission, &tick_, 0, 0);
  label(submission, Operation::tick, 0, 0);
}

// After a turn's completions, so that none of them meets the slot's next connection.
void Server::end_turn() {
  if (taken_ < shape_.buffers) {
    for (const int slot : starved_) arm_receive(slot);
    starved_.clear();
  }
  if (ended_.empty()) return;
  std::erase_if(ended_, [this](int slot) {
    Connection& connection = connections_[static_cast<std::size_t>(slot)];
    if (connection.rest) return false;
    connection = {};
    if (direct_) {
      io_uring_sqe& submission = next();
      io_uring_prep_close_direct(&submission, static_cast<unsigned>(slot));
      label(submission, Operation::quiet, slot, IOSQE_CQE_SKIP_SUCCESS);
    } else {
      ::close(slot);
    }
    return true;
  });
  if (!accepting_) arm_accept();
}

}  // namespace bench::floor
