// SPDX-License-Identifier: Apache-2.0
#include "bench/load/reactor.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "bench/load/usage.h"

namespace bench::load {
namespace {

constexpr unsigned submissions = 4096;
constexpr unsigned completions = 65536;
// A turn reaps few completions and gives all of their buffers back: more of them would only be colder.
constexpr unsigned buffers = 128;  // a power of two
constexpr std::size_t buffer_bytes = 16384;
// Without it the first lines of all buffers would share few sets of the caches.
constexpr std::size_t buffer_stride = buffer_bytes + 5 * 64;
constexpr std::size_t rearmed_a_turn_max = 16;
constexpr std::uint16_t buffer_group = 0;
constexpr int ipv4_bind_without_port = 24;  // IP_BIND_ADDRESS_NO_PORT

}  // namespace

std::unique_ptr<Reactor> Reactor::make(const Options& options, std::string& error) {
  std::unique_ptr<Reactor> reactor(new Reactor(options));
  if (!reactor->start(error)) return nullptr;
  return reactor;
}

Reactor::Reactor(const Options& options) : options_(options) {
  sockets_.resize(options.sockets_max);
  free_.reserve(options.sockets_max);
  for (Id id = options.sockets_max; id-- > 0;) free_.push_back(id);
}

bool Reactor::start(std::string& error) {
  io_uring_params params{};
  // TASKRUN_FLAG: busy polling sees in shared memory whether there is anything to enter the kernel for.
  params.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG |
                 IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
  params.cq_entries = completions;
  int result = io_uring_queue_init_params(submissions, &ring_, &params);
  if (result < 0) {
    error = std::string("io_uring: ") + std::strerror(-result) +
            " (Linux 6.1 or newer; kernel.io_uring_disabled=0; ulimit -l)";
    return false;
  }
  started_ = true;
  io_uring_register_ring_fd(&ring_);
  buffer_ring_bytes_ = buffers * sizeof(io_uring_buf);
  void* memory = mmap(nullptr, buffer_ring_bytes_, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  if (memory == MAP_FAILED) {
    error = "no memory for the ring of buffers";
    return false;
  }
  buffer_ring_ = static_cast<io_uring_buf_ring*>(memory);
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<std::uint64_t>(memory);
  registration.ring_entries = buffers;
  registration.bgid = buffer_group;
  result = io_uring_register_buf_ring(&ring_, &registration, 0);
  if (result < 0) {
    error = std::string("io_uring's ring of buffers: ") + std::strerror(-result);
    return false;
  }
  io_uring_buf_ring_init(buffer_ring_);
  buffers_ = std::make_unique<char[]>(buffers * buffer_stride);
  for (std::uint16_t buffer = 0; buffer < buffers; ++buffer) recycle(buffer);
  io_uring_buf_ring_advance(buffer_ring_, std::exchange(recycled_, 0));
  now_ns_ = monotonic_ns();
  return true;
}

Reactor::~Reactor() {
  for (const Socket& socket : sockets_) {
    if (socket.descriptor >= 0) ::close(socket.descriptor);
  }
  if (started_) io_uring_queue_exit(&ring_);
  if (buffer_ring_ != nullptr) munmap(buffer_ring_, buffer_ring_bytes_);
}

char* Reactor::buffer_at(std::uint16_t buffer) { return buffers_.get() + buffer * buffer_stride; }

void Reactor::recycle(std::uint16_t buffer) {
  io_uring_buf_ring_add(buffer_ring_, buffer_at(buffer), buffer_bytes, buffer, io_uring_buf_ring_mask(buffers),
                        recycled_++);
}

std::size_t Reactor::poll(std::int64_t until_ns) {
  send_what_waits();
  enter(until_ns);
  now_ns_ = monotonic_ns();
  unsigned head;
  unsigned count = 0;
  io_uring_cqe* cqe;
  io_uring_for_each_cqe(&ring_, head, cqe) {
    complete(*cqe);
    ++count;
  }
  io_uring_cq_advance(&ring_, count);
  if (recycled_ != 0) io_uring_buf_ring_advance(buffer_ring_, std::exchange(recycled_, 0));
  rearm_starved();
  return count;
}

// All at once they would take all of the buffers at once, and starve again.
void Reactor::rearm_starved() {
  const std::size_t count = std::min(starved_.size(), rearmed_a_turn_max);
  for (std::size_t at = 0; at < count; ++at) {
    const Id id = starved_[at];
    if (std::exchange(sockets_[id].starved, false) && !sockets_[id].closing) arm_receive(id);
  }
  starved_.erase(starved_.begin(), starved_.begin() + static_cast<std::ptrdiff_t>(count));
}

void Reactor::enter(std::int64_t until_ns) {
  if (options_.spin) {
    if (io_uring_sq_ready(&ring_) != 0 ||
        (IO_URING_READ_ONCE(*ring_.sq.kflags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0) {
      io_uring_submit_and_get_events(&ring_);
    }
    return;
  }
  const std::int64_t left = starved_.empty() ? std::max<std::int64_t>(0, until_ns - monotonic_ns()) : 0;
  __kernel_timespec timeout{left / 1'000'000'000, left % 1'000'000'000};
  io_uring_cqe* first = nullptr;
  io_uring_submit_and_wait_timeout(&ring_, &first, 1, &timeout, nullptr);
}

void Reactor::complete(const io_uring_cqe& cqe) {
  const Id id = static_cast<Id>(cqe.user_data);
  switch (static_cast<Kind>(cqe.user_data >> 32)) {
    case Kind::connect: return on_connect(id, cqe.res);
    case Kind::receive: return on_receive(id, cqe.res, cqe.flags);
    case Kind::send: return on_send(id, cqe.res);
  }
}

io_uring_sqe* Reactor::next_sqe() {
  io_uring_sqe* sqe = io_uring_get_sqe(&ring_);
  while (sqe == nullptr) {
    io_uring_submit(&ring_);
    sqe = io_uring_get_sqe(&ring_);
  }
  return sqe;
}

// A slot is another's only when none of its operations is in the kernel, so that the id alone says whose it is.
void Reactor::tag(io_uring_sqe* sqe, Kind kind, Id id) {
  ++sockets_[id].in_kernel;
  sqe->user_data = static_cast<std::uint64_t>(kind) << 32 | id;
}

Reactor::Id Reactor::connect(const Connect& connect, Handler& handler) {
  if (free_.empty()) {
    errno = EMFILE;
    return none;
  }
  const int descriptor = ::socket(connect.to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return none;
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (connect.receive_buffer_bytes != 0) {
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &connect.receive_buffer_bytes, sizeof connect.receive_buffer_bytes);
  }
  if (connect.from.bytes != 0) {
    setsockopt(descriptor, IPPROTO_IP, ipv4_bind_without_port, &on, sizeof on);
    if (bind(descriptor, reinterpret_cast<const sockaddr*>(&connect.from.storage), connect.from.bytes) != 0) {
      const int error = errno;
      ::close(descriptor);
      errno = error;
      return none;
    }
  }
  const Id id = free_.back();
  free_.pop_back();
  Socket& socket = sockets_[id];
  socket.handler = &handler;
  socket.descriptor = descriptor;
  socket.to = connect.to;
  socket.multishot = connect.multishot;
  io_uring_sqe* sqe = next_sqe();
  io_uring_prep_connect(sqe, descriptor, reinterpret_cast<const sockaddr*>(&socket.to.storage), socket.to.bytes);
  tag(sqe, Kind::connect, id);
  return id;
}

void Reactor::on_connect(Id id, int result) {
  Socket& socket = sockets_[id];
  --socket.in_kernel;
  if (result < 0 || socket.closing) return end(id, -result);
  socket.connected = true;
  arm_receive(id);
  socket.handler->on_connected(socket.pending);
  if (!socket.pending.empty()) flush(id);
}

void Reactor::arm_receive(Id id) {
  Socket& socket = sockets_[id];
  io_uring_sqe* sqe = next_sqe();
  if (socket.multishot) {
    io_uring_prep_recv_multishot(sqe, socket.descriptor, nullptr, 0, 0);
  } else {
    io_uring_prep_recv(sqe, socket.descriptor, nullptr, 0, 0);
  }
  sqe->flags |= IOSQE_BUFFER_SELECT;
  sqe->buf_group = buffer_group;
  tag(sqe, Kind::receive, id);
}

void Reactor::on_receive(Id id, int result, std::uint32_t flags) {
  Socket& socket = sockets_[id];
  const bool more = (flags & IORING_CQE_F_MORE) != 0;
  if (result > 0) {
    const auto buffer = static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT);
    if (!socket.closing) {
      socket.handler->on_bytes({buffer_at(buffer), static_cast<std::size_t>(result)}, socket.pending);
      if (!socket.pending.empty()) flush(id);
    }
    recycle(buffer);
    if (more) [[likely]]
      return;
    --socket.in_kernel;  // not before: a handler that closes is not told of the end while it runs
    if (socket.closing) return release_if_done(id);
    if (!socket.paused) arm_receive(id);
    return;
  }
  if (!more) --socket.in_kernel;
  if ((flags & IORING_CQE_F_BUFFER) != 0) recycle(static_cast<std::uint16_t>(flags >> IORING_CQE_BUFFER_SHIFT));
  if (result == -ENOBUFS && !socket.closing) {
    socket.starved = true;
    return starved_.push_back(id);
  }
  if (result == -EAGAIN && !socket.closing) return arm_receive(id);  // what a full completion queue ends with
  end(id, -result);
}

void Reactor::flush(Id id) {
  if (std::exchange(sockets_[id].dirty, true)) return;
  dirty_.push_back(id);
}

void Reactor::send_what_waits() {
  flushing_.swap(dirty_);
  for (const Id id : flushing_) {
    Socket& socket = sockets_[id];
    socket.dirty = false;
    if (!socket.connected || socket.closing || socket.send_in_flight || socket.pending.empty()) continue;
    socket.sending.clear();
    socket.sending.swap(socket.pending);
    socket.sent = 0;
    arm_send(id);
  }
  flushing_.clear();
}

void Reactor::arm_send(Id id) {
  Socket& socket = sockets_[id];
  io_uring_sqe* sqe = next_sqe();
  io_uring_prep_send(sqe, socket.descriptor, socket.sending.data() + socket.sent, socket.sending.size() - socket.sent,
                     MSG_NOSIGNAL);
  tag(sqe, Kind::send, id);
  socket.send_in_flight = true;
}

void Reactor::on_send(Id id, int result) {
  Socket& socket = sockets_[id];
  --socket.in_kernel;
  socket.send_in_flight = false;
  if (socket.closing || result < 0) return end(id, -result);
  socket.sent += static_cast<std::size_t>(result);
  if (socket.sent < socket.sending.size()) return arm_send(id);
  if (!socket.pending.empty()) flush(id);
}

void Reactor::close(Id id) {
  Socket& socket = sockets_[id];
  if (socket.closing) return;
  end(id, 0);
}

// close(2) alone would leave the receive that holds the file, and no FIN would go out: shutdown(2) ends it.
void Reactor::end(Id id, int error) {
  Socket& socket = sockets_[id];
  if (!socket.closing) {
    socket.closing = true;
    socket.error = error;
    shutdown(socket.descriptor, SHUT_RDWR);
  }
  release_if_done(id);
}

void Reactor::release_if_done(Id id) {
  Socket& socket = sockets_[id];
  if (socket.in_kernel != 0) return;
  ::close(socket.descriptor);
  Handler* handler = socket.handler;
  const int error = socket.error;
  const bool dirty = socket.dirty;
  socket = Socket{};
  socket.dirty = dirty;  // it is still in the list
  free_.push_back(id);
  handler->on_closed(error);
}

}  // namespace bench::load
