// SPDX-License-Identifier: Apache-2.0
// Whatever is asked for, in whatever encoding: a file that is there is answered whole, compressed or not, or is said to
// be unchanged, or is what a redirection leads to; everything else is a 404, and has_file knows it before. The input is
// lines: target, Accept-Encoding, If-None-Match.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "fake_host.h"
#include "gzip_text.h"
#include "proto/files/dialect.h"
#include "proto/files/gunzip.h"
#include "proto/http/request.h"

namespace {

using namespace proto::files;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string_view take_line(std::string_view& text) {
  const std::string_view line = text.substr(0, text.find('\n'));
  text.remove_prefix(std::min(line.size() + 1, text.size()));
  return line;
}

constexpr std::string_view page = "<p>hi";
constexpr std::string_view script = "io = connect";

void check_answer(const fakes::FakeHost& host, const FilesDialect& dialect) {
  require(host.responses.size() == 1);
  const fakes::FakeHost::Responded& answer = host.responses[0];
  const bool compressed = host.headers.find("Content-Encoding: gzip\r\n") != std::string::npos;
  if (answer.status == 301) {
    const std::size_t begin = host.headers.find("Location: ") + 10;
    const std::string_view location = std::string_view(host.headers).substr(begin);
    require(location.starts_with('/') && !location.starts_with("//") && location.ends_with("\r\n"));
    require(location.find('\r') == location.size() - 2 &&
            dialect.has_file(location.substr(0, location.find_first_of("?\r"))));
  } else if (answer.status == 304) {
    require(answer.body.empty() && !compressed);
  } else {
    require(answer.status == 200);
    const std::string body = compressed ? gunzip(answer.body) : answer.body;
    require(body == page || body == script);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view input(reinterpret_cast<const char*>(data), size);
  proto::http::Request request;
  request.method = "GET";
  request.target = take_line(input);
  request.path = request.target.substr(0, request.target.find('?'));
  request.headers.emplace_back("accept-encoding", take_line(input));
  request.headers.emplace_back("if-none-match", take_line(input));

  const std::string gzip = fakes::gzip_text(script);
  const FilesDialect dialect({
      {.path = "/", .content_type = "text/html", .bytes = page, .policy = File::Policy::page},
      {.path = "/a b/index.html", .content_type = "text/html", .bytes = page},
      {.path = "/s.js", .content_type = "text/javascript", .bytes = {}, .gzip = gzip, .version = "1"},
  });
  auto opened = dialect.open_http(request, {});
  const auto* session = std::get_if<std::unique_ptr<proto::HttpSession>>(&opened);
  require((session != nullptr) == dialect.has_file(request.path));
  if (session == nullptr) return 0;
  fakes::FakeHost host;
  (*session)->on_request(host);
  (*session)->on_body_end(host);
  check_answer(host, dialect);
  return 0;
}
