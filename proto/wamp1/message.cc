// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp1/message.h"

#include "proto/json.h"
#include "proto/notation.h"

namespace proto::wamp1 {
namespace {

// Reads the elements of one message, until one is not what belongs in its place.
class Reader {
 public:
  Reader(std::span<char> text, ClientMessage& message) : json_(text), message_(message) {}

  std::optional<Reason> read() {
    if (json_.type() != JsonType::array) return Reason::protocol_error;
    json_.enter_array();
    if (read_type() && read_elements() && !more() && json_.finish()) return std::nullopt;
    if (too_long_) return Reason::policy_violation;
    const bool large = json_.failed() && json_.error().status == 413;
    return large ? Reason::message_too_big : Reason::protocol_error;
  }

 private:
  bool read_type() {
    if (!more() || json_.type() != JsonType::number) return false;
    const std::span<char> raw = json_.read_value();
    const auto number = parse_number({raw.data(), raw.size()});
    if (!number || *number > static_cast<std::uint64_t>(Type::event)) return false;
    message_.type = static_cast<Type>(*number);
    return true;
  }

  bool read_elements() {
    switch (message_.type) {
      case Type::prefix: return read_string(message_.prefix) && read_string(message_.uri);
      case Type::call: return read_call();
      case Type::subscribe:
      case Type::unsubscribe: return read_string(message_.uri);
      case Type::publish: return read_string(message_.uri) && read_event() && read_audience();
      case Type::welcome:
      case Type::call_result:
      case Type::call_error:
      case Type::event: return false;  // a server's
    }
    return false;
  }

  // Whether there is one more element. The array's end is passed once.
  bool more() {
    ended_ = ended_ || !json_.next_element();
    return !ended_;
  }

  bool read_string(std::string_view& string) {
    if (!more() || json_.type() != JsonType::string) return false;
    const std::optional<std::string_view> text = json_.read_string();
    string = text.value_or(std::string_view());
    return text.has_value();
  }

  bool read_call() {
    if (!more() || json_.type() != JsonType::string) return false;
    const std::span<char> raw = json_.read_value();
    message_.call_id = {raw.data(), raw.size()};
    too_long_ = raw.size() > call_id_bytes_max + 2;
    if (too_long_ || !read_string(message_.uri)) return false;
    while (more()) json_.read_value();  // the arguments: nothing is called here
    return true;
  }

  bool read_event() {
    if (!more()) return false;
    if (json_.type() == JsonType::string) {
      message_.kind = Kind::text;
      message_.content = json_.read_string().value_or(std::string_view());
    } else {
      const std::span<char> raw = json_.read_value();
      message_.content = {raw.data(), raw.size()};
    }
    return !json_.failed();
  }

  // Behind the event comes nothing; or excludeMe or a list of whom to exclude, and then nothing or a list of who is
  // eligible.
  bool read_audience() {
    if (!more()) return true;
    if (json_.type() == JsonType::array) {
      if (!read_sessions(message_.exclude)) return false;
    } else {
      const std::span<char> raw = json_.read_value();
      const std::string_view written(raw.data(), raw.size());
      message_.exclude_me = written == "true";
      if (!message_.exclude_me && written != "false") return false;
    }
    if (!more()) return true;
    return json_.type() == JsonType::array && read_sessions(message_.eligible.emplace());
  }

  bool read_sessions(std::vector<std::string_view>& sessions) {
    json_.enter_array();
    while (json_.next_element()) {
      if (json_.type() != JsonType::string) return false;
      const std::optional<std::string_view> id = json_.read_string();
      if (!id || id->empty()) return false;
      too_long_ = id->size() > session_id_bytes_max || sessions.size() == sessions_listed_max;
      if (too_long_) return false;
      sessions.push_back(*id);
    }
    return !json_.failed();
  }

  JsonReader json_;
  ClientMessage& message_;
  bool ended_ = false;
  bool too_long_ = false;  // a list or an id
};

}  // namespace

std::optional<Reason> read_message(std::span<char> text, ClientMessage& message) {
  return Reader(text, message).read();
}

}  // namespace proto::wamp1
