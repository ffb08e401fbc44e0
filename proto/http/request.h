// SPDX-License-Identifier: Apache-2.0
// The head of one HTTP request, read and checked (RFC 9110, RFC 9112). Made by RequestReader, matched by Router.
// Thread: one at a time. Owns the head's bytes, which most of it views: it can be moved, and outlives what it was read
// from.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace proto::http {

class Request {
 public:
  std::unique_ptr<char[]> bytes;                                       // the head
  std::string_view method;                                             // as sent; methods are case-sensitive
  std::string_view target;                                             // as sent: "/topics/a%20b?last=2"
  std::string_view path;                                               // of the target, still percent-encoded
  std::vector<std::pair<std::string_view, std::string_view>> headers;  // names in lower case, values trimmed, in order
  std::vector<std::pair<std::string, std::string>> query;              // percent-decoded ('+' is a space), in order
  int version_minor = 1;                                               // HTTP/1.x
  bool keep_alive = true;                                              // what the peer wants: RFC 9112 §9.3
  bool upgrade_websocket = false;                                      // Connection: upgrade and Upgrade: websocket
  bool expects_continue = false;                                       // Expect: 100-continue, HTTP/1.1 only
  bool has_body = false;                                               // Content-Length above 0, or chunked
  std::optional<std::uint64_t> content_length;                         // none when chunked or absent
  std::string topic;       // set by the router: {topic} of the path, decoded
  std::string_view media;  // set by the router: for which type, named in Accept, the route is; empty: for any

  // The first value of a header; `name` in lower case. Empty when absent.
  [[nodiscard]] std::string_view header(std::string_view name) const;
  // All values of a list header, split at commas and trimmed, in order (RFC 9110 §5.6.1).
  [[nodiscard]] std::vector<std::string_view> list(std::string_view name) const;
  [[nodiscard]] bool has_token(std::string_view name, std::string_view token) const;     // `token` in lower case
  [[nodiscard]] std::optional<std::string_view> parameter(std::string_view name) const;  // of the query

 private:
  template <class Visit>
  void each_member(std::string_view name, Visit visit) const;
};

}  // namespace proto::http
