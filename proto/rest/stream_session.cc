// SPDX-License-Identifier: Apache-2.0
#include "proto/rest/stream_session.h"

#include <algorithm>

#include "proto/notation.h"
#include "proto/publish_object.h"
#include "proto/rest/publish_session.h"
#include "proto/utf8.h"

namespace proto::rest {
namespace {

// What a line holds beside its data: the keys, a topic and an event in which every byte is escaped (255 × 6 each).
constexpr std::uint64_t line_extra_bytes = 4096;
// Beyond this a line's memory is given back once the line is done.
constexpr std::size_t line_kept_bytes = 64 * 1024;

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t\r") == std::string_view::npos; }

void append_answer(std::string& out, const Published& published) {
  out += '{';
  append_position(out, published.epoch, published.offset);
  out += "}\n";
}

void append_answer(std::string& out, const Error& error) {
  out += '{';
  append_error(out, error);
  out += "}\n";
}

void append_answer(std::string&, std::monostate) {}

}  // namespace

StreamSession::StreamSession(std::uint64_t message_bytes_max)
    : message_bytes_max_(message_bytes_max),
      line_bytes_max_(message_bytes_max + message_bytes_max / 3 + line_extra_bytes) {}

std::size_t StreamSession::on_body(std::string_view piece, HttpHost& host) {
  std::size_t taken = 0;
  while (taken < piece.size()) {
    const std::string_view rest = piece.substr(taken);
    const std::size_t line_end = rest.find('\n');
    if (line_end == std::string_view::npos) {
      take(rest);
      return piece.size();
    }
    if (slots_.size() >= lines_pending_max || !host.has_room()) return taken;
    take(rest.substr(0, line_end));
    taken += line_end + 1;
    end_line(host);
  }
  return taken;
}

void StreamSession::on_body_end(HttpHost& host) {
  end_line(host);  // the last line need not end in a newline
  body_ended_ = true;
  answer_ready(host);
}

void StreamSession::on_published(Tag tag, const Answer<Published>& answer, Host& host) {
  Slot& slot = slots_[tag - first_tag_];
  if (const Error* error = std::get_if<Error>(&answer)) {
    slot = *error;
  } else {
    slot = std::get<Published>(answer);
  }
  answer_ready(http(host));
}

void StreamSession::take(std::string_view part) {
  if (too_long_) return;
  too_long_ = line_.size() + part.size() > line_bytes_max_;
  if (too_long_) {
    release(line_);
  } else {
    line_ += part;
  }
}

void StreamSession::end_line(HttpHost& host) {
  if (too_long_ || !is_blank(line_)) run_line(host);
  too_long_ = false;
  line_.clear();
  if (line_.capacity() > line_kept_bytes) release(line_);
}

void StreamSession::run_line(HttpHost& host) {
  std::optional<Error> error = too_long_ ? too_large(message_bytes_max_) : publish_line(host);
  slots_.push_back(error ? Slot(*std::move(error)) : Slot());
  if (error) answer_ready(host);
}

std::optional<Error> StreamSession::publish_line(HttpHost& host) {
  if (!is_valid_utf8(line_)) return Error{400, "the line is not UTF-8"};
  JsonReader reader(line_);
  PublishObject object;
  std::optional<Error> error = read_publish(reader, object, Reserve::open);
  if (!reader.finish()) return reader.error();
  if (error) return error;
  if (object.publication.content.size() > message_bytes_max_) return too_large(message_bytes_max_);
  return host.publish(first_tag_ + slots_.size(), object.publication);
}

void StreamSession::answer_ready(HttpHost& host) {
  std::string lines;
  while (!slots_.empty() && !std::holds_alternative<std::monostate>(slots_.front())) {
    std::visit([&lines](const auto& answer) { append_answer(lines, answer); }, slots_.front());
    slots_.pop_front();
    ++first_tag_;
  }
  const bool last = body_ended_ && slots_.empty();
  if (!begun_ && (last || !lines.empty())) {
    // Not before: until there is something to say, the host may still answer for us.
    begun_ = true;
    host.begin({.content_type = "application/x-ndjson", .body = {}, .extra_headers = {}});
  }
  if (!lines.empty()) host.write(lines);
  if (last) host.end();
}

}  // namespace proto::rest
