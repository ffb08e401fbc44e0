// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/event.h"

#include <absl/hash/hash.h>
#include <absl/strings/escaping.h>

#include <optional>

#include "proto/attachments.h"
#include "proto/audience.h"
#include "proto/json.h"
#include "proto/notation.h"
#include "proto/wamp2/words.h"
#include "proto/websocket/text_frame.h"

namespace proto::wamp2 {
namespace {

constexpr std::string_view space = " \t\n\r";

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(space);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(space) + 1 - begin);
}

// Of a list or a dictionary: nothing but its brackets.
bool is_empty(std::string_view json) { return trimmed(json.substr(1, json.size() - 2)).empty(); }

std::uint64_t to_id(std::uint64_t bits) { return (bits & (id_max - 1)) + 1; }

// Binary as JSON has it in WAMP: a string of U+0000 and base64.
void append_binary(std::string& out, std::string_view bytes) {
  std::string base64;
  absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()), &base64);
  out += "\"\\u0000";
  out += base64;
  out += '"';
}

std::string with_binary_in_place(std::string_view content) {
  const std::optional<JsonWithAttachments> parts = read_attachments_content(content);
  if (!parts) return "null";
  std::string json;
  std::size_t at = 0;
  for (const AttachmentPlace& place : parts->places) {
    json += parts->json.substr(at, place.begin - at);
    append_binary(json, parts->attachments[place.attachment]);
    at = place.end;
  }
  json += parts->json.substr(at);
  return json;
}

// {"args":[…],"kwargs":{…}} with these two keys in this order, and no other: what a publish with keywords becomes.
struct Keyworded {
  std::string_view args;
  std::string_view kwargs;
};

// Views the text, in which keys are unescaped in place.
std::optional<Keyworded> read_keyworded(std::string& json) {
  JsonReader reader(json);
  Keyworded found;
  const auto read = [&reader](std::string_view key, JsonType type, std::string_view& value) {
    if (reader.next_member() != key || reader.type() != type) return false;
    const std::span<char> raw = reader.read_value();
    value = {raw.data(), raw.size()};
    return true;
  };
  reader.enter_object();
  if (!read("args", JsonType::array, found.args) || !read("kwargs", JsonType::object, found.kwargs))
    return std::nullopt;
  if (reader.next_member() || !reader.finish()) return std::nullopt;
  return found;
}

bool may_be_keyworded(std::string_view json) {
  return json.starts_with('{') && trimmed(json.substr(1)).starts_with("\"args\"");
}

// With the comma before each. Empty ones are left out, as WAMP wants it.
void append_arguments(std::string& out, std::string_view args, std::string_view kwargs) {
  const bool has_keywords = !is_empty(kwargs);
  if (is_empty(args) && !has_keywords) return;
  out += ',';
  out += args;
  if (!has_keywords) return;
  out += ',';
  out += kwargs;
}

void append_json(std::string& out, std::string_view json) {
  json = trimmed(json);
  if (json.starts_with('[')) return append_arguments(out, json, "{}");
  if (may_be_keyworded(json)) {
    std::string copy(json);
    if (const std::optional<Keyworded> found = read_keyworded(copy)) {
      return append_arguments(out, found->args, found->kwargs);
    }
  }
  out += ",[";
  out += json;
  out += ']';
}

void append_payload(std::string& out, const Message& message) {
  switch (message.kind) {
    case Kind::text:
      out += ",[";
      append_json_string(out, message.content);
      out += ']';
      return;
    case Kind::binary:
      out += ",[";
      append_binary(out, message.content);
      out += ']';
      return;
    case Kind::json: return append_json(out, message.content);
    case Kind::json_attachments: return append_json(out, with_binary_in_place(message.content));
  }
}

// Whose it is, where its publisher said disclose_me.
void append_publisher(std::string& out, std::string_view audience) {
  for_each_member(audience, [&out](Sign sign, std::string_view member) {
    const std::optional<std::uint64_t> session = sign == Sign::publisher ? parse_number(member) : std::nullopt;
    if (!session) return;
    out += ",\"publisher\":";
    append_number(out, *session);
  });
}

// Hot: once a message and shard. Measured by encode_wamp2_text and _json of bench/micro.
void append_event(const Message& message, std::string_view more_details, std::string& out) {
  const std::size_t begin = out.size();
  out += "[36,";
  append_number(out, subscription_id(message.topic));
  out += ',';
  append_number(out, publication_id(message.epoch, message.offset));
  out += ",{\"_kodama_epoch\":\"";
  append_epoch(out, message.epoch);
  out += "\",\"_kodama_offset\":";
  append_number(out, message.offset);
  if (!message.audience.empty()) append_publisher(out, message.audience);
  out += more_details;
  out += '}';
  append_payload(out, message);
  out += ']';
  websocket::make_text_frame(out, begin);
}

void append_live_event(const WireFormat&, const Message& message, std::string& out) { append_event(message, "", out); }

}  // namespace

constexpr WireFormat event_format{"wamp.2.json", &append_live_event};

void append_retained_event(const Message& message, std::string& out) {
  append_event(message, ",\"retained\":true", out);
}

std::uint64_t subscription_id(std::string_view topic) { return to_id(absl::HashOf(topic)); }

// The finaliser of MurmurHash3, by which every bit of either number changes about half of those of the id.
std::uint64_t publication_id(std::uint64_t epoch, std::uint64_t offset) {
  std::uint64_t bits = epoch + offset * 0x9E3779B97F4A7C15;
  bits = (bits ^ bits >> 33) * 0xFF51AFD7ED558CCD;
  bits = (bits ^ bits >> 33) * 0xC4CEB9FE1A85EC53;
  return to_id(bits ^ bits >> 33);
}

}  // namespace proto::wamp2
