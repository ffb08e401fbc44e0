// SPDX-License-Identifier: Apache-2.0
#include "proto/wamp2/message.h"

#include <algorithm>

#include "proto/notation.h"

namespace proto::wamp2 {
namespace {

std::string_view view(std::span<const char> bytes) { return {bytes.data(), bytes.size()}; }

// JSON strings that begin so hold binary, in base64 (WAMP's appendix on binary in JSON).
constexpr char binary_mark = '\0';

constexpr int element_depth_max = json_depth_max - 1;  // the message is a level itself

constexpr std::size_t keyword_wrapping_bytes = std::string_view(R"({"args":,"kwargs":})").size();

class MessageReader {
 public:
  MessageReader(std::span<char> text, Incoming& message)
      : text_(text), reader_(text, HalfSurrogates::replace), message_(message) {}

  std::optional<Fault> read() {
    if (reader_.type() != JsonType::array) return Fault{"a message is a list, as JSON in a text frame"};
    reader_.enter_array();
    read_code();
    if (!fault_) read_elements();
    if (!fault_ && more()) violation("the message is longer than its type allows");
    if (reader_.failed()) return bad_json();
    if (fault_ && fault_->ends_session()) return fault_;
    while (more()) reader_.read_value(element_depth_max);
    if (!reader_.finish()) return bad_json();
    if (!fault_ && message_.code == Code::publish) take_content();
    return fault_;
  }

 private:
  void violation(std::string what) { note(fault_, std::move(what)); }
  // Whether another element follows.
  bool more() {
    ended_ = ended_ || !reader_.next_element();
    return !ended_;
  }
  // The next element, which must be there.
  bool next(const char* what) {
    if (fault_ && fault_->ends_session()) return false;
    if (more()) return true;
    if (!reader_.failed()) violation(std::string(what) + " is missing");
    return false;
  }

  Fault bad_json() const {
    Error error = reader_.error();
    if (error.status == 413 && message_.request != 0) return {std::move(error.message), uris::payload_size_exceeded};
    return {std::move(error.message)};
  }

  void read_code() {
    if (!next("the message's type")) return;
    const std::optional<std::uint64_t> code = read_id(reader_);
    if (!code) return violation("a message begins with its type, a number");
    constexpr std::uint64_t code_max = 1023;
    message_.code = static_cast<Code>(std::min(*code, code_max + 1));
  }

  void read_elements() {
    switch (message_.code) {
      case Code::hello:
        read_uri("the realm");
        if (next("HELLO's details")) read_details(reader_, message_.hello, fault_);
        return;
      case Code::abort: return read_ending(true);
      case Code::goodbye: return read_ending(false);
      case Code::publish:
        read_request();
        if (next("PUBLISH's options")) read_options(reader_, message_.publish, fault_);
        read_uri("the topic");
        return read_arguments();
      case Code::subscribe:
        read_request();
        if (next("SUBSCRIBE's options")) read_options(reader_, message_.subscribe, fault_);
        return read_uri("the topic");
      case Code::unsubscribe:
        read_request();
        if (next("the subscription's id")) message_.subscription = read_required_id("a subscription");
        return;
      case Code::call:
      case Code::cancel:
      case Code::register_:
      case Code::unregister:
        read_request();
        while (!fault_ && more()) reader_.read_value(element_depth_max);  // of a role that nobody has here
        return;
      default: return violation("no client sends messages of this type to a broker");
    }
  }

  std::uint64_t read_required_id(const char* what) {
    const std::optional<std::uint64_t> id = read_id(reader_);
    if (!id) violation(std::string(what) + " is a whole number from 1 to 2^53");
    return id.value_or(0);
  }

  void read_request() {
    if (next("the request's id")) message_.request = read_required_id("a request");
  }

  void read_uri(const char* what) {
    if (!next(what)) return;
    if (reader_.type() == JsonType::string) {
      message_.uri = reader_.read_string().value_or(std::string_view());
      return;
    }
    reader_.read_value(inner_depth_max);
    violation(std::string(what) + " is a string");
  }

  // ABORT and GOODBYE: details, a reason; an ABORT may have arguments too.
  void read_ending(bool with_arguments) {
    if (next("its details")) read_typed(JsonType::object, "its details are a dictionary");
    read_uri("its reason");
    if (with_arguments && more()) read_typed(JsonType::array, "the arguments are a list");
    if (with_arguments && !fault_ && more()) read_typed(JsonType::object, "the keyword arguments are a dictionary");
  }

  std::span<char> read_typed(JsonType type, const char* what) {
    if (reader_.type() != type) violation(what);
    return reader_.read_value(element_depth_max);
  }

  // Reads a list element by element: a text may be longer than other JSON.
  void read_arguments() {
    if ((fault_ && fault_->ends_session()) || !more()) return;
    if (reader_.type() != JsonType::array) {
      reader_.read_value(inner_depth_max);
      return violation("the arguments are a list");
    }
    const std::size_t begin = reader_.position();
    reader_.enter_array();
    while (reader_.next_element()) {
      const bool string = reader_.type() == JsonType::string;
      const std::span<char> value = reader_.read_value(inner_depth_max);
      sole_text_ = string && argument_count_ == 0 ? value : std::span<char>();
      ++argument_count_;
    }
    arguments_ = view(text_.subspan(begin, reader_.position() - begin));
    if (!reader_.failed() && more()) read_keywords();
  }

  void read_keywords() {
    const std::string_view keywords = view(read_typed(JsonType::object, "the keyword arguments are a dictionary"));
    const bool empty = keywords.find_first_not_of(" \t\r\n", 1) + 1 == keywords.size();
    if (!empty) keywords_ = keywords;
  }

  void take_content() {
    if (!keywords_.empty()) return take_both();
    if (sole_text_.empty()) {
      message_.content = arguments_;
      return check_size(arguments_.size());
    }
    message_.kind = Kind::text;
    message_.content = unescape_json(sole_text_);
    if (!message_.content.starts_with(binary_mark)) return;
    if (!decode_base64(message_.content.substr(1), message_.bytes)) return;
    message_.kind = Kind::binary;
    message_.content = message_.bytes;
  }

  void take_both() {
    const std::size_t size = arguments_.size() + keywords_.size() + keyword_wrapping_bytes;
    check_size(size);
    if (fault_) return;
    message_.bytes.reserve(size);
    message_.bytes += "{\"args\":";
    message_.bytes += arguments_;
    message_.bytes += ",\"kwargs\":";
    message_.bytes += keywords_;
    message_.bytes += '}';
    message_.content = message_.bytes;
  }

  void check_size(std::size_t bytes) {
    if (bytes > json_value_bytes_max) note(fault_, "JSON above 1 MiB; publish it as text", uris::payload_size_exceeded);
  }

  std::span<char> text_;
  JsonReader reader_;
  Incoming& message_;
  std::optional<Fault> fault_;
  std::string_view arguments_ = "[]";
  std::string_view keywords_;  // empty: none, or an empty dictionary
  std::span<char> sole_text_;  // the only argument, which is a string
  std::size_t argument_count_ = 0;
  bool ended_ = false;  // the list of elements
};

}  // namespace

std::optional<Fault> read_message(std::span<char> text, Incoming& message) {
  return MessageReader(text, message).read();
}

}  // namespace proto::wamp2
