// SPDX-License-Identifier: Apache-2.0
#include "proto/rest/publish_session.h"

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/utf8.h"

namespace proto::rest {
namespace {

constexpr Tag only_tag = 0;

}  // namespace

Error too_large(std::uint64_t message_bytes_max) {
  std::string message = "a message has at most ";
  append_number(message, message_bytes_max);
  return Error{413, message + " bytes"};
}

void release(std::string& bytes) { std::string().swap(bytes); }

void respond_error(HttpHost& host, const Error& error) {
  std::string body = "{";
  append_error(body, error);
  body += '}';
  host.respond({.status = error.status, .body = body, .extra_headers = {}});
}

std::size_t PublishSession::on_body(std::string_view piece, HttpHost& host) {
  if (refused_) return piece.size();
  if (body_.size() + piece.size() > message_bytes_max_) {
    refused_ = true;
    release(body_);
    respond_error(host, too_large(message_bytes_max_));
  } else {
    body_ += piece;
  }
  return piece.size();
}

void PublishSession::on_body_end(HttpHost& host) {
  if (refused_) return;
  Publication publication{.topic = topic_, .event = event_, .content = {}};
  std::optional<Error> error = read_body(publication);
  if (!error) error = host.publish(only_tag, publication);
  release(body_);
  if (error) respond_error(host, *error);
}

void PublishSession::on_published(Tag, const Answer<Published>& answer, Host& host) {
  if (const Error* error = std::get_if<Error>(&answer)) return respond_error(http(host), *error);
  const Published& published = std::get<Published>(answer);
  std::string body = "{";
  append_position(body, published.epoch, published.offset);
  body += '}';
  http(host).respond({.body = body, .extra_headers = {}});
}

std::optional<Error> PublishSession::read_body(Publication& publication) {
  publication.content = body_;
  publication.kind = Kind::binary;
  if (form_ == BodyForm::binary) return std::nullopt;

  const bool utf8 = is_valid_utf8(body_);
  if (!utf8 && form_ == BodyForm::text_or_binary) return std::nullopt;
  if (!utf8) return Error{400, "the body is not UTF-8, as its Content-Type promises"};
  publication.kind = Kind::text;
  if (form_ != BodyForm::json) return std::nullopt;

  JsonReader reader(body_);
  const bool string = reader.type() == JsonType::string;
  const std::span<char> value = reader.read_value();
  if (!reader.finish()) return reader.error();
  publication.kind = string ? Kind::text : Kind::json;
  publication.content = string ? unescape_json(value) : std::string_view(value.data(), value.size());
  return std::nullopt;
}

}  // namespace proto::rest
