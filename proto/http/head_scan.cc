// SPDX-License-Identifier: Apache-2.0
#include "proto/http/head_scan.h"

#include <algorithm>

#include "proto/http/characters.h"
#include "proto/http/target.h"
#include "proto/notation.h"

namespace proto::http {
namespace {

// The longest registered method is UPDATEREDIRECTREF (17). RFC 9112 §3: one longer than any that we know is 501.
constexpr std::size_t method_bytes_max = 32;
constexpr std::string_view usual_version = "HTTP/1.1\r";
constexpr std::string_view version_prefix = "HTTP/";
constexpr std::size_t version_major_at = 5;  // HTTP/1.1
constexpr std::size_t version_dot_at = 6;    //      ^^^
constexpr std::size_t version_minor_at = 7;
// RFC 8446 §5.1: a TLS record of type handshake (22), legacy version 3.x.
constexpr char tls_record_handshake = 0x16;
constexpr char tls_version_major = 0x03;

}  // namespace

HeadScan::HeadScan(const Limits& limits) : limits_(&limits) {}

std::size_t HeadScan::bytes_max() const { return std::min(limits_->head_bytes_max, head_bytes_ceiling); }

// Hot: every request's head. Measured by head_scan of bench/micro.
HeadScan::Verdict HeadScan::scan(std::string_view head) {
  head = head.substr(0, bytes_max());
  while (verdict_ == Verdict::need_more && at_ < head.size()) step(head);
  if (verdict_ == Verdict::need_more && at_ >= bytes_max()) refuse(Reason::head_too_large, "the head is too large");
  return verdict_;
}

// Looks at one byte, or at a run of them: in the target, and, among the fields, up to the end of the line.
void HeadScan::step(std::string_view head) {
  if (state_ == State::fields) {
    std::size_t at = at_;
    const FieldLines::Event event = lines_.walk(head, at);
    at_ = static_cast<std::uint32_t>(at);
    if (event == FieldLines::Event::refused) refuse(Reason::bad_request, lines_.message());
    if (event == FieldLines::Event::end) end_head();
    if (event == FieldLines::Event::field) field_line(head.substr(line_begin_, at_ - 2 - line_begin_));
    return;
  }
  const char c = head[at_];
  switch (state_) {
    case State::start:
      if (at_ == 0 && c == tls_record_handshake) {
        state_ = State::tls_hello;
        break;
      }
      if (at_ == 0 && c == '\r') {
        state_ = State::empty_line_lf;
        break;
      }
      begin_ = at_;
      state_ = State::method;
      [[fallthrough]];
    case State::method: method_byte(head, c); break;
    case State::empty_line_lf:  // RFC 9112 §2.2: one empty line before a request is ignored
      state_ = State::start;
      if (c != '\n') refuse(Reason::bad_request, "a carriage return without a line feed");
      break;
    case State::tls_hello:
      refuse(Reason::bad_request, c == tls_version_major ? "this port speaks plain HTTP, and a TLS handshake came in"
                                                         : "a control character where a method should be");
      break;
    case State::target_start:
    case State::target: target_byte(head, c); break;
    case State::version: version_byte(head, c); break;
    case State::request_line_lf:
      if (c != '\n') refuse(Reason::bad_request, "a carriage return without a line feed");
      state_ = State::fields;
      line_begin_ = at_ + 1;
      break;
    case State::fields: break;
  }
  ++at_;
}

void HeadScan::method_byte(std::string_view head, char c) {
  const std::size_t length = at_ - begin_;
  if (is(token_character, c)) {
    if (length >= method_bytes_max) {
      return refuse(Reason::not_implemented, "a method of that length is not known here");
    }
    at_ = static_cast<std::uint32_t>(end_of_run(token_character, head.substr(0, begin_ + method_bytes_max), at_) - 1);
    return;
  }
  if (c != ' ' || length == 0) return refuse_byte(c, "the request does not begin with a method");
  if (head.substr(begin_, length) == "CONNECT") return refuse(Reason::bad_request, "this is not a proxy");
  state_ = State::target_start;
  target_begin_ = at_ + 1;
}

void HeadScan::target_byte(std::string_view head, char c) {
  if (is(target_character, c)) {
    if (state_ == State::target_start && c != '/' && c != '*' && to_lower(c) != 'h') {
      return refuse(Reason::bad_request, "the target must begin with '/'");
    }
    state_ = State::target;
    const std::size_t end = std::min(head.size(), target_begin_ + limits_->target_bytes_max);
    if (at_ >= end) return refuse(Reason::target_too_long, "the request target is too long");
    at_ = static_cast<std::uint32_t>(end_of_run(target_character, head.substr(0, end), at_) - 1);
    return;
  }
  if (c == '\r') return refuse(Reason::bad_request, "the request line has no version");
  if (c == '#') return refuse(Reason::bad_request, "a '#' in a target must be written %23");
  if (c != ' ') return refuse_byte(c, "a character in the target that must be percent-encoded");
  if (state_ == State::target_start) return refuse(Reason::bad_request, "two spaces in the request line");
  state_ = State::version;
  version_begin_ = at_ + 1;
}

void HeadScan::version_byte(std::string_view head, char c) {
  const std::size_t index = at_ - version_begin_;
  if (index == 0 && head.substr(at_).starts_with(usual_version)) {
    at_ += static_cast<std::uint32_t>(usual_version.size() - 1);
    return end_request_line(head);
  }
  bool good = false;
  if (index < version_prefix.size()) {
    good = c == version_prefix[index];
  } else if (index == version_major_at || index == version_minor_at) {
    good = is(digit_character, c);
  } else if (index == version_dot_at) {
    good = c == '.';
  } else {
    good = c == '\r';
    if (good) end_request_line(head);
  }
  if (!good) refuse_byte(c, "the request line does not end in a version of HTTP");
}

// The request line is `METHOD SP target SP HTTP/d.d CR` by now; what it says is judged here.
void HeadScan::end_request_line(std::string_view head) {
  const char major = head[version_begin_ + version_major_at];
  const char minor = head[version_begin_ + version_minor_at];
  if (major != '1' || minor > '1') {
    return refuse(Reason::version_not_supported, "only HTTP/1.1 and HTTP/1.0 are spoken here");
  }
  version_minor_ = minor - '0';
  const std::string_view method = head.substr(begin_, target_begin_ - 1 - begin_);
  const std::optional<Target> target = split_target(head.substr(target_begin_, version_begin_ - 1 - target_begin_));
  if (!target) return refuse(Reason::bad_request, "the target is neither a path nor an http URL");
  if (target->form == Target::Form::asterisk && method != "OPTIONS") {
    return refuse(Reason::bad_request, "the target '*' is for OPTIONS only");
  }
  state_ = State::request_line_lf;
}

void HeadScan::field_line(std::string_view line) {
  line_begin_ = at_;
  if (++header_count_ > limits_->headers_max) return refuse(Reason::head_too_large, "too many headers");
  const std::size_t colon = line.find(':');
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trim(line.substr(colon + 1));
  if (equals_ignoring_case(name, "host")) return host(value);
  if (equals_ignoring_case(name, "content-length")) return content_length(value);
  if (equals_ignoring_case(name, "transfer-encoding")) return transfer_encoding(value);
  if (equals_ignoring_case(name, "connection") || equals_ignoring_case(name, "proxy-connection")) connection(value);
}

void HeadScan::host(std::string_view value) {
  if (host_seen_) return refuse(Reason::bad_request, "more than one Host");  // RFC 9112 §3.2
  host_seen_ = true;
  if (!value.empty() && !is_authority(value)) refuse(Reason::bad_request, "a Host that is not a host");
}

void HeadScan::content_length(std::string_view value) {
  if (content_length_) return refuse(Reason::bad_request, "more than one Content-Length");
  content_length_ = parse_number(value);
  if (!content_length_) return refuse(Reason::bad_request, "a Content-Length that is not a number");
  if (chunked_) refuse(Reason::bad_request, "Content-Length and Transfer-Encoding together");
}

void HeadScan::transfer_encoding(std::string_view value) {
  // RFC 9112 §6.1: in HTTP/1.0 the framing is faulty.
  if (version_minor_ == 0) return refuse(Reason::bad_request, "Transfer-Encoding in HTTP/1.0");
  if (chunked_) return refuse(Reason::bad_request, "more than one Transfer-Encoding");
  if (content_length_) return refuse(Reason::bad_request, "Content-Length and Transfer-Encoding together");
  if (!equals_ignoring_case(value, "chunked")) {
    return refuse(Reason::not_implemented, "the only transfer coding known here is chunked");
  }
  chunked_ = true;
}

// RFC 9110 §7.6.1: a list of names. Who takes it for something else may drop other headers than we do.
void HeadScan::connection(std::string_view value) {
  while (!value.empty()) {
    const std::string_view member = trim(value.substr(0, value.find(',')));
    if (end_of_run(token_character, member, 0) < member.size()) {
      return refuse(Reason::bad_request, "a Connection that is not a list of names");
    }
    value.remove_prefix(std::min(value.find(','), value.size() - 1) + 1);
  }
}

void HeadScan::end_head() {
  if (version_minor_ == 1 && !host_seen_) return refuse(Reason::bad_request, "HTTP/1.1 without a Host");
  verdict_ = Verdict::done;
}

void HeadScan::refuse(Reason reason, std::string_view message) {
  verdict_ = Verdict::refused;
  refusal_ = {reason, message};
}

void HeadScan::refuse_byte(char c, std::string_view otherwise) {
  if (c == '\n') return refuse(Reason::bad_request, "a line feed without a carriage return");
  if (c == ' ') return refuse(Reason::bad_request, "a space too many in the request line");
  refuse(Reason::bad_request, otherwise);
}

}  // namespace proto::http
