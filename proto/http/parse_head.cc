// SPDX-License-Identifier: Apache-2.0
#include "proto/http/parse_head.h"

// With the sanitizers on, GCC 12 believes that Beast reads an empty optional.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <boost/beast/http/basic_parser.hpp>
#pragma GCC diagnostic pop

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>

#include "proto/http/characters.h"
#include "proto/http/target.h"
#include "proto/http/url.h"

namespace proto::http {
namespace {

namespace beast = boost::beast;

// Takes what Beast finds as views of the request's own bytes: Beast's container would copy each field into a node. A
// folded line alone would not stand there; the scan has refused it.
class HeadParser final : public beast::http::basic_parser<true> {
 public:
  HeadParser(Request& request, std::string_view head, std::size_t header_count) : request_(request) {
    header_limit(static_cast<std::uint32_t>(head_bytes_ceiling + 1));
    body_limit(std::numeric_limits<std::uint64_t>::max());  // in 1.74 `none` refuses every length
    request_.bytes = std::make_unique_for_overwrite<char[]>(head.size());
    std::copy(head.begin(), head.end(), request_.bytes.get());
    request_.headers.reserve(header_count + 1);  // and a Host that takes the place of another
  }

  [[nodiscard]] bool parse(std::size_t size) {
    beast::error_code error;
    const std::size_t used = put(boost::asio::const_buffer(request_.bytes.get(), size), error);
    return !error && used == size && is_header_done();
  }

 private:
  using Error = beast::error_code;
  using Text = beast::string_view;

  void on_request_impl(beast::http::verb, Text method, Text target, int, Error&) override {
    request_.method = {method.data(), method.size()};
    request_.target = {target.data(), target.size()};
  }
  void on_field_impl(beast::http::field, Text name, Text value, Error&) override {
    char* const own_name = request_.bytes.get() + (name.data() - request_.bytes.get());
    std::transform(own_name, own_name + name.size(), own_name, to_lower);
    request_.headers.emplace_back(std::string_view(own_name, name.size()),
                                  std::string_view(value.data(), value.size()));
  }
  // Of a body nothing is given to it.
  void on_response_impl(int, Text, int, Error&) override {}
  void on_header_impl(Error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, Error&) override {}
  std::size_t on_body_impl(Text, Error&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, Text, Error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, Text, Error&) override { return 0; }
  void on_finish_impl(Error&) override {}

  Request& request_;
};

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
  if (!HeadParser(request, head, scan.header_count()).parse(head.size())) {
    return Refusal{Reason::bad_request, "the head cannot be parsed"};
  }
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
