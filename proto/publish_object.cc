// SPDX-License-Identifier: Apache-2.0
#include "proto/publish_object.h"

#include "proto/notation.h"

namespace proto {
namespace {

// What has been read of the object so far.
struct Members {
  std::optional<std::string_view> topic;
  std::optional<std::string_view> event;
  bool data = false;
  bool data_base64 = false;
};

void note(std::optional<Error>& error, std::string message) {
  if (!error) error = Error{400, std::move(message)};
}

void note_twice(std::optional<Error>& error, std::string_view key) {
  note(error, std::string(key) + " is given twice");
}

void read_data(JsonReader& reader, Publication& publication) {
  if (reader.type() == JsonType::string) {
    publication.kind = Kind::text;
    publication.content = reader.read_string().value_or(std::string_view());
    return;
  }
  publication.kind = Kind::json;
  const std::span<char> raw = reader.read_value();
  publication.content = {raw.data(), raw.size()};
}

void read_data_base64(JsonReader& reader, PublishObject& object, std::optional<Error>& error) {
  const std::optional<std::string_view> text = read_string_member(reader, "data_base64", error);
  if (!text) return;
  if (!decode_base64(*text, object.bytes)) {
    return note(error, "data_base64 is base64 with padding (RFC 4648 section 4)");
  }
  object.publication.kind = Kind::binary;
  object.publication.content = object.bytes;
}

void read_member(JsonReader& reader, std::string_view key, Members& seen, PublishObject& object,
                 std::optional<Error>& error) {
  if (key == "topic" || key == "event") {
    std::optional<std::string_view>& member = key == "topic" ? seen.topic : seen.event;
    if (member) note_twice(error, key);
    // Marked as seen also when it was no string, so that only that is told.
    member = read_string_member(reader, key, error).value_or(std::string_view());
  } else if (key == "data") {
    if (seen.data) note_twice(error, key);
    seen.data = true;
    read_data(reader, object.publication);
  } else if (key == "data_base64") {
    if (seen.data_base64) note_twice(error, key);
    seen.data_base64 = true;
    read_data_base64(reader, object, error);
  } else {
    note(error, "unknown key \"" + std::string(brief(key)) + "\"; a publish has topic, data or data_base64, and event");
    reader.read_value();
  }
}

}  // namespace

std::optional<Error> read_publish(JsonReader& reader, PublishObject& object, Reserve reserve) {
  if (reader.type() != JsonType::object) {
    reader.read_value();
    if (reader.failed()) return reader.error();
    return Error{400, "a publish is an object with topic and data"};
  }
  std::optional<Error> error;
  Members seen;
  reader.enter_object();
  while (const std::optional<std::string_view> key = reader.next_member()) {
    read_member(reader, *key, seen, object, error);
  }
  if (reader.failed()) return reader.error();
  if (!seen.topic) note(error, "topic is missing");
  if (seen.data && seen.data_base64) note(error, "data and data_base64 exclude each other");
  if (!seen.data && !seen.data_base64) note(error, "data is missing");
  if (error) return error;
  object.publication.topic = *seen.topic;
  if (std::optional<Error> bad = check_topic(*seen.topic, reserve)) return bad;
  if (!seen.event) return std::nullopt;
  object.publication.event = *seen.event;
  return check_event(*seen.event);
}

std::optional<std::string_view> read_string_member(JsonReader& reader, std::string_view key,
                                                   std::optional<Error>& error) {
  if (reader.type() == JsonType::string) return reader.read_string();
  reader.read_value();
  note(error, std::string(key) + " is a string");
  return std::nullopt;
}

}  // namespace proto
