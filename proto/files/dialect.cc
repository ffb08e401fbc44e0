// SPDX-License-Identifier: Apache-2.0
#include "proto/files/dialect.h"

#include <algorithm>

#include "proto/http/request.h"

namespace proto::files {
namespace {

// The page needs its own scripts and styles and connections to brokers, and nothing else.
constexpr std::string_view headers =
    "Cache-Control: no-cache\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n";

class FileSession final : public HttpSession {
 public:
  explicit FileSession(const File& file) : file_(file) {}
  void on_body_end(HttpHost& host) override {
    host.respond({.status = 200, .content_type = file_.content_type, .body = file_.bytes, .extra_headers = headers});
  }

 private:
  const File& file_;
};

}  // namespace

FilesDialect::FilesDialect(std::vector<File> files) : files_(std::move(files)) {
  for (const File& file : files_) {
    routes_.push_back({Route::Transport::http, "GET", file.path,
                       file.content_type.starts_with("text/html") ? "a page to try it" : "a file of the page"});
  }
}

Opened<HttpSession> FilesDialect::open_http(const http::Request& request, const SessionOptions&) const {
  const auto found = std::ranges::find(files_, request.path, &File::path);
  if (found == files_.end()) return Error{404, "there is no such file"};
  return std::make_unique<FileSession>(*found);
}

}  // namespace proto::files
