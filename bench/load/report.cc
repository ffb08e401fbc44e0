// SPDX-License-Identifier: Apache-2.0
#include "bench/load/report.h"

#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/strings/str_format.h"

namespace bench::load {
namespace {

constexpr std::int64_t progress_interval_ns = 1'000'000'000;

struct FileClose {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

}  // namespace

void JsonObject::add_json(std::string_view name, std::string_view json) {
  absl::StrAppendFormat(&members_, "%s\"%s\": %s", members_.empty() ? "" : ", ", name, json);
}
void JsonObject::add(std::string_view name, std::string_view text) { add_json(name, absl::StrFormat("\"%s\"", text)); }
void JsonObject::add(std::string_view name, bool value) { add_json(name, value ? "true" : "false"); }
void JsonObject::add(std::string_view name, std::int64_t value) { add_json(name, std::to_string(value)); }
void JsonObject::add(std::string_view name, double value) {
  add_json(name, std::isfinite(value) ? absl::StrFormat("%.10g", value) : "null");
}

std::string latencies_json(const Histogram& histogram) {
  const auto microseconds = [](double ns) { return ns / 1000; };
  JsonObject object;
  for (const auto& [name, share] : {std::pair{"p50", 0.5}, std::pair{"p90", 0.9}, std::pair{"p99", 0.99},
                                    std::pair{"p999", 0.999}, std::pair{"p9999", 0.9999}}) {
    object.add(name, microseconds(static_cast<double>(histogram.quantile(share))));
  }
  object.add("max", microseconds(static_cast<double>(histogram.max())));
  object.add("mean", microseconds(histogram.mean()));
  object.add("count", histogram.count());
  return object.text();
}

std::string histogram_json(const Histogram& histogram) {
  std::string text = "[";
  for (const auto& [upper, count] : histogram.buckets()) {
    absl::StrAppendFormat(&text, "%s[%d,%d]", text.size() == 1 ? "" : ",", upper, count);
  }
  return text + "]";
}

bool write_json(const std::string& path, const JsonObject& object) {
  if (path.empty()) return true;
  const std::unique_ptr<std::FILE, FileClose> file(std::fopen(path.c_str(), "w"));
  if (file != nullptr && std::fputs((object.text() + "\n").c_str(), file.get()) >= 0 && std::fflush(file.get()) == 0) {
    return true;
  }
  absl::FPrintF(stderr, "bench_load: %s: %s\n", path, std::strerror(errno));
  return false;
}

Progress::Progress() : terminal_(isatty(STDOUT_FILENO) == 1) {}

void Progress::show(std::int64_t now_ns, const std::string& line) {
  next_ns_ = now_ns + progress_interval_ns;
  open_ = terminal_;
  absl::PrintF(terminal_ ? "\r\033[K%s" : "%s\n", line);
  std::fflush(stdout);
}

void Progress::done() {
  if (open_) absl::PrintF("\n");
  open_ = false;
}

}  // namespace bench::load
