// SPDX-License-Identifier: Apache-2.0
// Files over HTTP, out of memory: the page of dev mode, the browsers' client scripts, an operator's own pages.
// Thread: any; constant once made. Borrows the files' bytes.
// Errors: 404 for what is none of them. Limits: the caller's; it looks a path up in a hash table.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "proto/dialect.h"
#include "proto/http/cors.h"

namespace proto::files {

struct File {
  // `page`: may run its own scripts and connect to brokers, and nothing else; for our own pages.
  enum class Policy : std::uint8_t { page, none };

  std::string path;  // of the URL, without percent-encoding: "/kodama.js". A folder's is also that of its index.html
  std::string_view content_type;
  std::string_view bytes;         // as they are; empty where `gzip` alone is kept
  std::string_view gzip = {};     // the same, compressed (RFC 1952); empty: it is never sent compressed
  std::string_view version = {};  // what the ETag says; empty: a checksum of the bytes
  Policy policy = Policy::none;
  const http::Cors* cors = nullptr;  // null: access.origins says who may see it
};

class FilesDialect final : public Dialect {
 public:
  // Of two files of one path the first counts.
  explicit FilesDialect(std::vector<File> files);

  [[nodiscard]] std::string_view name() const override { return "files"; }
  [[nodiscard]] std::span<const Route> routes() const override { return routes_; }
  [[nodiscard]] bool has_file(std::string_view path) const override { return find(path) != nullptr; }
  [[nodiscard]] bool judges_origin(const http::Request&) const override;
  [[nodiscard]] Opened<HttpSession> open_http(const http::Request&, const SessionOptions&) const override;

 private:
  struct Entry {
    std::size_t file;
    bool lacks_slash = false;  // the path of a folder, which ends in one: relative links would lead elsewhere
  };

  void add(std::size_t file);
  [[nodiscard]] const Entry* find(std::string_view path) const;  // percent-encoded

  std::vector<File> files_;
  std::vector<std::string> versions_;  // of each of them
  absl::flat_hash_map<std::string, Entry> entries_;
  std::array<Route, 1> routes_;
};

}  // namespace proto::files
