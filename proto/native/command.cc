// SPDX-License-Identifier: Apache-2.0
#include "proto/native/command.h"

#include "proto/notation.h"

namespace proto::native {
namespace {

using Verb = Command::Verb;

void note(std::optional<Error>& error, std::string message) {
  if (!error) error = Error{400, std::move(message)};
}

Verb verb_of(std::string_view key) {
  if (key == "publish") return Verb::publish;
  if (key == "subscribe") return Verb::subscribe;
  if (key == "unsubscribe") return Verb::unsubscribe;
  return Verb::none;
}

void read_id(JsonReader& reader, std::string_view& id, std::optional<Error>& error) {
  const JsonType type = reader.type();
  const std::span<char> raw = reader.read_value();
  const std::string_view text(raw.data(), raw.size());
  if (type == JsonType::string && text.size() <= id_string_bytes_max + 2) {
    id = text;
  } else if (type == JsonType::number && parse_number(text).value_or(id_number_max + 1) <= id_number_max) {
    id = text;
  } else {
    note(error, "id is a whole number from 0 to 2^53 or a string of at most 64 bytes");
  }
}

// The members of a subscribe or an unsubscribe.
struct Members {
  std::optional<std::string_view> topic;
  std::optional<std::uint64_t> epoch;
  std::optional<std::uint64_t> offset;
  std::optional<std::uint64_t> last;
};

void read_epoch(JsonReader& reader, std::optional<std::uint64_t>& epoch, std::optional<Error>& error) {
  if (epoch) note(error, "epoch is given twice");
  const std::optional<std::string_view> text = read_string_member(reader, "epoch", error);
  if (!text) return;
  epoch = parse_epoch(*text);
  if (!epoch) note(error, "epoch is 1 to 16 hexadecimal digits");
}

void read_whole_number(JsonReader& reader, std::string_view key, std::optional<std::uint64_t>& member,
                       std::optional<Error>& error) {
  if (member) note(error, std::string(key) + " is given twice");
  const bool number = reader.type() == JsonType::number;
  const std::span<char> raw = reader.read_value();
  if (number) member = parse_number({raw.data(), raw.size()});
  if (!number || !member) note(error, std::string(key) + " is a whole number, written with digits alone");
}

void read_member(JsonReader& reader, std::string_view key, Verb verb, Members& members, std::optional<Error>& error) {
  const bool subscribe = verb == Verb::subscribe;
  if (key == "topic") {
    if (members.topic) note(error, "topic is given twice");
    members.topic = read_string_member(reader, key, error).value_or(std::string_view());
  } else if (subscribe && key == "epoch") {
    read_epoch(reader, members.epoch, error);
  } else if (subscribe && key == "offset") {
    read_whole_number(reader, "offset", members.offset, error);
  } else if (subscribe && key == "last") {
    read_whole_number(reader, "last", members.last, error);
  } else {
    const std::string_view hint =
        subscribe ? "a subscribe has topic, and epoch and offset, or last" : "an unsubscribe has topic";
    note(error, "unknown key \"" + std::string(brief(key)) + "\"; " + std::string(hint));
    reader.read_value();
  }
}

std::optional<Error> read_start(const Members& members, Start& start) {
  if (members.last && members.offset) return Error{400, "last and offset exclude each other"};
  if (members.epoch && !members.offset) return Error{400, "epoch goes with offset, the last one seen"};
  start.epoch = members.epoch;
  if (members.offset) {
    start.from = Start::From::after;
    start.value = *members.offset;
  } else if (members.last) {
    start.from = Start::From::last;
    start.value = *members.last;
  }
  return std::nullopt;
}

// Reads what stands behind "subscribe" or "unsubscribe".
std::optional<Error> read_subscription(JsonReader& reader, Command& command) {
  if (reader.type() != JsonType::object) {
    reader.read_value();
    return Error{400, "what to subscribe to is an object with topic"};
  }
  std::optional<Error> error;
  Members members;
  reader.enter_object();
  while (const std::optional<std::string_view> key = reader.next_member()) {
    read_member(reader, *key, command.verb, members, error);
  }
  if (!members.topic) note(error, "topic is missing");
  if (error) return error;
  command.topic = *members.topic;
  if (std::optional<Error> bad = check_topic(command.topic)) return bad;
  return read_start(members, command.start);
}

void read_top_member(JsonReader& reader, std::string_view key, Command& command, std::optional<Error>& error) {
  const Verb verb = verb_of(key);
  if (key == "id") {
    if (!command.id.empty()) note(error, "id is given twice");
    read_id(reader, command.id, error);
  } else if (verb == Verb::none) {
    note(error, "unknown command \"" + std::string(brief(key)) + "\"; there are subscribe, unsubscribe and publish");
    reader.read_value();
  } else if (command.verb != Verb::none) {
    note(error, "more than one command in a frame");
    reader.read_value();
  } else {
    command.verb = verb;
    std::optional<Error> bad =
        verb == Verb::publish ? read_publish(reader, command.publish) : read_subscription(reader, command);
    if (bad && !error) error = std::move(bad);
  }
}

}  // namespace

std::optional<Error> read_command(std::span<char> text, Command& command) {
  JsonReader reader(text);
  if (reader.type() != JsonType::object) return Error{400, "a command is a JSON object"};
  std::optional<Error> error;
  reader.enter_object();
  while (const std::optional<std::string_view> key = reader.next_member()) {
    read_top_member(reader, *key, command, error);
  }
  if (!reader.finish()) return reader.error();
  if (!error && command.verb == Verb::none) note(error, "no command; there are subscribe, unsubscribe and publish");
  return error;
}

}  // namespace proto::native
