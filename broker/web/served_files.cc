// SPDX-License-Identifier: Apache-2.0
#include "broker/web/served_files.h"

#include <string>

#include "broker/web/web_files.h"
#include "config/checks.h"
#include "proto/files/content_type.h"

namespace broker::web {
namespace {

using Served = proto::files::File;

// Not a part of dev's page.
constexpr std::string_view client_path = "/kodama.js";

}  // namespace

Directory read_static(config::Loaded& loaded) {
  const std::string& name = loaded.settings.static_files.dir;
  if (name.empty() || !loaded.of("static.dir").sound) return {};
  Directory directory = read_directory(name);
  if (!directory.error.empty()) config::refuse(loaded, {"static.dir"}, directory.error);
  return directory;
}

std::vector<Served> served_files(const config::Settings& settings, std::string_view socketio_path,
                                 const Directory& directory, const proto::http::Cors* cors) {
  std::vector<Served> served;
  const bool page = settings.dev && settings.static_files.dir.empty();
  for (const File& file : files()) {
    if (!page && file.path != client_path) continue;
    served.push_back({.path = std::string(file.path),
                      .content_type = file.content_type,
                      .bytes = file.bytes,
                      .policy = Served::Policy::page});
  }
  for (const Script& script : socketio_scripts()) {
    served.push_back({.path = std::string(socketio_path).append(script.name),
                      .content_type = script.content_type,
                      .bytes = {},
                      .gzip = script.gzip,
                      .version = socketio_version(),
                      .cors = cors});
  }
  for (const Directory::File& file : directory.files) {
    served.push_back({.path = file.path, .content_type = proto::files::content_type(file.path), .bytes = file.bytes});
  }
  return served;
}

}  // namespace broker::web
