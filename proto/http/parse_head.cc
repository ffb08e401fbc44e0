// SPDX-License-Identifier: Apache-2.0
#include "proto/http/parse_head.h"

// With the sanitizers on, GCC 12 believes that Beast reads an empty optional.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#pragma GCC diagnostic pop

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "proto/http/characters.h"
#include "proto/http/target.h"
#include "proto/http/url.h"

namespace proto::http {
namespace {

namespace beast = boost::beast;

bool has_token(const Request& request, std::string_view header, std::string_view token) {
  const std::vector<std::string_view> tokens = request.list(header);
  return std::any_of(tokens.begin(), tokens.end(), [&](std::string_view t) { return equals_ignoring_case(t, token); });
}

// Method, target and fields, as they stand in the head.
std::optional<Request> parse_with_beast(std::string_view head) {
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(head_bytes_ceiling + 1));
  parser.body_limit(std::numeric_limits<std::uint64_t>::max());  // in 1.74 `none` refuses every length
  beast::error_code error;
  const std::size_t used = parser.put(boost::asio::const_buffer(head.data(), head.size()), error);
  if (error || used != head.size() || !parser.is_header_done()) return std::nullopt;

  Request request;
  const auto& message = parser.get();
  request.method.assign(message.method_string().data(), message.method_string().size());
  request.target.assign(message.target().data(), message.target().size());
  for (const auto& field : message) {
    std::string name(field.name_string().data(), field.name_string().size());
    std::transform(name.begin(), name.end(), name.begin(), to_lower);
    request.headers.emplace_back(std::move(name), std::string(field.value().data(), field.value().size()));
  }
  return request;
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
      !has_token(request, "connection", "close") && (version_1_1 || has_token(request, "connection", "keep-alive"));
  // RFC 9110 §7.8: Upgrade is ignored in HTTP/1.0.
  request.upgrade_websocket =
      version_1_1 && has_token(request, "connection", "upgrade") && has_token(request, "upgrade", "websocket");
}

}  // namespace

// Measured, with the scan before it, by head_read of bench/micro.
std::variant<Request, Refusal> parse_head(std::string_view head, const HeadScan& scan) {
  std::optional<Request> parsed = parse_with_beast(head.substr(scan.begin(), scan.length() - scan.begin()));
  if (!parsed) return Refusal{Reason::bad_request, "the head cannot be parsed"};
  Request& request = *parsed;
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
  return *std::move(parsed);
}

}  // namespace proto::http
