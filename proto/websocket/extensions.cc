// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/extensions.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "absl/strings/str_cat.h"
#include "proto/websocket/token.h"

namespace proto::websocket {
namespace {

constexpr std::string_view header = "sec-websocket-extensions";
constexpr std::string_view extension = "permessage-deflate";

// RFC 7692 §7.1.
enum class Parameter : std::uint8_t {
  server_no_context_takeover,
  client_no_context_takeover,
  server_max_window_bits,
  client_max_window_bits,
};
constexpr std::string_view parameters[] = {"server_no_context_takeover", "client_no_context_takeover",
                                           "server_max_window_bits", "client_max_window_bits"};

// §7.1.2: a decimal number from 8 to 15 without leading zeros. 0: it is none.
std::uint8_t window_bits(std::string_view text) {
  if (text.empty() || text.size() > 2 || text[0] == '0') return 0;
  int bits = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '9') return 0;
    bits = 10 * bits + (digit - '0');
  }
  return bits >= window_bits_min && bits <= window_bits_max ? static_cast<std::uint8_t>(bits) : std::uint8_t{0};
}

// One element of the list, as its parameters come.
class Offer {
 public:
  explicit Offer(std::string_view name) : acceptable_(name == extension) {}

  void take(std::string_view name, const std::optional<std::string>& value) {
    const auto* const found = std::find(std::begin(parameters), std::end(parameters), name);
    const auto index = static_cast<unsigned>(found - std::begin(parameters));
    acceptable_ = acceptable_ && found != std::end(parameters) && (seen_ >> index & 1) == 0 &&
                  set(static_cast<Parameter>(index), value);
    seen_ |= 1U << index;
  }

  [[nodiscard]] std::optional<PerMessageDeflate> accepted(ClientWindow window) const {
    if (!acceptable_) return std::nullopt;
    PerMessageDeflate agreed = asked_;
    agreed.client_takes_over = window == ClientWindow::may_go_on && !resets_client_;
    return agreed;
  }

 private:
  bool set(Parameter parameter, const std::optional<std::string>& value) {
    switch (parameter) {
      case Parameter::server_no_context_takeover: return !value;
      case Parameter::client_no_context_takeover: resets_client_ = true; return !value;
      case Parameter::server_max_window_bits:
        asked_.names_server_window = true;
        asked_.server_window_bits = value ? window_bits(*value) : std::uint8_t{0};
        return asked_.server_window_bits >= server_window_bits_min;
      case Parameter::client_max_window_bits:
        asked_.names_client_window = value.has_value();
        if (value) asked_.client_window_bits = window_bits(*value);
        return asked_.client_window_bits >= window_bits_min;
    }
    return false;
  }

  PerMessageDeflate asked_;
  unsigned seen_ = 0;  // a bit a parameter
  bool acceptable_;
  bool resets_client_ = false;
};

// Reads a line of the header. What is between its parts may be white space.
class Reader {
 public:
  explicit Reader(std::string_view line) : rest_(line) { skip_space(); }

  [[nodiscard]] bool at_end() const { return rest_.empty(); }
  bool take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    skip_space();
    return true;
  }
  // Empty: there is none.
  std::string_view token() {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), is_token_character);
    const std::string_view token = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(token.size());
    skip_space();
    return token;
  }
  // A token, or a quoted string that is one without its quotes. Empty: there is none.
  std::string value() {
    if (rest_.empty() || rest_.front() != '"') return std::string(token());
    std::string text;
    for (std::size_t at = 1; at < rest_.size(); ++at) {
      if (rest_[at] == '"') {
        rest_.remove_prefix(at + 1);
        skip_space();
        return is_token(text) ? text : std::string();
      }
      if (rest_[at] == '\\' && ++at == rest_.size()) break;
      text.push_back(rest_[at]);
    }
    return {};  // it does not end
  }

 private:
  void skip_space() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size())); }
  std::string_view rest_;
};

// Reads a list's elements. False: it is none. `chosen` is the first offer that we can take.
class List {
 public:
  explicit List(ClientWindow window) : window_(window) {}

  bool read(std::string_view line) {
    Reader reader(line);
    while (!reader.at_end()) {
      if (reader.take(',')) continue;  // an empty element does not count (RFC 9110 §5.6.1.2)
      if (!read_extension(reader)) return false;
      ++extensions_;
      if (!reader.at_end() && !reader.take(',')) return false;
    }
    return true;
  }
  [[nodiscard]] std::size_t extensions() const { return extensions_; }
  [[nodiscard]] const std::optional<PerMessageDeflate>& chosen() const { return chosen_; }

 private:
  bool read_extension(Reader& reader) {
    const std::string_view name = reader.token();
    if (name.empty()) return false;
    Offer offer(name);
    while (reader.take(';')) {
      const std::string_view parameter = reader.token();
      if (parameter.empty()) return false;
      std::optional<std::string> value;
      if (reader.take('=') && (value = reader.value())->empty()) return false;
      offer.take(parameter, value);
    }
    if (!chosen_) chosen_ = offer.accepted(window_);
    return true;
  }

  const ClientWindow window_;
  std::size_t extensions_ = 0;
  std::optional<PerMessageDeflate> chosen_;
};

}  // namespace

std::variant<std::optional<PerMessageDeflate>, Refusal> negotiate_deflate(const HandshakeRequest& request,
                                                                          ClientWindow window) {
  constexpr Refusal malformed{Reason::bad_request, "Sec-WebSocket-Extensions is not a list of extensions", {}};
  List list(window);
  bool present = false;
  for (const auto& [name, value] : request.headers) {
    if (name != header) continue;
    present = true;
    if (!list.read(value)) return malformed;
  }
  if (present && list.extensions() == 0) return malformed;
  return list.chosen();
}

void append_extension(std::string& out, const PerMessageDeflate& agreed) {
  out.append("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover");
  if (!agreed.client_takes_over) out.append("; client_no_context_takeover");
  if (agreed.names_server_window) {
    absl::StrAppend(&out, "; server_max_window_bits=", static_cast<int>(agreed.server_window_bits));
  }
  if (agreed.names_client_window) {
    absl::StrAppend(&out, "; client_max_window_bits=", static_cast<int>(agreed.client_window_bits));
  }
  out.append("\r\n");
}

}  // namespace proto::websocket
