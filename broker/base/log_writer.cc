// SPDX-License-Identifier: Apache-2.0
#include "broker/base/log_writer.h"

#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "broker/base/check.h"
#include "broker/base/signals_blocked.h"

namespace broker::base {

using Clock = std::chrono::steady_clock;

LogWriter::LogWriter(const LogOptions& options) : options_(options), event_(::eventfd(0, EFD_CLOEXEC)) {
  KODAMA_CHECK(static_cast<bool>(event_), "eventfd: errno ", errno);
}

LogSink& LogWriter::open_sink(std::string thread_name) {
  KODAMA_CHECK(!thread_.joinable(), "a log sink was opened after start()");
  LogWake& wake = *this;
  sinks_.push_back(std::make_unique<LogSink>(std::move(thread_name), options_.level, wake));
  return *sinks_.back();
}

void LogWriter::start() {
  const SignalsBlocked blocked;  // among them SIGPIPE: a closed pipe is an error value here
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), "kodama-log");
}

void LogWriter::set_level(LogLevel level) {
  for (const auto& sink : sinks_) sink->set_level(level);
}

void LogWriter::stop() {
  stopping_.store(true, std::memory_order_seq_cst);
  if (thread_.joinable()) {
    wake();
    thread_.join();
  }
  while (drain()) {
  }
}

// An eventfd of which at most a few wake-ups are outstanding does not block.
void LogWriter::wake() noexcept {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(event_.get(), &one, sizeof one);
}

void LogWriter::run() {
  for (;;) {
    if (drain()) continue;
    flag.prepare_sleep();
    const bool more = std::any_of(sinks_.begin(), sinks_.end(), [](const auto& sink) {
      return sink->queue_.front() != nullptr || sink->dropped() != sink->dropped_reported_;
    });
    const bool stop_now = stopping_.load(std::memory_order_seq_cst);
    if (!more && !stop_now) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = ::read(event_.get(), &count, sizeof count);
    }
    flag.awake();
    if (!more && stop_now) return;
  }
}

bool LogWriter::drain() {
  bool found = false;
  for (const auto& sink : sinks_) {
    // No more than it holds now, so that one busy thread does not keep the others' lines back.
    for (std::size_t left = LogSink::records_max; left > 0; --left) {
      const LogRecord* record = sink->queue_.front();
      if (record == nullptr) break;
      put(*record, sink->thread_name_);
      sink->queue_.pop();
      sink->queue_.release();
      found = true;
      if (pending_.size() >= PIPE_BUF) flush();
    }
    report_drops(*sink);
  }
  flush();
  return found;
}

void LogWriter::report_drops(LogSink& sink) {
  const std::uint64_t dropped = sink.dropped();
  if (dropped == sink.dropped_reported_) return;
  put(LogRecord(LogLevel::warning, std::chrono::system_clock::now(), "log records dropped",
                {{"count", dropped - sink.dropped_reported_}}),
      sink.thread_name_);
  sink.dropped_reported_ = dropped;
}

void LogWriter::put(const LogRecord& record, std::string_view thread_name) {
  append_line(pending_, options_.format, record, thread_name);
}

// Writes what is pending, or loses it. Pieces of PIPE_BUF, since that is what a pipe that polls as writable surely
// takes; a longer write could block where stop() cannot end it.
void LogWriter::flush() {
  std::string_view rest = pending_;
  while (!rest.empty() && wait_for_room()) {
    const ssize_t written = ::write(options_.fd, rest.data(), std::min<std::size_t>(rest.size(), PIPE_BUF));
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR && errno != EAGAIN) {
      break;
    }
  }
  const auto lost = std::count(rest.begin(), rest.end(), '\n');
  lines_lost_.fetch_add(static_cast<std::uint64_t>(lost), std::memory_order_relaxed);
  pending_.clear();
}

// True: a write may be tried. False: it is stop()'s time, and the descriptor has taken nothing for flush_time.
bool LogWriter::wait_for_room() {
  for (;;) {
    const bool stopping = stopping_.load(std::memory_order_seq_cst);
    int timeout_ms = -1;
    if (stopping) {
      const auto now = Clock::now();
      if (!give_up_at_) give_up_at_ = now + options_.flush_time;
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*give_up_at_ - now);
      timeout_ms = static_cast<int>(std::max<std::int64_t>(left.count(), 0));
    }
    // Sinks do not wake a writer that is not asleep, so the event means stop(), or a wake-up that came late.
    pollfd fds[2] = {{options_.fd, POLLOUT, 0}, {stopping ? -1 : event_.get(), POLLIN, 0}};
    const int ready = ::poll(fds, 2, timeout_ms);
    if (ready < 0 && errno != EINTR) return false;
    if (ready > 0 && fds[0].revents != 0) return true;
    if (ready > 0 && fds[1].revents != 0) {
      std::uint64_t count = 0;
      [[maybe_unused]] const ssize_t got = ::read(event_.get(), &count, sizeof count);
    }
    if (ready == 0 && stopping) return false;
  }
}

}  // namespace broker::base
