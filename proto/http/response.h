// SPDX-License-Identifier: Apache-2.0
// Writes answers: heads, whole answers, chunks, the 100 that lets a body come, and the body of an error
// (README.md). Everything is appended to the caller's buffer.
// Thread: any.
// Errors: none. Values that could break out of their line lose what makes them dangerous: append_header replaces
//   control characters by spaces, and extra headers that are not whole, well-formed lines are left out altogether.
// Limits: none. There is no clock here: Date is the caller's, among the extra headers.
#pragma once

#include <string>
#include <string_view>

namespace proto::http {

struct ResponseParts {
  int status = 200;
  std::string_view content_type = "application/json";  // empty: none is stated
  std::string_view body = {};
  std::string_view extra_headers = {};  // whole lines, each with CRLF: made with append_header
  bool keep_alive = true;
  bool head_request = false;  // the answer to HEAD: everything but the body
  int version_minor = 1;      // of the request
  // The body comes in pieces, by append_chunk and append_last_chunk. An HTTP/1.0 peer knows no chunks: it gets the
  // pieces as they are and the connection's end, whatever keep_alive says.
  bool chunked = false;
  // The body comes as it is and ends with the connection (RFC 9112 §6.3).
  bool until_close = false;
};

// Whether a connection stays open behind such an answer.
[[nodiscard]] bool stays_open(const ResponseParts& parts);

// The head alone; parts.body gives the Content-Length.
void append_response_head(std::string& out, const ResponseParts& parts);
// The head and, unless HEAD, 204 or 304 forbid it, the body.
void append_response(std::string& out, const ResponseParts& parts);

// Nothing for an empty piece, which would be the last chunk. Requires: the request was HTTP/1.1.
void append_chunk(std::string& out, std::string_view piece);
void append_last_chunk(std::string& out);

// RFC 9110 §15.2.1, for a request that expects_continue.
void append_continue(std::string& out);

// One whole line.
void append_header(std::string& out, std::string_view name, std::string_view value);

// RFC 9110 §15, for the statuses that this broker sends; "Status" for any other.
[[nodiscard]] std::string_view reason_phrase(int status);

// {"error":{"code":413,"message":"…"}}
[[nodiscard]] std::string error_body(int status, std::string_view message);

}  // namespace proto::http
