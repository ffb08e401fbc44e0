// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/fill.h"

#include <algorithm>
#include <array>

#include "proto/json.h"
#include "proto/notation.h"
#include "proto/socketio/encode.h"
#include "proto/utf8.h"

namespace proto::socketio {
namespace {

using Kind = Template::Kind;

constexpr std::string_view null = "null";

// A member's JSON; of what is there twice the last, as in JSON.parse. Empty: there is none. The view is into `object`.
std::string_view member(std::string_view object, std::string_view name) {
  std::string copy(object);  // reading keys unescapes them in place
  JsonReader reader(copy);
  std::string_view found;
  if (reader.type() != JsonType::object) return found;
  reader.enter_object();
  while (const auto key = reader.next_member()) {
    const bool wanted = *key == name;
    (void)reader.type();  // passes the space before the value
    const std::size_t begin = reader.position();
    reader.read_value();
    if (reader.failed()) return {};
    if (wanted) found = object.substr(begin, reader.position() - begin);
  }
  return found;
}

std::string_view at_path(std::string_view json, std::span<const std::string> path) {
  for (const std::string& name : path) json = member(json, name);
  return json;
}

const std::string* find(Known::Pairs pairs, std::string_view name) {
  const auto found = std::find_if(pairs.begin(), pairs.end(), [name](const auto& pair) { return pair.first == name; });
  return found == pairs.end() ? nullptr : &found->second;
}

class Filler {
 public:
  Filler(const Known& known, Filled& out) : known_(known), out_(out) {}

  void list(std::span<const Template> values) {
    bool first = true;
    for (const Template& value : values) {
      if (value.kind == Kind::arguments && known_.arguments.count == 0) continue;
      if (!first) out_.json += ',';
      first = false;
      this->value(value);
    }
  }

  void value(const Template& value) {
    switch (value.kind) {
      case Kind::constant: out_.json += value.text; return;
      case Kind::argument: return argument(value.index);
      case Kind::arguments: return spliced(known_.arguments.all);
      case Kind::auth: return json(at_path(known_.auth.empty() ? "{}" : known_.auth, value.path));
      case Kind::query: return text_or_null(find(known_.query, value.text));
      case Kind::header: return text_or_null(find(known_.headers, value.text));
      case Kind::sid: return text(known_.sid);
      case Kind::data: return data(value);
      case Kind::event: return text(known_.event);
      case Kind::cursor: return cursor();
      case Kind::time: return time();
      case Kind::message: return message();
      case Kind::binary: return attach(value.text);
      case Kind::list:
        out_.json += '[';
        list(value.items);
        out_.json += ']';
        return;
      case Kind::map: return map(value.items);
    }
  }

 private:
  void json(std::string_view json) { out_.json += json.empty() ? null : json; }

  // What is not there is null; and so is what JSON cannot say.
  void text(std::string_view text) {
    if (text.empty() || !is_valid_utf8(text)) {
      out_.json += null;
    } else {
      append_json_string(out_.json, text);
    }
  }

  void cursor() {
    if (!known_.cursor_later) return text(known_.cursor);
    out_.cursors.push_back(out_.json.size());
  }

  void text_or_null(const std::string* found) {
    if (found == nullptr || !is_valid_utf8(*found)) {
      out_.json += null;
    } else {
      append_json_string(out_.json, *found);
    }
  }

  void data(const Template& value) {
    const std::string* const found = find(known_.data, value.text);
    json(found == nullptr ? "" : at_path(*found, value.path));
  }

  void argument(std::size_t index) {
    if (index >= known_.arguments.each.size()) return json("");
    spliced(known_.arguments.each[index]);
  }

