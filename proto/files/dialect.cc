// SPDX-License-Identifier: Apache-2.0
#include "proto/files/dialect.h"

#include <zlib.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "proto/files/gunzip.h"
#include "proto/http/accept_encoding.h"
#include "proto/http/request.h"
#include "proto/http/response.h"
#include "proto/http/url.h"

namespace proto::files {
namespace {

constexpr std::string_view index_name = "index.html";

// What is kept is asked for again each time, which a 304 answers.
constexpr std::string_view plain_headers =
    "Cache-Control: public, max-age=0\r\n"
    "X-Content-Type-Options: nosniff\r\n";

// Our page needs its own scripts and styles and connections to brokers, and nothing else.
constexpr std::string_view page_headers =
    "Cache-Control: no-cache\r\n"
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws: wss: http: https:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r\n"
    "X-Content-Type-Options: nosniff\r\n"
    "Referrer-Policy: no-referrer\r\n";

// Not against an adversary: whoever makes the files may as well give two of them one checksum.
std::string checksum(std::string_view bytes) {
  const auto* data = reinterpret_cast<const Bytef*>(bytes.data());
  return absl::StrFormat("%x-%08x%08x", bytes.size(), crc32_z(0, data, bytes.size()), adler32_z(1, data, bytes.size()));
}

// RFC 9110 §13.1.2: the comparison is weak, so that a W/ does not count.
bool names(std::string_view asked, std::string_view tag) {
  if (asked.starts_with("W/")) asked.remove_prefix(2);
  return asked == tag;
}

class FileSession final : public HttpSession {
 public:
  FileSession(const File& file, std::string_view version, const http::Request& request)
      : file_(file), compressed_(!file.gzip.empty() && http::accepts_gzip(request)) {
    // §8.8.3.3: what is encoded differently has another strong tag. Who has either of them has the file.
    const std::string as_it_is = absl::StrFormat("\"%s\"", version);
    const std::string as_gzip = absl::StrFormat("\"%s-gzip\"", version);
    for (const std::string_view asked : request.list("if-none-match")) {
      unchanged_ =
          unchanged_ || asked == "*" || names(asked, as_it_is) || (!file.gzip.empty() && names(asked, as_gzip));
    }
    headers_ = file.policy == File::Policy::page ? page_headers : plain_headers;
    http::append_header(headers_, "ETag", compressed_ ? as_gzip : as_it_is);
    if (!file.gzip.empty()) headers_ += "Vary: Accept-Encoding\r\n";
    if (file.cors != nullptr) headers_ += http::cors_headers(*file.cors, request.header("origin"));
  }

  void on_body_end(HttpHost& host) override {
    if (unchanged_) return host.respond({.status = 304, .content_type = "", .extra_headers = headers_});
    if (compressed_) {
      headers_ += "Content-Encoding: gzip\r\n";
      return answer(file_.gzip, host);
    }
    if (file_.bytes.empty() && !file_.gzip.empty()) return answer(gunzip(file_.gzip), host);
    answer(file_.bytes, host);
  }

 private:
  void answer(std::string_view body, HttpHost& host) {
    host.respond({.status = 200, .content_type = file_.content_type, .body = body, .extra_headers = headers_});
  }

  const File& file_;
  const bool compressed_;
  bool unchanged_ = false;
  std::string headers_;
};

class FolderSession final : public HttpSession {
 public:
  explicit FolderSession(std::string_view location) { http::append_header(headers_, "Location", location); }
  void on_body_end(HttpHost& host) override {
    host.respond({.status = 301, .content_type = "", .extra_headers = headers_});
  }

 private:
  std::string headers_;
};

}  // namespace

FilesDialect::FilesDialect(std::vector<File> files)
    : files_(std::move(files)),
      routes_{{{Route::Transport::http, "GET", "/{file}", "a file: /kodama.js, the Socket.IO client, pages"}}} {
  for (std::size_t i = 0; i < files_.size(); ++i) add(i);
}

void FilesDialect::add(std::size_t file) {
  const File& added = files_[file];
  versions_.push_back(!added.version.empty() ? std::string(added.version)
                                             : checksum(added.bytes.empty() ? added.gzip : added.bytes));
  std::string_view path = added.path;
  entries_.try_emplace(added.path, Entry{file});
  if (!path.ends_with("/" + std::string(index_name))) return;
  path.remove_suffix(index_name.size());
  entries_.try_emplace(std::string(path), Entry{file});
  path.remove_suffix(1);
  if (!path.empty()) entries_.try_emplace(std::string(path), Entry{file, true});
}

bool FilesDialect::judges_origin(const http::Request& request) const {
  const Entry* const entry = find(request.path);
  return entry != nullptr && files_[entry->file].cors != nullptr;
}

const FilesDialect::Entry* FilesDialect::find(std::string_view path) const {
  const std::optional<std::string> decoded = http::percent_decode(path);
  if (!decoded) return nullptr;
  // An encoded slash belongs to a name, and no file's name has one.
  if (std::ranges::count(*decoded, '/') != std::ranges::count(path, '/')) return nullptr;
  const auto found = entries_.find(*decoded);
  return found == entries_.end() ? nullptr : &found->second;
}

Opened<HttpSession> FilesDialect::open_http(const http::Request& request, const SessionOptions&) const {
  const Entry* const entry = find(request.path);
  if (entry == nullptr) return Error{404, "there is no such file"};
  if (!entry->lacks_slash) {
    return std::make_unique<FileSession>(files_[entry->file], versions_[entry->file], request);
  }
  std::string location(request.path);
  location += '/';
  if (const std::size_t query = request.target.find('?'); query != std::string_view::npos) {
    location += request.target.substr(query);
  }
  return std::make_unique<FolderSession>(location);
}

}  // namespace proto::files
