// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/content.h"

#include "proto/attachments.h"
#include "proto/json.h"
#include "proto/socketio/encode.h"
#include "proto/socketio/placeholders.h"

namespace proto::socketio {
namespace {

constexpr std::string_view space = " \t\n\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(space) + 1 - begin);
}

// Of an array what stands between its brackets, of anything else itself.
std::string_view values_of(std::string_view json) {
  json = trimmed(json);
  if (json.starts_with('[') && json.ends_with(']')) return trimmed(json.substr(1, json.size() - 2));
  return json;
}

void read_attachments(std::string_view content, EventArguments& arguments) {
  std::optional<JsonWithAttachments> parts = read_attachments_content(content);
  if (!parts) return;
  arguments.json = values_of(parts->json);
  arguments.attachments = std::move(parts->attachments);
  for (const AttachmentPlace& place : parts->places) {
    arguments.placeholders.push_back(
        {.json = parts->json.substr(place.begin, place.end - place.begin), .number = place.attachment});
  }
}

}  // namespace

void read_arguments(const Message& message, EventArguments& arguments) {
  switch (message.kind) {
    case Kind::text:
      append_json_string(arguments.written, message.content);
      arguments.json = arguments.written;
      return;
    case Kind::json: arguments.json = values_of(message.content); return;
    case Kind::binary:
      append_placeholder(arguments.written, 0);
      arguments.json = arguments.written;
      arguments.attachments = {message.content};
      arguments.placeholders = {{.json = arguments.json, .number = 0}};
      return;
    case Kind::json_attachments: read_attachments(message.content, arguments); return;
  }
}

SplitValues split_values(std::string_view json) {
  SplitValues values;
  std::string array = "[" + std::string(json) + "]";
  JsonReader reader(array);
  if (reader.type() != JsonType::array) return values;
  reader.enter_array();
  while (reader.next_element()) {
    const std::span<char> value = reader.read_value();
    if (reader.failed()) break;
    const std::size_t begin = static_cast<std::size_t>(value.data() - array.data()) - 1;
    ++values.count;
    if (values.first.size() < argument_views_max) values.first.push_back(json.substr(begin, value.size()));
  }
  return values;
}

EventContent write_content(const Filled& arguments) {
  EventContent content;
  std::string array = "[" + arguments.json + "]";
  if (arguments.attachments.empty()) {
    std::string copy = arguments.json;
    JsonReader reader(copy);
    const auto text = reader.type() == JsonType::string ? reader.read_string() : std::nullopt;
    if (text && reader.finish()) {
      content.kind = Kind::text;
      content.bytes = *text;
    } else {
      content.bytes = std::move(array);
    }
    content.inlined_bytes = content.bytes.size();
    return content;
  }
  std::vector<Placeholder> found;
  if (!find_placeholders(array, arguments.attachments.size(), found)) found.clear();
  JsonWithAttachments parts{.json = array, .places = {}, .attachments = arguments.attachments};
  for (const Placeholder& placeholder : found) {
    const auto begin = static_cast<std::uint32_t>(placeholder.json.data() - array.data());
    parts.places.push_back({.begin = begin,
                            .end = begin + static_cast<std::uint32_t>(placeholder.json.size()),
                            .attachment = static_cast<std::uint32_t>(placeholder.number)});
  }
  content.kind = Kind::json_attachments;
  append_attachments_content(content.bytes, parts);
  content.inlined_bytes = inlined_bytes(parts);
  return content;
}

}  // namespace proto::socketio