  // JSON of the event's arguments: its placeholders get the numbers that their attachments have now.
  void spliced(std::string_view json) {
    const char* at = json.data();
    const char* const end = at + json.size();
    for (const Placeholder& placeholder : known_.arguments.placeholders) {
      const char* const begin = placeholder.json.data();
      if (begin < at || begin >= end) continue;
      out_.json.append(at, begin);
      append_placeholder(out_.json, new_number(placeholder.number));
      at = begin + placeholder.json.size();
    }
    out_.json.append(at, end);
  }

  std::size_t new_number(std::size_t number) {
    std::size_t& given = numbers_[number];
    if (given == 0) {
      out_.attachments.push_back(known_.arguments.attachments[number]);
      given = out_.attachments.size();
    }
    return given - 1;
  }

  void attach(std::string_view bytes) {
    append_placeholder(out_.json, out_.attachments.size());
    out_.attachments.push_back(bytes);
  }

  // Seconds with three decimals, as in all that this server writes.
  void time() {
    const auto milliseconds = static_cast<std::uint64_t>(std::max<std::int64_t>(known_.time_us, 0) / 1000);
    append_number(out_.json, milliseconds / 1000);
    const std::string digits = std::to_string(1000 + milliseconds % 1000);
    out_.json += '.';
    out_.json += std::string_view(digits).substr(1);
  }

  void message() {
    if (known_.message.binary) return attach(known_.message.bytes);
    append_json_string(out_.json, known_.message.bytes);
  }

  void map(std::span<const Template> items) {
    out_.json += '{';
    for (std::size_t i = 0; i < items.size(); ++i) {
      if (i > 0) out_.json += i % 2 == 1 ? ':' : ',';
      value(items[i]);
    }
    out_.json += '}';
  }

  const Known& known_;
  Filled& out_;
  std::array<std::size_t, attachments_max> numbers_{};  // of the event's attachments: what they have now, from 1; or 0
};

}  // namespace

Arguments arguments_of(const Packet& packet, std::span<const std::string> attachments) {
  return {.all = packet.arguments,
          .count = packet.argument_count,
          .each = {packet.argument.data(), packet.argument.size()},
          .placeholders = attachments.size() == packet.attachments ? std::span(packet.placeholders)
                                                                   : std::span<const Placeholder>(),
          .attachments = attachments};
}

void insert_cursor(std::string& json, std::span<const std::size_t> cursors, std::string_view cursor) {
  std::string written;
  append_json_string(written, cursor);
  // From the back, so that the places in front stay where they are.
  for (std::size_t i = cursors.size(); i > 0; --i) json.insert(cursors[i - 1], written);
}

Filled fill(const Template& value, const Known& known) {
  Filled filled;
  Filler(known, filled).value(value);
  return filled;
}

Filled fill_list(std::span<const Template> values, const Known& known) {
  Filled filled;
  Filler(known, filled).list(values);
  return filled;
}

std::optional<std::string> fill_text(const Template& value, const Known& known) {
  Filled filled = fill(value, known);
  if (!filled.json.starts_with('"')) return std::nullopt;
  return std::string(unescape_json(filled.json));
}

bool holds(const Guard& guard, const Known& known) {
  const auto is_there = [&](const Condition& condition) {
    return condition.recovered ? known.recovered : fill(condition.subject, known).json != null;
  };
  if (!std::all_of(guard.when.begin(), guard.when.end(), is_there)) return false;
  return guard.unless.empty() || !std::all_of(guard.unless.begin(), guard.unless.end(), is_there);
}

std::string visible_auth(std::string_view payload) {
  std::string copy(payload);
  JsonReader reader(copy);
  if (reader.type() != JsonType::object) return "{}";
  std::string visible = "{";
  reader.enter_object();
  while (const auto key = reader.next_member()) {
    const std::string name(*key);
    const std::span<char> value = reader.read_value();
    if (reader.failed()) return "{}";
    if (name == "pid" || name == "offset") continue;
    if (visible.size() > 1) visible += ',';
    append_json_string(visible, name);
    visible += ':';
    visible.append(value.data(), value.size());
  }
  return visible + "}";
}

}  // namespace proto::socketio
