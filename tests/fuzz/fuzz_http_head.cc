// SPDX-License-Identifier: Apache-2.0
// The strict scan of a head: whatever way the head grows, the verdict is the same, and what it passes means the same to
// Boost.Beast's parser.
// With the sanitizers on, GCC 12 believes that Beast reads an empty optional.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#pragma GCC diagnostic pop

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "proto/http/characters.h"
#include "proto/http/head_scan.h"
#include "proto/http/parse_head.h"

namespace {

using proto::http::HeadScan;

void require(bool holds) {
  if (!holds) std::abort();
}

namespace beast = boost::beast;
using Fields = std::vector<std::pair<std::string, std::string>>;

bool same(std::string_view ours, beast::string_view theirs) {
  return ours == std::string_view(theirs.data(), theirs.size());
}

// What came first may be an empty line, which Beast does not take.
void require_as_beast_reads(std::string_view head, const proto::http::Request& request) {
  beast::http::request_parser<beast::http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(head.size()) + 1);
  parser.skip(true);  // the body
  beast::error_code error;
  require(parser.put(boost::asio::const_buffer(head.data(), head.size()), error) == head.size() && !error);
  require(parser.is_header_done());
  require(same(request.method, parser.get().method_string()) && same(request.target, parser.get().target()));
  if (!request.target.starts_with('/')) return;  // an absolute target takes the place of Host
  // Beast lists fields of one name together, where the first of them stood.
  Fields theirs;
  for (const auto& field : parser.get()) {
    std::string name(field.name_string());
    std::ranges::transform(name, name.begin(), proto::http::to_lower);
    theirs.emplace_back(std::move(name), std::string(field.value()));
  }
  Fields ours(request.headers.begin(), request.headers.end());
  std::ranges::stable_sort(theirs, {}, &Fields::value_type::first);
  std::ranges::stable_sort(ours, {}, &Fields::value_type::first);
  require(ours == theirs);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr proto::http::Limits limits{.head_bytes_max = 2048, .target_bytes_max = 512, .headers_max = 16};
  const std::string_view input(reinterpret_cast<const char*>(data), size);

  HeadScan whole(limits);
  const HeadScan::Verdict verdict = whole.scan(input);
  require(whole.length() <= size);
  require(verdict != HeadScan::Verdict::need_more || whole.length() == size);

  HeadScan growing(limits);
  HeadScan::Verdict last = HeadScan::Verdict::need_more;
  for (std::size_t given = 0; given <= size && last == HeadScan::Verdict::need_more; ++given) {
    last = growing.scan(input.substr(0, given));
  }
  require(last == verdict && growing.length() == whole.length());
  if (verdict == HeadScan::Verdict::refused) {
    require(whole.refusal().reason == growing.refusal().reason && !whole.refusal().message.empty());
    require(whole.refusal().message == growing.refusal().message);
  }
  if (verdict == HeadScan::Verdict::done) {
    require(input.substr(0, whole.length()).ends_with("\r\n\r\n"));
    const auto parsed = proto::http::parse_head(input, whole);
    if (const auto* request = std::get_if<proto::http::Request>(&parsed)) {
      require_as_beast_reads(input.substr(whole.begin(), whole.length() - whole.begin()), *request);
      require(!request->method.empty() && !request->path.empty());
      require(request->version_minor == 0 || !request->headers.empty());
      for (const auto& [name, value] : request->headers) {
        require(value.find_first_of("\r\n") == std::string::npos);
        require(!name.empty() && name.find_first_of(" \t\r\n:") == std::string::npos);
      }
    }
  }
  return 0;
}
