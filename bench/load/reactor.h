// SPDX-License-Identifier: Apache-2.0
// The sockets of the load generator over one io_uring: connects, multishot receives into a ring of buffers, one send in
// flight a socket.
//
// Thread: the one that makes it. Owns: the descriptors, the receive buffers, what waits to be sent. Borrows: the
// handlers, which outlive their sockets. Errors: the ring's setup fails with what to do about it; a socket's come by
// on_closed(). Limits: Options::sockets_max sockets at a time. Handlers may call everything but poll().
#pragma once

#include <liburing.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/load/address.h"

namespace bench::load {

class Reactor {
 public:
  using Id = std::uint32_t;
  static constexpr Id none = UINT32_MAX;

  class Handler {
   public:
    virtual void on_connected(std::string& out) = 0;
    // The bytes live until it returns. What is appended to `out` is sent.
    virtual void on_bytes(std::span<const char> bytes, std::string& out) = 0;
    // Once, at the end, also after close(): the id may be another's from then on. `error`: an errno; 0 is the peer's
    // orderly end or our own.
    virtual void on_closed(int error) = 0;

   protected:
    ~Handler() = default;
  };

  struct Options {
    std::uint32_t sockets_max = 1024;
    bool spin = true;  // poll() returns at once
  };
  struct Connect {
    Address to;
    Address from;                  // bytes 0: the kernel's choice
    int receive_buffer_bytes = 0;  // 0: the kernel's choice
    bool multishot = true;         // false for sockets that are paused some day
  };

  // Null, and why, when the kernel does not give the ring.
  static std::unique_ptr<Reactor> make(const Options& options, std::string& error);
  ~Reactor();
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;

  // `none`, and errno, when there is no descriptor or address left.
  Id connect(const Connect& connect, Handler& handler);
  // What is to be sent next; flush() after appending to it.
  [[nodiscard]] std::string& out(Id id) { return sockets_[id].pending; }
  void flush(Id id);
  // Nothing is read any more. Requires: not multishot.
  void pause(Id id) { sockets_[id].paused = true; }
  void close(Id id);

  // Sends what waits and handles what completed. Without spin it sleeps up to `until_ns` (CLOCK_MONOTONIC) for
  // something to complete. Returns how many completions there were.
  std::size_t poll(std::int64_t until_ns);
  // When the last poll() had its completions: read once for all of them.
  [[nodiscard]] std::int64_t now_ns() const { return now_ns_; }

 private:
  enum class Kind : std::uint8_t { connect, receive, send };
  struct Socket {
    Handler* handler = nullptr;
    std::string pending;
    std::string sending;  // in the kernel's hands while a send is in flight
    std::size_t sent = 0;
    Address to;  // the kernel reads it after connect() returned
    int descriptor = -1;
    int error = 0;
    std::uint8_t in_kernel = 0;  // operations that will still complete
    bool multishot = true;
    bool connected = false;
    bool send_in_flight = false;
    bool dirty = false;
    bool paused = false;
    bool starved = false;
    bool closing = false;
  };

  explicit Reactor(const Options& options);
  bool start(std::string& error);
  io_uring_sqe* next_sqe();
  void tag(io_uring_sqe* sqe, Kind kind, Id id);
  void arm_receive(Id id);
  void arm_send(Id id);
  void send_what_waits();
  void rearm_starved();
  void enter(std::int64_t until_ns);
  void complete(const io_uring_cqe& cqe);
  void on_connect(Id id, int result);
  void on_receive(Id id, int result, std::uint32_t flags);
  void on_send(Id id, int result);
  void end(Id id, int error);
  void release_if_done(Id id);
  void recycle(std::uint16_t buffer);
  char* buffer_at(std::uint16_t buffer);

  Options options_;
  io_uring ring_{};
  bool started_ = false;
  io_uring_buf_ring* buffer_ring_ = nullptr;
  std::size_t buffer_ring_bytes_ = 0;
  std::unique_ptr<char[]> buffers_;
  int recycled_ = 0;
  std::vector<Socket> sockets_;
  std::vector<Id> free_;
  std::vector<Id> dirty_;
  std::vector<Id> flushing_;
  std::vector<Id> starved_;  // found no buffer: armed again when the batch's are back
  std::int64_t now_ns_ = 0;
};

}  // namespace bench::load
