// SPDX-License-Identifier: Apache-2.0
#include "broker/base/log.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <span>
#include <utility>

namespace broker::base {
namespace {

// A piece is stored as its length, whether it is bare, and its bytes.
constexpr std::size_t piece_head_bytes = 3;

// Makes text of a value; `buffer` backs the text of numbers.
LogRecord::Piece piece_of(const LogValue& value, std::span<char> buffer) {
  if (const auto* text = std::get_if<std::string_view>(&value)) return {*text, false};
  if (const auto* flag = std::get_if<bool>(&value)) return {*flag ? "true" : "false", true};
  std::to_chars_result end{};
  bool bare = true;
  if (const auto* number = std::get_if<double>(&value)) {
    end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), *number);
    bare = std::isfinite(*number);  // JSON has no other numbers
  } else if (const auto* negative = std::get_if<std::int64_t>(&value)) {
    end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), *negative);
  } else {
    end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::get<std::uint64_t>(value));
  }
  return {{buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data())}, bare};
}

// The longest part of at most `bytes_max` that does not end inside a UTF-8 sequence.
std::string_view cut_short(std::string_view text, std::size_t bytes_max) {
  if (text.size() <= bytes_max) return text;
  std::size_t end = bytes_max;
  for (int back = 0; back < 3 && end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80; ++back) --end;
  return text.substr(0, end);
}

}  // namespace

std::string_view name_of(LogLevel level) {
  switch (level) {
    case LogLevel::debug: return "debug";
    case LogLevel::info: return "info";
    case LogLevel::warning: return "warning";
    case LogLevel::error: return "error";
  }
  return "";
}

LogRecord::LogRecord(LogLevel of, std::chrono::system_clock::time_point at, std::string_view message,
                     std::initializer_list<LogField> fields)
    : time(at), level(of) {
  append({message, false});
  for (const LogField& field : fields) {
    char buffer[32];
    const std::uint16_t before = used_;
    const Piece value = piece_of(field.value, buffer);
    // Numbers stay whole: half of one is another number.
    const std::size_t shortest = value.bare ? value.text.size() : std::min<std::size_t>(value.text.size(), 8);
    const std::size_t least = piece_head_bytes + shortest;
    if (data_bytes_max - used_ < piece_head_bytes + field.key.size() + least || !append({field.key, false})) {
      used_ = before;
      cut = true;
      return;
    }
    if (!append(value)) return;
  }
}

// False: the piece was cut short and nothing fits behind it.
bool LogRecord::append(Piece piece) {
  const std::string_view text = cut_short(piece.text, data_bytes_max - used_ - piece_head_bytes);
  char* at = data_.data() + used_;
  at[0] = static_cast<char>(text.size() & 0xff);
  at[1] = static_cast<char>(text.size() >> 8);
  at[2] = piece.bare ? 1 : 0;
  if (!text.empty()) std::memcpy(at + piece_head_bytes, text.data(), text.size());
  used_ = static_cast<std::uint16_t>(used_ + piece_head_bytes + text.size());
  if (text.size() != piece.text.size()) cut = true;
  return text.size() == piece.text.size();
}

std::optional<LogRecord::Piece> LogRecord::next(std::size_t& offset) const {
  if (offset >= used_) return std::nullopt;
  const char* at = data_.data() + offset;
  const std::size_t size = static_cast<unsigned char>(at[0]) | std::size_t{static_cast<unsigned char>(at[1])} << 8;
  offset += piece_head_bytes + size;
  KODAMA_DCHECK(offset <= used_, offset, " of ", used_);
  return Piece{{at + piece_head_bytes, size}, at[2] != 0};
}

LogSink::LogSink(std::string thread_name, LogLevel least, LogWake& writer)
    : thread_name_(std::move(thread_name)), least_(least), writer_(writer) {}

void LogSink::write(LogLevel level, std::string_view message, std::initializer_list<LogField> fields) {
  if (!enabled(level)) return;
  if (queue_.try_emplace(level, std::chrono::system_clock::now(), message, fields)) {
    queue_.publish();
  } else {
    dropped_.fetch_add(1, std::memory_order_seq_cst);
  }
  if (writer_.flag.must_wake()) writer_.wake();
}

void LogSink::debug(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::debug, message, fields);
}
void LogSink::info(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::info, message, fields);
}
void LogSink::warning(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::warning, message, fields);
}
void LogSink::error(std::string_view message, std::initializer_list<LogField> fields) {
  write(LogLevel::error, message, fields);
}

std::optional<std::uint64_t> LogRateLimit::admit(Clock::time_point now) {
  if (!interval_began_ || now - *interval_began_ >= interval_) {
    interval_began_ = now;
    admitted_ = 0;
  }
  if (admitted_ == burst_) {
    ++skipped_;
    return std::nullopt;
  }
  ++admitted_;
  return std::exchange(skipped_, 0);
}

}  // namespace broker::base
