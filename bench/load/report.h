// SPDX-License-Identifier: Apache-2.0
// What the loads tell: a progress line, a JSON file, a summary's numbers.
//
// Thread: one. Owns: the text. Borrows: nothing. Errors: write_json() is false, with the reason on stderr.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "bench/load/histogram.h"

namespace bench::load {

// One object, its members in the order in which they were added. Names and texts hold nothing that JSON escapes.
class JsonObject {
 public:
  void add(std::string_view name, std::string_view text);
  void add(std::string_view name, const char* text) { add(name, std::string_view(text)); }
  void add(std::string_view name, bool value);
  void add(std::string_view name, double value);
  void add(std::string_view name, std::int64_t value);
  void add(std::string_view name, std::uint64_t value) { add(name, static_cast<std::int64_t>(value)); }
  void add(std::string_view name, std::uint32_t value) { add(name, static_cast<std::int64_t>(value)); }
  // Already JSON: an object, an array.
  void add_json(std::string_view name, std::string_view json);
  [[nodiscard]] std::string text() const { return "{" + members_ + "}"; }

 private:
  std::string members_;
};

// {"p50": …, "count": …} in microseconds, and [[upper_ns, count], …].
[[nodiscard]] std::string latencies_json(const Histogram& histogram);
[[nodiscard]] std::string histogram_json(const Histogram& histogram);

// With a newline, to a file; "" is no file, and fine.
bool write_json(const std::string& path, const JsonObject& object);

// At most a line a second on stdout, one over the other where that is a terminal.
class Progress {
 public:
  Progress();
  // True when it is time for another line: make it then.
  [[nodiscard]] bool due(std::int64_t now_ns) const { return now_ns >= next_ns_; }
  void show(std::int64_t now_ns, const std::string& line);
  // What follows on stdout begins on a line of its own.
  void done();

 private:
  bool terminal_;
  bool open_ = false;  // the cursor is behind a line
  std::int64_t next_ns_ = 0;
};

}  // namespace bench::load
