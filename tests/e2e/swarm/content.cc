// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/content.h"

#include <openssl/evp.h>

#include <charconv>
#include <cstdio>

namespace swarm {
namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz-0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZ";

std::string filler(const Identity& identity, const Sizes& sizes) {
  const std::uint64_t mix = identity.publisher * 7 + identity.topic * 13 + identity.sequence * 31;
  std::string out(sizes.least + mix % sizes.spread, '\0');
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = letters[(mix + i) % letters.size()];
  return out;
}

std::optional<std::uint64_t> number_behind(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  if (at == std::string_view::npos) return std::nullopt;
  std::uint64_t value = 0;
  const char* begin = text.data() + at + mark.size();
  if (std::from_chars(begin, text.data() + text.size(), value).ec != std::errc()) return std::nullopt;
  return value;
}

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % 4 != 0) return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                   reinterpret_cast<const unsigned char*>(text.data()), static_cast<int>(text.size()));
  if (size < 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && padding < text.size() && text[text.size() - 1 - padding] == '=') ++padding;
  out.resize(static_cast<std::size_t>(size) - padding);
  return out;
}

// What stands between `before` and `after`, when both are there.
std::optional<std::string_view> inside(std::string_view text, std::string_view before, std::string_view after) {
  if (text.size() < before.size() + after.size() || !text.starts_with(before) || !text.ends_with(after))
    return std::nullopt;
  return text.substr(before.size(), text.size() - before.size() - after.size());
}

}  // namespace

Form form_of(unsigned publisher, std::uint64_t sequence) {
  switch (way_of(publisher)) {
    case Way::ndjson: return Form::json;
    case Way::raw: return sequence % 2 == 0 ? Form::text : Form::binary;
    case Way::native:
    case Way::post: break;
  }
  return Form::text;
}

std::string topic_name(unsigned topic) {
  char name[32];
  std::snprintf(name, sizeof name, "swarm topic/%02u", topic);
  return name;
}

std::string content_of(const Identity& identity, const Sizes& sizes) {
  const bool json = form_of(identity.publisher, identity.sequence) == Form::json;
  char head[96];
  std::snprintf(head, sizeof head,
                json ? R"({"p":%u,"t":%u,"s":%llu,"f":")" : "p:%u t:%u s:%llu f:", identity.publisher, identity.topic,
                static_cast<unsigned long long>(identity.sequence));
  return head + filler(identity, sizes) + (json ? "\"}" : "");
}

std::optional<Identity> identify(std::string_view members, const Sizes& sizes) {
  std::string content;
  Form form = Form::text;
  if (const auto text = inside(members, "\"data\":\"", "\"}")) {
    content = *text;
  } else if (const auto coded = inside(members, "\"data_base64\":\"", "\"}")) {
    form = Form::binary;
    const std::optional<std::string> decoded = decode_base64(*coded);
    if (!decoded) return std::nullopt;
    content = *decoded;
  } else if (const auto json = inside(members, "\"data\":", "}")) {
    form = Form::json;
    content = *json;
  } else {
    return std::nullopt;
  }
  const bool json = form == Form::json;
  const auto publisher = number_behind(content, json ? "\"p\":" : "p:");
  const auto topic = number_behind(content, json ? "\"t\":" : "t:");
  const auto sequence = number_behind(content, json ? "\"s\":" : "s:");
  if (!publisher || !topic || !sequence) return std::nullopt;
  const Identity found{static_cast<unsigned>(*publisher), static_cast<unsigned>(*topic), *sequence};
  if (form_of(found.publisher, found.sequence) != form || content_of(found, sizes) != content) return std::nullopt;
  return found;
}

}  // namespace swarm
