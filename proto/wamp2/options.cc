// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/options.h"

#include "proto/notation.h"

namespace proto::wamp2 {
namespace {

constexpr std::string_view anonymous = "anonymous";

void note_type(std::optional<Fault>& fault, std::string_view key, std::string_view right) {
  note(fault, std::string(key) + " is " + std::string(right));
}

std::optional<std::uint64_t> read_number(JsonReader& reader) {
  const bool number = reader.type() == JsonType::number;
  const std::span<char> raw = reader.read_value(inner_depth_max);
  return number ? parse_number({raw.data(), raw.size()}) : std::nullopt;
}

void read_bool(JsonReader& reader, std::string_view key, bool& value, std::optional<Fault>& fault) {
  const std::span<char> raw = reader.read_value(inner_depth_max);
  const std::string_view text(raw.data(), raw.size());
  value = text == "true";
  if (!value && text != "false") note_type(fault, key, "true or false");
}

std::optional<std::string_view> read_text(JsonReader& reader, std::string_view key, std::optional<Fault>& fault) {
  if (reader.type() == JsonType::string) return reader.read_string();
  reader.read_value(inner_depth_max);
  note_type(fault, key, "a string");
  return std::nullopt;
}

// read_element() reads one each.
template <class F>
void read_list(JsonReader& reader, std::string_view key, std::optional<Fault>& fault, F&& read_element) {
  if (reader.type() != JsonType::array) {
    reader.read_value(inner_depth_max);
    return note_type(fault, key, "a list");
  }
  reader.enter_array();
  while (reader.next_element()) read_element();
}

void read_sessions(JsonReader& reader, std::string_view key, std::vector<std::uint64_t>& sessions,
                   std::optional<Fault>& fault) {
  sessions.clear();
  read_list(reader, key, fault, [&] {
    const std::optional<std::uint64_t> id = read_id(reader);
    if (!id) return note_type(fault, key, "a list of session ids");
    if (sessions.size() < session_list_max) return sessions.push_back(*id);
    note(fault, std::string(key) + " names at most 64 sessions", uris::invalid_argument);
  });
}

// Whether it names what every session here is.
bool read_names(JsonReader& reader, std::string_view key, std::optional<Fault>& fault) {
  bool found = false;
  read_list(reader, key, fault, [&] { found |= read_text(reader, key, fault) == anonymous; });
  return found;
}

// with_member(key) reads the value of each.
template <class F>
void read_dictionary(JsonReader& reader, std::string_view what, std::optional<Fault>& fault, F&& with_member) {
  if (reader.type() != JsonType::object) {
    reader.read_value(inner_depth_max);
    return note_type(fault, what, "a dictionary");
  }
  reader.enter_object();
  while (const std::optional<std::string_view> key = reader.next_member()) with_member(*key);
}

void read_match(JsonReader& reader, SubscribeOptions& options, std::optional<Fault>& fault) {
  const std::string_view match = read_text(reader, "match", fault).value_or(std::string_view());
  options.exact = match == "exact";
  const bool pattern = match == "prefix" || match == "wildcard";
  if (!options.exact && !pattern) note(fault, "match is exact, prefix or wildcard");
}

void read_epoch(JsonReader& reader, SubscribeOptions& options, std::optional<Fault>& fault) {
  const std::optional<std::string_view> text = read_text(reader, "_kodama_epoch", fault);
  if (!text) return;
  options.epoch = parse_epoch(*text);
  if (!options.epoch) note(fault, "_kodama_epoch is 1 to 16 hexadecimal digits", uris::invalid_argument);
}

void read_offset(JsonReader& reader, SubscribeOptions& options, std::optional<Fault>& fault) {
  options.offset = read_number(reader);
  if (!options.offset) note(fault, "_kodama_offset is a whole number", uris::invalid_argument);
}

// {"features": {"subscription_revocation": true, …}, …}; what else it knows does not matter here.
void read_subscriber(JsonReader& reader, HelloDetails& details, std::optional<Fault>& fault) {
  read_dictionary(reader, "the role subscriber", fault, [&](std::string_view key) {
    if (key != "features") return void(reader.read_value(inner_depth_max - 2));
    read_dictionary(reader, key, fault, [&](std::string_view feature) {
      if (feature == "subscription_revocation") return read_bool(reader, feature, details.hears_revocations, fault);
      reader.read_value(inner_depth_max - 3);
    });
  });
}

}  // namespace

void note(std::optional<Fault>& fault, std::string message, std::string_view uri) {
  if (!fault) fault = Fault{std::move(message), uri};
}

std::optional<std::uint64_t> read_id(JsonReader& reader) {
  const std::optional<std::uint64_t> id = read_number(reader);
  return id && *id >= 1 && *id <= id_max ? id : std::nullopt;
}

void read_details(JsonReader& reader, HelloDetails& details, std::optional<Fault>& fault) {
  read_dictionary(reader, "HELLO's details", fault, [&](std::string_view key) {
    if (key == "roles") {
      read_dictionary(reader, key, fault, [&](std::string_view role) {
        if (role == "subscriber") return read_subscriber(reader, details, fault);
        reader.read_value(inner_depth_max - 1);
      });
    } else if (key == "authmethods") {
      bool any = false;
      bool found = false;
      read_list(reader, key, fault, [&] {
        any = true;
        found |= read_text(reader, key, fault) == anonymous;
      });
      details.takes_anonymous = found || !any;
    } else {
      reader.read_value(inner_depth_max);
    }
  });
}

void read_options(JsonReader& reader, PublishOptions& options, std::optional<Fault>& fault) {
  read_dictionary(reader, "PUBLISH's options", fault, [&](std::string_view key) {
    if (key == "acknowledge") return read_bool(reader, key, options.acknowledge, fault);
    if (key == "exclude_me") return read_bool(reader, key, options.exclude_me, fault);
    if (key == "disclose_me") return read_bool(reader, key, options.disclose_me, fault);
    if (key == "exclude") return read_sessions(reader, key, options.exclude, fault);
    if (key == "eligible") return read_sessions(reader, key, options.eligible.emplace(), fault);
    if (key == "exclude_authid" || key == "exclude_authrole") {
      options.for_anonymous &= !read_names(reader, key, fault);
    } else if (key == "eligible_authid" || key == "eligible_authrole") {
      options.for_anonymous &= read_names(reader, key, fault);
    } else if (key == "retain") {
      bool unused = false;  // the topic's log keeps the message in any case
      read_bool(reader, key, unused, fault);
    } else {
      reader.read_value(inner_depth_max);
      if (key == "ppt_scheme") note(fault, "payload passthru was not announced");
    }
  });
}

void read_options(JsonReader& reader, SubscribeOptions& options, std::optional<Fault>& fault) {
  read_dictionary(reader, "SUBSCRIBE's options", fault, [&](std::string_view key) {
    if (key == "match") return read_match(reader, options, fault);
    if (key == "get_retained") return read_bool(reader, key, options.get_retained, fault);
    if (key == "_kodama_epoch") return read_epoch(reader, options, fault);
    if (key == "_kodama_offset") return read_offset(reader, options, fault);
    reader.read_value(inner_depth_max);
  });
  if (!options.exact) note(fault, "subscriptions are exact; there are no patterns", uris::option_not_allowed);
  if (options.epoch && !options.offset) {
    note(fault, "_kodama_epoch goes with _kodama_offset, the last one seen", uris::invalid_argument);
  }
}

}  // namespace proto::wamp2
