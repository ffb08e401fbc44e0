// SPDX-License-Identifier: Apache-2.0
// The content of Kind::json_attachments: JSON in which some values are binary (of Socket.IO). Where each stands in the
// JSON is kept beside it, so that nobody has to read the JSON to find out.
//
//   content = count:4 *( begin:4 end:4 attachment:4 ) length:4 json *( length:4 bytes )        numbers: low byte first
//
// A place is the part of the JSON that stands for an attachment: {"_placeholder":true,"num":0}. One attachment may be
// in several places, or in none.
//
// Thread: any. Borrows: what is read views the content.
// Errors: what is no such content reads as none; nobody but the broker makes any.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace proto {

struct AttachmentPlace {
  std::uint32_t begin = 0;  // of the JSON's bytes
  std::uint32_t end = 0;
  std::uint32_t attachment = 0;
  bool operator==(const AttachmentPlace&) const = default;
};

struct JsonWithAttachments {
  std::string_view json;
  std::vector<AttachmentPlace> places;  // in their order
  std::vector<std::string_view> attachments;
};

// Requires: places in their order, inside of the JSON, each of an attachment that is there.
void append_attachments_content(std::string& out, const JsonWithAttachments& parts);
[[nodiscard]] std::optional<JsonWithAttachments> read_attachments_content(std::string_view content);

// The JSON with {"base64":"…"} in each place: what dialects without attachments write. A place costs as much as its
// attachment, so the size is looked at before such a message is published.
void append_inlined(std::string& out, std::string_view content);
void append_inlined_bytes(std::string& out, std::string_view bytes);  // {"base64":"…"}
[[nodiscard]] std::size_t inlined_bytes(const JsonWithAttachments& parts);

}  // namespace proto
