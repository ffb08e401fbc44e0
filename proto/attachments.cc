// SPDX-License-Identifier: Apache-2.0
#include "proto/attachments.h"

#include <absl/strings/escaping.h>

namespace proto {
namespace {

constexpr std::string_view before_bytes = "{\"base64\":\"";
constexpr std::string_view after_bytes = "\"}";

void append_u32(std::string& out, std::size_t value) {
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(value >> shift & 0xFF);
}

// Takes from the front of what is left; once something is missing, all is.
class Reader {
 public:
  explicit Reader(std::string_view content) : rest_(content) {}

  std::uint32_t u32() {
    std::uint32_t value = 0;
    const std::string_view bytes = take(4);
    for (std::size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<std::uint8_t>(bytes[i - 1]);
    return value;
  }
  std::string_view sized() { return take(u32()); }
  [[nodiscard]] std::size_t left() const { return rest_.size(); }
  [[nodiscard]] bool failed() const { return failed_; }

 private:
  std::string_view take(std::size_t count) {
    failed_ |= count > rest_.size();
    if (failed_) return {};
    const std::string_view taken = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return taken;
  }

  std::string_view rest_;
  bool failed_ = false;
};

bool is_good(const JsonWithAttachments& parts) {
  std::size_t at = 0;
  for (const AttachmentPlace& place : parts.places) {
    if (place.begin < at || place.end < place.begin || place.end > parts.json.size()) return false;
    if (place.attachment >= parts.attachments.size()) return false;
    at = place.end;
  }
  return true;
}

}  // namespace

void append_attachments_content(std::string& out, const JsonWithAttachments& parts) {
  append_u32(out, parts.places.size());
  for (const AttachmentPlace& place : parts.places) {
    for (const std::uint32_t number : {place.begin, place.end, place.attachment}) append_u32(out, number);
  }
  append_u32(out, parts.json.size());
  out += parts.json;
  for (const std::string_view bytes : parts.attachments) {
    append_u32(out, bytes.size());
    out += bytes;
  }
}

std::optional<JsonWithAttachments> read_attachments_content(std::string_view content) {
  Reader reader(content);
  JsonWithAttachments parts;
  const std::uint32_t places = reader.u32();
  for (std::uint32_t i = 0; i < places && !reader.failed(); ++i) {
    const std::uint32_t begin = reader.u32();
    const std::uint32_t end = reader.u32();
    parts.places.push_back({begin, end, reader.u32()});
  }
  parts.json = reader.sized();
  while (reader.left() > 0 && !reader.failed()) parts.attachments.push_back(reader.sized());
  if (reader.failed() || !is_good(parts)) return std::nullopt;
  return parts;
}

void append_inlined(std::string& out, std::string_view content) {
  const std::optional<JsonWithAttachments> parts = read_attachments_content(content);
  if (!parts) {
    out += "null";
    return;
  }
  std::size_t at = 0;
  for (const AttachmentPlace& place : parts->places) {
    out += parts->json.substr(at, place.begin - at);
    append_inlined_bytes(out, parts->attachments[place.attachment]);
    at = place.end;
  }
  out += parts->json.substr(at);
}

void append_inlined_bytes(std::string& out, std::string_view bytes) {
  std::string base64;
  absl::Base64Escape(absl::string_view(bytes.data(), bytes.size()), &base64);
  out += before_bytes;
  out += base64;
  out += after_bytes;
}

std::size_t inlined_bytes(const JsonWithAttachments& parts) {
  std::size_t bytes = parts.json.size();
  for (const AttachmentPlace& place : parts.places) {
    const std::size_t base64 = (parts.attachments[place.attachment].size() + 2) / 3 * 4;
    bytes += before_bytes.size() + base64 + after_bytes.size() - (place.end - place.begin);
  }
  return bytes;
}

}  // namespace proto
