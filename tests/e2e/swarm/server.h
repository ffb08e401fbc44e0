// SPDX-License-Identifier: Apache-2.0
// The real binary as a child process: started on free loopback ports, watched, scraped, stopped with SIGTERM.
// Thread: the program's only one. Owns: the process, and a temporary directory with its state and its log.
// Errors: sentences, to be reported by the caller.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace swarm {

class Server {
 public:
  Server() = default;
  ~Server();  // kills what still runs
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Starts it and waits for its banner. Empty: it serves.
  [[nodiscard]] std::string start(const std::string& binary, const std::vector<std::string>& arguments,
                                  std::chrono::duration<double> patience);

  [[nodiscard]] std::uint16_t http_port() const { return http_port_; }
  [[nodiscard]] std::uint16_t https_port() const { return https_port_; }
  // The PEM file of the certificate that it made for itself.
  [[nodiscard]] const std::string& certificate() const { return certificate_; }

  // /metrics as it stands now. Empty: it did not answer.
  [[nodiscard]] std::string scrape() const;
  // In bytes: resident now, and the most since mark_memory().
  [[nodiscard]] std::uint64_t resident_bytes() const { return memory("VmRSS:"); }
  [[nodiscard]] std::uint64_t resident_bytes_most() const { return memory("VmHWM:"); }
  void mark_memory() const;
  // A sanitizer's shadow and quarantine say nothing about the server's own memory.
  [[nodiscard]] bool sanitized() const;

  [[nodiscard]] bool running();
  void terminate() const;
  // After it has ended: what is wrong with how it ended, or empty.
  [[nodiscard]] std::string verdict() const;
  [[nodiscard]] std::string log() const;

 private:
  [[nodiscard]] std::string read_banner(int fd, std::chrono::duration<double> patience);
  [[nodiscard]] std::uint64_t memory(std::string_view key) const;

  pid_t pid_ = -1;
  bool ended_ = false;
  int status_ = 0;
  int stdout_fd_ = -1;
  std::string directory_;
  std::string certificate_;
  std::uint16_t http_port_ = 0;
  std::uint16_t https_port_ = 0;
  std::uint16_t admin_port_ = 0;
};

// The sum of a metric's series whose labels contain `label` (all of them when it is empty).
[[nodiscard]] double metric_sum(std::string_view exposition, std::string_view name, std::string_view label);

}  // namespace swarm
