// SPDX-License-Identifier: Apache-2.0
#include "config/values.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <span>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_format.h"
#include "config/words.h"

namespace config {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t factor;
};

constexpr std::uint64_t kibi = 1024;
constexpr std::array<Unit, 7> size_units = {{{"B", 1},
                                             {"KiB", kibi},
                                             {"MiB", kibi* kibi},
                                             {"GiB", kibi* kibi* kibi},
                                             {"KB", 1'000},
                                             {"MB", 1'000'000},
                                             {"GB", 1'000'000'000}}};
constexpr std::array<Unit, 4> duration_units = {{{"s", 1'000}, {"m", 60'000}, {"h", 3'600'000}, {"ms", 1}}};

absl::string_view to_absl(std::string_view text) { return {text.data(), text.size()}; }
char lower(char c) { return absl::ascii_tolower(static_cast<unsigned char>(c)); }

// "K" may mean KiB, "kb" KB, "min" m: the unit that shares the longest beginning, whatever its case.
const Unit* resembling(std::string_view name, std::span<const Unit> units) {
  const Unit* best = nullptr;
  std::size_t best_shared = 0;
  for (const Unit& unit : units) {
    std::size_t shared = 0;
    while (shared < std::min(name.size(), unit.name.size()) && lower(name[shared]) == lower(unit.name[shared]))
      ++shared;
    if (shared == name.size() && shared == unit.name.size()) return &unit;
    if (shared <= best_shared) continue;
    best = &unit;
    best_shared = shared;
  }
  return best;
}

// What is said of an amount: "a size", its units, and the unit that a bare number most likely meant.
struct Amount {
  std::string_view noun;
  std::string_view unit_names;
  std::span<const Unit> units;
};
constexpr Amount size_amount = {"a size", "B, KiB, MiB, GiB, KB, MB, GB", size_units};
constexpr Amount duration_amount = {"a duration", "ms, s, m, h", duration_units};

std::string bare_number(std::string_view digits, std::uint64_t number, const Amount& amount) {
  const bool size = amount.units.data() == size_units.data();
  const std::string meant = size ? format_bytes(number) : absl::StrFormat("%ss", digits);
  return absl::StrFormat("\"%s\" has no unit (%s)%s", digits, amount.unit_names, did_you_mean(meant));
}

Parsed<std::uint64_t> parse_amount(std::string_view text, const Amount& amount) {
  const std::size_t end = std::min(text.find_first_not_of("0123456789"), text.size());
  const std::string_view digits = text.substr(0, end);
  const std::string_view name = text.substr(end);
  if (digits.empty()) {
    return absl::StrFormat("%s is not %s; write a whole number with a unit (%s)", quote(text), amount.noun,
                           amount.unit_names);
  }
  std::uint64_t number = 0;
  if (!absl::SimpleAtoi(to_absl(digits), &number)) return absl::StrFormat("%s is too large", quote(text));
  if (name.empty()) return number == 0 ? Parsed<std::uint64_t>(number) : bare_number(digits, number, amount);
  for (const Unit& unit : amount.units) {
    if (unit.name != name) continue;
    // A sixteenth of the range is more than any key takes, and leaves durations room in a signed count.
    if (number > (std::numeric_limits<std::uint64_t>::max() >> 4) / unit.factor) {
      return absl::StrFormat("%s is too large", quote(text));
    }
    return number * unit.factor;
  }
  if (name[0] == '.') return absl::StrFormat("%s has a fraction; write a whole number in a smaller unit", quote(text));
  const Unit* meant = resembling(name.substr(std::min(name.find_first_not_of(' '), name.size())), amount.units);
  return absl::StrFormat("%s has an unknown unit (%s are known)%s", quote(text), amount.unit_names,
                         meant == nullptr ? "" : did_you_mean(absl::StrFormat("%s%s", digits, meant->name)));
}

std::string format_amount(std::uint64_t amount, std::span<const Unit> units) {
  if (amount == 0) return "0";
  const Unit* best = nullptr;
  for (const Unit& unit : units) {
    if (amount % unit.factor == 0 && (best == nullptr || unit.factor > best->factor)) best = &unit;
  }
  return absl::StrFormat("%u%s", amount / best->factor, best->name);
}

std::string not_an_origin(std::string_view text, std::string_view why, std::string_view meant) {
  return absl::StrFormat("%s is not an origin: %s%s", quote(text), why, did_you_mean(meant));
}

// The port that a browser leaves out of the Origin it sends.
std::string_view default_port(std::string_view scheme) { return scheme == "https" ? ":443" : ":80"; }

}  // namespace

Parsed<bool> parse_bool(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  constexpr std::array<std::string_view, 4> yes = {"true", "yes", "on", "1"};
  constexpr std::array<std::string_view, 4> no = {"false", "no", "off", "0"};
  const std::string plain = absl::AsciiStrToLower(to_absl(text));
  std::string_view meant;
  if (std::find(yes.begin(), yes.end(), plain) != yes.end()) meant = "true";
  if (std::find(no.begin(), no.end(), plain) != no.end()) meant = "false";
  return absl::StrFormat("must be true or false, is %s%s", quote(text), did_you_mean(meant));
}

Parsed<std::uint64_t> parse_count(std::string_view text) {
  std::uint64_t number = 0;
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos) {
    return absl::StrFormat("must be a whole number, is %s", quote(text));
  }
  if (!absl::SimpleAtoi(to_absl(text), &number)) return absl::StrFormat("%s is too large", quote(text));
  return number;
}

Parsed<std::uint64_t> parse_bytes(std::string_view text) { return parse_amount(text, size_amount); }

Parsed<std::chrono::milliseconds> parse_duration(std::string_view text) {
  auto amount = parse_amount(text, duration_amount);
  if (auto* wrong = std::get_if<std::string>(&amount)) return std::move(*wrong);
  return std::chrono::milliseconds(static_cast<std::int64_t>(std::get<std::uint64_t>(amount)));
}

std::optional<std::string> origin_problem(std::string_view text) {
  if (text == "*") return std::nullopt;
  const std::size_t scheme_end = text.find("://");
  if (scheme_end == std::string_view::npos) {
    const bool host = !text.empty() && text.find_first_of(" */") == std::string_view::npos;
    return not_an_origin(text, "it has no scheme", host ? absl::StrFormat("https://%s", text) : "");
  }
  const std::string plain = absl::AsciiStrToLower(to_absl(text));
  const std::string_view scheme = std::string_view(plain).substr(0, scheme_end);
  const std::string_view authority = std::string_view(plain).substr(scheme_end + 3);
  if (scheme == "ws" || scheme == "wss") {
    const std::string_view meant = scheme == "ws" ? "http" : "https";
    return not_an_origin(text, "it names the page, not the socket", absl::StrFormat("%s://%s", meant, authority));
  }
  if (scheme != "http" && scheme != "https") return not_an_origin(text, "its scheme is not http or https", "");
  const std::size_t path = authority.find_first_of("/?#");
  if (path == 0 || authority.empty()) return not_an_origin(text, "it has no host", "");
  if (path != std::string_view::npos) {
    return not_an_origin(text, "nothing may follow the host", plain.substr(0, scheme_end + 3 + path));
  }
  if (authority.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-._:[]") != std::string_view::npos) {
    return not_an_origin(text, "its host has a character that no host has", "");
  }
  const std::string_view port = default_port(scheme);
  if (authority.ends_with(port)) {
    return not_an_origin(text, "browsers leave the usual port out", plain.substr(0, plain.size() - port.size()));
  }
  if (plain != text) return not_an_origin(text, "browsers send it in lower case", plain);
  return std::nullopt;
}

std::string format_bytes(std::uint64_t bytes) { return format_amount(bytes, std::span(size_units).first(4)); }

std::string format_duration(std::chrono::milliseconds duration) {
  return format_amount(static_cast<std::uint64_t>(duration.count()), duration_units);
}

}  // namespace config
