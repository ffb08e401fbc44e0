// SPDX-License-Identifier: Apache-2.0
// The program's own log, as its threads see it: each has a LogSink of its own and never waits. A record is copied into
// the sink's queue, and LogWriter's thread formats and writes it; when the queue is full, the record is dropped and
// counted. Topics and addresses may be logged; payloads and secrets may not.
//
//     log.info("listening", {{"address", "127.0.0.1:8000"}, {"shards", 2}});
//
// Thread: each LogSink one, its owner's. Errors: none are reported to the caller.
// Limits: a record's message, keys and values share LogRecord::data_bytes_max; what does not fit is cut and marked.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

#include "broker/base/spsc_queue.h"

namespace broker::base {

enum class LogLevel : std::uint8_t { debug, info, warning, error };
[[nodiscard]] std::string_view name_of(LogLevel);

using LogValue = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool>;

struct LogField {
  LogField(std::string_view name, std::string_view text) : key(name), value(text) {}
  LogField(std::string_view name, const char* text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, const std::string& text) : key(name), value(std::string_view(text)) {}
  LogField(std::string_view name, bool flag) : key(name), value(flag) {}
  LogField(std::string_view name, std::floating_point auto number) : key(name), value(static_cast<double>(number)) {}
  LogField(std::string_view name, std::signed_integral auto number) : key(name), value(std::int64_t{number}) {}
  LogField(std::string_view name, std::unsigned_integral auto number) : key(name), value(std::uint64_t{number}) {}

  std::string_view key;
  LogValue value;
};

// A record on its way to the writer. Pieces are stored one behind the other: the message, then key and value in turn.
struct LogRecord {
  static constexpr std::size_t data_bytes_max = 1000;
  struct Piece {
    std::string_view text;
    bool bare = false;  // a number or a boolean: JSON does not quote it
  };

  LogRecord(LogLevel, std::chrono::system_clock::time_point, std::string_view message,
            std::initializer_list<LogField> fields);
  // The piece at `offset`, which is moved behind it; none at the end.
  [[nodiscard]] std::optional<Piece> next(std::size_t& offset) const;

  std::chrono::system_clock::time_point time;
  LogLevel level;
  bool cut = false;  // something did not fit

 private:
  bool append(Piece);

  std::uint16_t used_ = 0;
  std::array<char, data_bytes_max> data_;  // only the first used_ bytes are ever set
};

// How a sink wakes the writer that sleeps; shared by all sinks of a writer.
class LogWake {
 public:
  virtual void wake() noexcept = 0;  // any thread; does not block
  SleepFlag flag;

 protected:
  ~LogWake() = default;
};

class LogSink {
 public:
  static constexpr std::size_t records_max = 256;

  LogSink(std::string thread_name, LogLevel least, LogWake& writer);

  void debug(std::string_view message, std::initializer_list<LogField> fields = {});
  void info(std::string_view message, std::initializer_list<LogField> fields = {});
  void warning(std::string_view message, std::initializer_list<LogField> fields = {});
  void error(std::string_view message, std::initializer_list<LogField> fields = {});
  // For a record that is costly to put together.
  [[nodiscard]] bool enabled(LogLevel level) const { return level >= least_.load(std::memory_order_relaxed); }
  // Any thread.
  void set_level(LogLevel least) { least_.store(least, std::memory_order_relaxed); }

  // Any thread.
  [[nodiscard]] std::uint64_t dropped() const { return dropped_.load(std::memory_order_seq_cst); }
  [[nodiscard]] std::size_t waiting() const { return queue_.size_approx(); }

 private:
  friend class LogWriter;
  void write(LogLevel, std::string_view message, std::initializer_list<LogField> fields);

  const std::string thread_name_;
  std::atomic<LogLevel> least_;
  LogWake& writer_;
  SpscQueue<LogRecord> queue_{records_max};
  std::atomic<std::uint64_t> dropped_{0};
  std::uint64_t dropped_reported_ = 0;  // the writer's
};

// Keeps a call site that peers can reach from flooding the log: a member of the site's owner.
//
//     if (auto skipped = refused_.admit(now)) log.warning("connection refused", {{"skipped", *skipped}});
class LogRateLimit {
 public:
  using Clock = std::chrono::steady_clock;
  // At most `burst` records in each `interval`.
  explicit LogRateLimit(std::uint32_t burst = 1, Clock::duration interval = std::chrono::seconds(1))
      : burst_(burst), interval_(interval) {}

  // None: do not log. Otherwise how many were not logged since the last one that was.
  [[nodiscard]] std::optional<std::uint64_t> admit(Clock::time_point now);

 private:
  const std::uint32_t burst_;
  const Clock::duration interval_;
  std::optional<Clock::time_point> interval_began_;
  std::uint32_t admitted_ = 0;
  std::uint64_t skipped_ = 0;
};

}  // namespace broker::base
