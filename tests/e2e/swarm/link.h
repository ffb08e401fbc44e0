// SPDX-License-Identifier: Apache-2.0
// A non-blocking TCP connection to the server, plain or TLS 1.3, on one epoll loop.
// Thread: the program's only one.
// Owns: Link its socket; Loop the epoll instance and the links that are given up within a callback.
// Errors: a lost connection is told once, by on_lost(); a link that was dropped tells nothing more.
#pragma once

#include <netinet/in.h>
#include <openssl/ssl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace swarm {

class Link;

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Waits at most so long, runs what happened, then sends what was written.
  void run_once(int timeout_ms);

 private:
  friend class Link;
  int epoll_;
  std::vector<char> scratch_;  // where every link reads to; what is not consumed a link keeps itself
  std::vector<Link*> written_;
  std::vector<std::unique_ptr<Link>> buried_;
};

// How to reach the server.
class Dialer {
 public:
  // `certificate` is what the server must show, as a PEM file; empty: plain TCP.
  Dialer(std::uint16_t port, const std::string& certificate);
  ~Dialer();
  Dialer(const Dialer&) = delete;
  Dialer& operator=(const Dialer&) = delete;
  [[nodiscard]] bool secure() const { return tls_ != nullptr; }
  [[nodiscard]] bool usable() const { return usable_; }
  [[nodiscard]] std::string host() const { return "127.0.0.1:" + std::to_string(ntohs(address_.sin_port)); }

 private:
  friend class Link;
  sockaddr_in address_{};
  SSL_CTX* tls_ = nullptr;
  bool usable_ = true;
};

class Link {
 public:
  class Events {
   public:
    virtual void on_open() = 0;
    // Returns how much was consumed; the rest comes again with more behind it.
    virtual std::size_t on_bytes(std::string_view bytes) = 0;
    virtual void on_lost(std::string_view why) = 0;

   protected:
    ~Events() = default;
  };
  struct Extra {
    int receive_buffer_bytes;  // 0: the system's choice
  };

  // Connects; `events` hears of it.
  [[nodiscard]] static std::unique_ptr<Link> open(Loop& loop, const Dialer& dialer, Events& events, Extra extra) {
    return std::unique_ptr<Link>(new Link(loop, dialer, events, extra));
  }
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  void send(std::string_view bytes);
  void pause(bool paused);
  // Gives a link up, also from within its own callbacks. With `reset` the peer sees RST instead of FIN.
  static void drop(std::unique_ptr<Link> link, bool reset);

 private:
  friend class Loop;
  Link(Loop& loop, const Dialer& dialer, Events& events, Extra extra);
  enum class State { connecting, handshaking, open, dead };

  void on_event(std::uint32_t events);
  void on_connected();
  void shake_hands();
  void read();
  // What recv(2) would return, with errno.
  [[nodiscard]] long receive(char* to, std::size_t size);
  void flush();
  void watch();
  void lose(std::string_view why);

  Loop& loop_;
  Events& events_;
  int fd_ = -1;
  SSL* ssl_ = nullptr;
  State state_ = State::connecting;
  bool paused_ = false;
  bool written_ = false;  // on the loop's list
  std::uint32_t watched_ = 0;
  std::string out_;
  std::size_t out_sent_ = 0;
  std::string kept_;
};

}  // namespace swarm
