// SPDX-License-Identifier: Apache-2.0
// The values of rows, by type: one overload of name() and read() for each alternative of Slot.
#include <algorithm>
#include <array>
#include <limits>
#include <type_traits>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "config/table.h"
#include "config/values.h"
#include "config/words.h"

namespace config {
namespace {

using Problem = std::optional<std::string>;

// --- Words that stand for enumerators, in the enumerators' order ----------------------------------

constexpr std::array<std::string_view, 2> overflow_words = {"disconnect", "drop_oldest"};
constexpr std::array<std::string_view, 4> level_words = {"debug", "info", "warn", "error"};
constexpr std::array<std::string_view, 2> format_words = {"text", "json"};
constexpr std::array<std::string_view, 2> preset_words = {"none", "socketio-chat"};

std::span<const std::string_view> words(Overflow) { return overflow_words; }
std::span<const std::string_view> words(LogLevel) { return level_words; }
std::span<const std::string_view> words(LogFormat) { return format_words; }
std::span<const std::string_view> words(Preset) { return preset_words; }

std::string one_of(std::span<const std::string_view> words) {
  std::string text(words.front());
  for (std::size_t i = 1; i < words.size(); ++i) {
    absl::StrAppend(&text, i + 1 == words.size() ? " or " : ", ", std::string(words[i]));
  }
  return text;
}

// --- Types' names ---------------------------------------------------------------------------------

std::string name(const bool&) { return "true or false"; }
std::string name(const std::uint32_t&) { return "number"; }
std::string name(const std::uint64_t&) { return "size"; }
std::string name(const std::chrono::milliseconds&) { return "duration"; }
std::string name(const std::optional<Address>&) { return "address:port"; }
std::string name(const std::string&) { return "path"; }
std::string name(const std::vector<std::string>&) { return "list of origins"; }
std::string name(const std::vector<TopicPattern>&) { return "list of topic patterns"; }
template <class Enum>
std::string name(const Enum& value) {
  return one_of(words(value));
}

// --- Ranges ---------------------------------------------------------------------------------------

template <class T>
std::string amount(std::uint64_t) {
  return {};
}
template <>
std::string amount<std::uint32_t>(std::uint64_t number) {
  return absl::StrCat(number);
}
template <>
std::string amount<std::uint64_t>(std::uint64_t bytes) {
  return format_bytes(bytes);
}
template <>
std::string amount<std::chrono::milliseconds>(std::uint64_t number) {
  return format_duration(std::chrono::milliseconds(static_cast<std::int64_t>(number)));
}

template <class T>
Problem check_range(const Row& row, std::uint64_t number) {
  if (number >= row.least && number <= row.most) return std::nullopt;
  return absl::StrFormat("must be from %s, is %s", range_text(row), amount<T>(number));
}

// --- Reading --------------------------------------------------------------------------------------

template <class T>
Problem keep(Parsed<T>&& parsed, T& value) {
  if (auto* wrong = std::get_if<std::string>(&parsed)) return std::move(*wrong);
  value = std::move(std::get<T>(parsed));
  return std::nullopt;
}

Problem read(const Row&, std::string_view text, bool& value) { return keep(parse_bool(text), value); }

Problem read(const Row& row, std::string_view text, std::uint32_t& value) {
  std::uint64_t number = 0;
  if (auto wrong = keep(parse_count(text), number)) return wrong;
  if (auto wrong = check_range<std::uint32_t>(row, number)) return wrong;
  value = static_cast<std::uint32_t>(number);
  return std::nullopt;
}

Problem read(const Row& row, std::string_view text, std::uint64_t& value) {
  if (auto wrong = keep(parse_bytes(text), value)) return wrong;
  return check_range<std::uint64_t>(row, value);
}

Problem read(const Row& row, std::string_view text, std::chrono::milliseconds& value) {
  if (auto wrong = keep(parse_duration(text), value)) return wrong;
  return check_range<std::chrono::milliseconds>(row, static_cast<std::uint64_t>(value.count()));
}

Problem read(const Row& row, std::string_view text, std::optional<Address>& value) {
  value.reset();
  if (text.empty() || (text == automatic && row.fallback == automatic)) return std::nullopt;
  return keep(parse_address(text), value.emplace());
}

Problem read(const Row&, std::string_view text, std::string& value) {
  if (text.find('\0') != std::string_view::npos) return "no path has a zero byte";
  value = text;
  return std::nullopt;
}

Problem read(const Row&, std::string_view text, std::vector<std::string>& value) {
  if (auto wrong = origin_problem(text)) return wrong;
  value.emplace_back(text);
  return std::nullopt;
}

Problem read(const Row&, std::string_view text, std::vector<TopicPattern>& value) {
  auto parsed = TopicPattern::parse(text);
  if (auto* wrong = std::get_if<std::string>(&parsed)) return std::move(*wrong);
  value.push_back(std::move(std::get<0>(parsed)));
  return std::nullopt;
}

template <class Enum>
Problem read(const Row&, std::string_view text, Enum& value) {
  const auto known = words(value);
  const auto found = std::find(known.begin(), known.end(), text);
  if (found == known.end()) {
    return absl::StrFormat("must be %s, is %s%s", one_of(known), quote(text), did_you_mean(nearest(text, known)));
  }
  value = static_cast<Enum>(found - known.begin());
  return std::nullopt;
}

// --- Writing --------------------------------------------------------------------------------------

std::string write(const bool& value) { return value ? "true" : "false"; }
std::string write(const std::uint32_t& value) { return absl::StrCat(value); }
std::string write(const std::uint64_t& value) { return format_bytes(value); }
std::string write(const std::chrono::milliseconds& value) { return format_duration(value); }
std::string write(const std::optional<Address>& value) { return value ? format(*value) : ""; }
std::string write(const std::string& value) { return value; }
std::string write(const TopicPattern& value) { return value.text(); }
template <class Enum>
  requires std::is_enum_v<Enum>
std::string write(const Enum& value) {
  return std::string(words(value)[static_cast<std::size_t>(value)]);
}

template <class T>
std::vector<std::string> items(const T& value) {
  return {write(value)};
}
template <class T>
std::vector<std::string> items(const std::vector<T>& list) {
  std::vector<std::string> texts;
  for (const T& item : list) texts.push_back(write(item));
  return texts;
}

// A member of settings that are only looked at: a Member gives access to both kinds, and is not used to write here.
template <class T>
const T& look(Member<T> member, const Settings& settings) {
  return member(const_cast<Settings&>(settings));
}

template <class T>
void empty(T&) {}
template <class T>
void empty(std::vector<T>& list) {
  list.clear();
}

}  // namespace

bool is_list(const Row& row) {
  return std::holds_alternative<Member<std::vector<std::string>>>(row.slot) ||
         std::holds_alternative<Member<std::vector<TopicPattern>>>(row.slot);
}

bool is_bool(const Row& row) { return std::holds_alternative<Member<bool>>(row.slot); }

std::string type_name(const Row& row) {
  return std::visit([]<class T>(Member<T>) { return name(T{}); }, row.slot);
}

std::string range_text(const Row& row) {
  return std::visit(
      [&]<class T>(Member<T>) {
        const std::string most = amount<T>(row.most);
        return most.empty() ? std::string() : absl::StrCat(amount<T>(row.least), " to ", most);
      },
      row.slot);
}

std::string_view unit_text(const Row& row) {
  if (std::holds_alternative<Member<std::uint64_t>>(row.slot)) return "B, KiB, MiB, GiB";
  if (std::holds_alternative<Member<std::chrono::milliseconds>>(row.slot)) return "ms, s, m, h";
  return {};
}

std::vector<std::string> items_of(const Row& row, const Settings& settings) {
  return std::visit([&](auto member) { return items(look(member, settings)); }, row.slot);
}

bool same_value(const Row& row, const Settings& one, const Settings& other) {
  return std::visit([&](auto member) { return look(member, one) == look(member, other); }, row.slot);
}

void copy_value(const Row& row, const Settings& from, Settings& to) {
  std::visit([&](auto member) { member(to) = look(member, from); }, row.slot);
}

std::vector<Wrong> assign(const Row& row, std::span<const std::string> items, Settings& settings) {
  std::vector<Wrong> wrong;
  std::visit(
      [&](auto member) {
        empty(member(settings));
        for (std::size_t i = 0; i < items.size(); ++i) {
          auto what = read(row, items[i], member(settings));
          if (!what) continue;
          wrong.push_back({i, row.secret ? absl::StrCat("is wrong; it must be: ", type_name(row)) : std::move(*what)});
        }
      },
      row.slot);
  return wrong;
}

std::vector<std::string> split_items(const Row& row, std::string_view text) {
  if (!is_list(row)) return {std::string(text)};
  std::vector<std::string> items;
  for (const absl::string_view item : absl::StrSplit(absl::string_view(text.data(), text.size()), ',')) {
    items.emplace_back(absl::StripAsciiWhitespace(item));
  }
  if (items.size() == 1 && items.front().empty()) items.clear();
  return items;
}

Settings::Settings() {
  for (const Row& row : table()) {
    // A test reads every default; none is wrong.
    (void)assign(row, split_items(row, row.fallback), *this);
  }
}

}  // namespace config
