// SPDX-License-Identifier: Apache-2.0
#include "proto/http/parse_head.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "proto/http/characters.h"
#include "proto/http/target.h"
#include "proto/http/url.h"

namespace proto::http {
namespace {

// What stands before `mark`; `text` goes on behind it.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t size = std::min(text.find(mark), text.size());
  const std::string_view taken = text.substr(0, size);
  text.remove_prefix(std::min(size + 1, text.size()));
  return taken;
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = take_until(text, '\r');
  text.remove_prefix(std::min<std::size_t>(text.size(), 1));  // the line feed
  return line;
}

// Requires: a head that the scan has passed, so that there is nothing left to judge: METHOD SP target SP version CRLF,
// lines of `name:value` CRLF, none of them folded, and an empty line. The request views a copy of it.
void split_head(std::string_view head, std::size_t header_count, Request& request) {
  request.bytes = std::make_unique_for_overwrite<char[]>(head.size());
  std::ranges::copy(head, request.bytes.get());
  std::string_view rest(request.bytes.get(), head.size());
  request.method = take_until(rest, ' ');
  request.target = take_until(rest, ' ');
  (void)take_line(rest);                      // the version
  request.headers.reserve(header_count + 1);  // and a Host that takes the place of another
  for (std::size_t i = 0; i < header_count; ++i) {
    const std::string_view name = take_until(rest, ':');
    char* const own_name = request.bytes.get() + (name.data() - request.bytes.get());
    std::ranges::transform(name, own_name, absl::ascii_tolower);
    request.headers.emplace_back(name, trim(take_line(rest)));
  }
}

// RFC 9112 §3.2.2: the authority of an absolute target takes the place of what Host says.
void replace_host(Request& request, std::string_view authority) {
  std::erase_if(request.headers, [](const auto& header) { return header.first == "host"; });
  request.headers.emplace_back("host", authority);
}

std::optional<Refusal> read_target(Request& request) {
  const std::optional<Target> target = split_target(request.target);
  if (!target) return Refusal{Reason::bad_request, "the target is neither a path nor an http URL"};
  if (target->form == Target::Form::absolute) replace_host(request, target->authority);
  request.path = target->path;
  std::optional<Query> query = parse_query(target->query);
  if (!query || !has_valid_escapes(target->path)) {
    return Refusal{Reason::bad_request, "a '%' in the target without two hexadecimal digits behind it"};
  }
  request.query = *std::move(query);
  return std::nullopt;
}

// RFC 9110 §10.1.1. In HTTP/1.0 the expectation is ignored; without a body there is nothing to continue with.
std::optional<Refusal> read_expectation(Request& request) {
  for (const std::string_view expectation : request.list("expect")) {
    if (!equals_ignoring_case(expectation, "100-continue")) {
      return Refusal{Reason::expectation_failed, "the only expectation met here is 100-continue"};
    }
    request.expects_continue = request.version_minor == 1 && request.has_body;
  }
  return std::nullopt;
}

void read_connection(Request& request) {
  const bool version_1_1 = request.version_minor == 1;
  // RFC 9112 §9.3: `close` wins, then the version's default holds.
  request.keep_alive =
      !request.has_token("connection", "close") && (version_1_1 || request.has_token("connection", "keep-alive"));
  // RFC 9110 §7.8: Upgrade is ignored in HTTP/1.0.
  request.upgrade_websocket =
      version_1_1 && request.has_token("connection", "upgrade") && request.has_token("upgrade", "websocket");
}

}  // namespace

// Measured, with the scan before it, by head_read of bench/micro.
std::variant<Request, Refusal> parse_head(std::string_view head, const HeadScan& scan) {
  head = head.substr(scan.begin(), scan.length() - scan.begin());
  Request request;
  split_head(head, scan.header_count(), request);
  request.version_minor = scan.version_minor();
  request.content_length = scan.content_length();
  request.has_body = scan.chunked() || request.content_length.value_or(0) > 0;
  // A POST without a length has no body by its framing, but its sender may mean "until I close" (HTTP/1.0) or may have
  // forgotten it; taking what follows for the next request is the one wrong guess that hurts: RFC 9110 §15.5.12.
  if (request.method == "POST" && !scan.chunked() && !request.content_length) {
    return Refusal{Reason::length_required, "a POST needs a Content-Length, or Transfer-Encoding: chunked"};
  }
  if (const std::optional<Refusal> refusal = read_target(request)) return *refusal;
  if (const std::optional<Refusal> refusal = read_expectation(request)) return *refusal;
  read_connection(request);
  return request;
}

}  // namespace proto::http
