// SPDX-License-Identifier: Apache-2.0
#include "proto/http/response.h"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>

#include "proto/http/characters.h"
#include "proto/http/field_lines.h"
#include "proto/notation.h"
#include "proto/utf8.h"

namespace proto::http {
namespace {

// RFC 9110 §6.4.1: these never have a body; §8.6: nor, but for 304, a length.
bool is_bodiless(int status) { return status < 200 || status == 204 || status == 304; }

bool are_whole_lines(std::string_view lines) {
  FieldLines scan;
  std::size_t at = 0;
  while (at < lines.size()) {
    if (scan.walk(lines, at) != FieldLines::Event::field) return false;
  }
  return true;
}

void append_status_line(std::string& out, int status) {
  out += "HTTP/1.1 ";
  append_number(out, static_cast<std::uint64_t>(std::clamp(status, 100, 999)));
  out += ' ';
  out += reason_phrase(status);
  out += "\r\n";
}

}  // namespace

bool stays_open(const ResponseParts& parts) {
  const bool ends_with_connection = parts.until_close || (parts.chunked && parts.version_minor == 0);
  return parts.keep_alive && !ends_with_connection;
}

void append_response_head(std::string& out, const ResponseParts& parts) {
  append_status_line(out, parts.status);
  if (!is_bodiless(parts.status)) {
    if (!parts.content_type.empty()) append_header(out, "Content-Type", parts.content_type);
    if (parts.until_close) {
      // nothing says how long it is
    } else if (!parts.chunked) {
      out += "Content-Length: ";
      append_number(out, parts.body.size());
      out += "\r\n";
    } else if (parts.version_minor != 0) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  // RFC 9112 §9.3: what is the version's default need not be said.
  if (!stays_open(parts)) {
    out += "Connection: close\r\n";
  } else if (parts.version_minor == 0) {
    out += "Connection: keep-alive\r\n";
  }
  if (are_whole_lines(parts.extra_headers)) out += parts.extra_headers;
  out += "\r\n";
}

void append_response(std::string& out, const ResponseParts& parts) {
  append_response_head(out, parts);
  if (!parts.head_request && !parts.chunked && !is_bodiless(parts.status)) out += parts.body;
}

void append_chunk(std::string& out, std::string_view piece) {
  if (piece.empty()) return;
  char size[2 * sizeof(std::size_t)];
  out.append(size, std::to_chars(size, size + sizeof size, piece.size(), 16).ptr);
  out += "\r\n";
  out += piece;
  out += "\r\n";
}

void append_last_chunk(std::string& out) { out += "0\r\n\r\n"; }

void append_continue(std::string& out) { out += "HTTP/1.1 100 Continue\r\n\r\n"; }

void append_header(std::string& out, std::string_view name, std::string_view value) {
  for (const char c : name) {
    if (is(token_character, c)) out += c;
  }
  out += ": ";
  for (const char c : value) out += is(value_character, c) ? c : ' ';
  out += "\r\n";
}

std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 204: return "No Content";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 411: return "Length Required";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 417: return "Expectation Failed";
    case 422: return "Unprocessable Content";
    case 426: return "Upgrade Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

std::string error_body(int status, std::string_view message) {
  Error error{status, std::string(message)};
  // JSON is UTF-8; what is not loses the bytes that could be wrong rather than the whole answer.
  if (!is_valid_utf8(message)) {
    std::replace_if(
        error.message.begin(), error.message.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; }, '?');
  }
  std::string body = "{";
  append_error(body, error);
  body += "}";
  return body;
}

}  // namespace proto::http
