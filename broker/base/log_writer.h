// SPDX-License-Identifier: Apache-2.0
// Writes what the sinks hold to one descriptor, a line a record, from a thread of its own that sleeps while there is
// nothing to write. A descriptor that takes no more stops this thread only.
// Thread: open_sink(), start() and stop() the thread that made it, before and after the other threads run.
// Owns: the sinks. Borrows: the descriptor, whose flags it leaves as they are.
// Errors: a line that cannot be written is counted in lines_lost(). What a full sink drops is a line of its own.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "broker/base/log.h"
#include "broker/base/log_format.h"
#include "broker/base/owned_fd.h"

namespace broker::base {

struct LogOptions {
  LogLevel level = LogLevel::info;
  LogFormat format = LogFormat::text;
  int fd = 2;
  // How long stop() waits for a descriptor that takes nothing.
  std::chrono::milliseconds flush_time = std::chrono::seconds(1);
};

class LogWriter final : private LogWake {
 public:
  explicit LogWriter(const LogOptions&);
  ~LogWriter() { stop(); }
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;

  // The name is shown in each line as `thread`. Requires: start() was not called. What is logged earlier waits.
  [[nodiscard]] LogSink& open_sink(std::string thread_name);
  void start();
  // Of all sinks, from now on. The thread that opened them.
  void set_level(LogLevel level);
  // Writes what is left, also when start() was never called. Requires: nobody logs any more.
  void stop();

  [[nodiscard]] std::uint64_t lines_lost() const { return lines_lost_.load(std::memory_order_relaxed); }

 private:
  void wake() noexcept override;
  void run();
  bool drain();  // true: there was something
  void report_drops(LogSink&);
  void put(const LogRecord&, std::string_view thread_name);
  void flush();
  bool wait_for_room();

  const LogOptions options_;
  OwnedFd event_;  // an eventfd; written by wake() and stop()
  std::vector<std::unique_ptr<LogSink>> sinks_;
  std::thread thread_;
  std::atomic<bool> stopping_{false};
  std::atomic<std::uint64_t> lines_lost_{0};

  // The writing thread's.
  std::string pending_;
  std::optional<std::chrono::steady_clock::time_point> give_up_at_;
};

}  // namespace broker::base
