// SPDX-License-Identifier: Apache-2.0
// What the admin port is asked, and what it answers.
// Thread: any; values. A request's views last for the call.
#pragma once

#include <string>
#include <string_view>

namespace broker::admin {

struct Request {
  std::string_view method;
  std::string_view path;           // decoded, without the query
  std::string_view authorization;  // the header's value; empty when it is missing
  std::string_view query = {};     // percent-encoded
  std::string_view body = {};
  bool body_too_large = false;  // and not read
  bool by_page = false;         // has an Origin: a page in a browser sends it
};

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::string extra_header_name = {};  // empty: none
  std::string extra_header_value = {};
};

// `message` is one of ours: it needs no escaping.
[[nodiscard]] Answer error_answer(int status, std::string_view message);
// 405; `methods` are those that are allowed.
[[nodiscard]] Answer wrong_method(std::string_view methods);

[[nodiscard]] inline bool reads(const Request& request) { return request.method == "GET" || request.method == "HEAD"; }

}  // namespace broker::admin
