// SPDX-License-Identifier: Apache-2.0
// What all floors have in common: a listener, an io_uring, and the life of a connection from accept to close. A slot
// names a connection: an index of the ring's registered files, or a descriptor where send(2) is the method.
//
//     accept (multishot) -> receive (armed until it ends) -> on_bytes ... -> the receive ends -> on_left -> close
//
// Thread: one. Owns: the ring, the sockets, the receive buffers. Errors: what the system refuses at the start ends the
// program; a connection that fails is closed. Limits: the hard limit of descriptors, at most 65,536.
#pragma once

#include <liburing.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "bench/floor/options.h"

namespace bench::floor {

class Server {
 public:
  struct Shape {
    unsigned submissions = 1024;
    unsigned buffers = 1024;  // a power of two
    unsigned buffer_bytes = 2048;
    bool receive_after_upgrade = true;  // false: a connection that leaves is not noticed
    std::chrono::nanoseconds tick{0};
  };

  Server(const Options& options, const Shape& shape);
  virtual ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  int run();

 protected:
  enum class Buffer { done, kept };  // kept: to be given back later
  struct Received {
    int slot;
    std::uint16_t buffer;
    std::string_view bytes;
  };

  virtual Buffer on_bytes(const Received& received) = 0;
  virtual void on_left(int /*slot*/) {}
  // send() could not pass on everything at once. Not called for a connection that is gone.
  virtual void on_short(int /*slot*/, std::size_t /*sent*/) {}
  // A send_rest() has ended, in whatever way.
  virtual void on_rest_ended(int /*slot*/) {}
  virtual void on_tick() {}
  virtual void on_turn() {}  // every completion of this turn has been handled

  // At once or on_short(). The bytes must stay until the next turn, or until flush() returns.
  void send(int slot, std::string_view bytes);
  // Waits for room in the socket. The bytes must stay until on_rest_ended().
  void send_rest(int slot, std::string_view bytes);
  void drop(int slot);  // its receive ends, and with it the connection
  void give_back(std::uint16_t buffer);
  void set_upgraded(int slot) { connections_[static_cast<std::size_t>(slot)].upgraded = true; }
  [[nodiscard]] bool upgraded(int slot) const { return connections_[static_cast<std::size_t>(slot)].upgraded; }
  [[nodiscard]] std::size_t capacity() const { return connections_.size(); }
  // Passes on what has been given to send() up to here.
  void flush();
  // The same, and handles what completed meanwhile: the sends that were short. From on_turn() only.
  void submit();

 private:
  enum class Operation : std::uint32_t { accept, receive, send, rest, quiet, tick, signal };
  struct Connection {
    bool open = false;
    bool upgraded = false;
    bool ended = false;  // its receive has ended
    bool rest = false;   // a send_rest() is in the kernel
  };

  void open_listener(const Options& options);
  void open_signals();
  void open_buffers();
  io_uring_sqe& next();
  static void label(io_uring_sqe& submission, Operation operation, int slot, unsigned flags);
  [[nodiscard]] unsigned slot_flags() const;
  void wait();
  void reap();
  void handle(const io_uring_cqe& completion);
  void arm_accept();
  void arm_receive(int slot);
  void arm_tick();
  void accepted(const io_uring_cqe& completion);
  void received(int slot, const io_uring_cqe& completion);
  void end_turn();

  const Shape shape_;
  const bool direct_;  // registered files instead of descriptors
  io_uring ring_{};
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::vector<char> buffers_;
  std::vector<Connection> connections_;
  std::vector<int> ended_;
  std::vector<int> starved_;  // there was no buffer for them
  unsigned taken_ = 0;        // buffers that the kernel may not fill
  __kernel_timespec tick_{};
  int listener_ = -1;
  int signals_ = -1;
  bool accepting_ = false;
  bool stopping_ = false;
};

}  // namespace bench::floor
