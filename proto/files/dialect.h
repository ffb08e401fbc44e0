// SPDX-License-Identifier: Apache-2.0
// Constant files over HTTP: the console page of dev mode and the browser's client module.
// Thread: any; constant once made. Borrows the files' bytes.
#pragma once

#include <string_view>
#include <vector>

#include "proto/dialect.h"

namespace proto::files {

struct File {
  std::string_view path;  // of the URL
  std::string_view content_type;
  std::string_view bytes;
};

class FilesDialect final : public Dialect {
 public:
  explicit FilesDialect(std::vector<File> files);

  [[nodiscard]] std::string_view name() const override { return "files"; }
  [[nodiscard]] std::span<const Route> routes() const override { return routes_; }
  [[nodiscard]] Opened<HttpSession> open_http(const http::Request&, const SessionOptions&) const override;

 private:
  std::vector<File> files_;
  std::vector<Route> routes_;
};

}  // namespace proto::files
