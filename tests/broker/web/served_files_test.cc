// SPDX-License-Identifier: Apache-2.0
#include "broker/web/served_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "broker/web/web_files.h"

namespace broker::web {
namespace {

using proto::files::File;

Directory directory_of(std::vector<Directory::File> files) {
  return {.files = std::move(files), .bytes = 0, .left_out = {}, .error = {}};
}

// The first of that path, which is the one that counts; null: there is none.
const File* find(const std::vector<File>& served, std::string_view path) {
  const auto found = std::ranges::find(served, path, &File::path);
  return found == served.end() ? nullptr : &*found;
}

config::Settings settings_of(bool dev, std::string dir) {
  config::Settings settings;
  settings.dev = dev;
  settings.static_files.dir = std::move(dir);
  return settings;
}

TEST(ServedFiles, ScriptsStandWhereSocketIoIs) {
  for (const std::string path : {"/socket.io/", "/a/deep one/", "/"}) {
    const std::vector<File> served = served_files(settings_of(false, ""), path, {});
    ASSERT_FALSE(socketio_scripts().empty());
    for (const Script& script : socketio_scripts()) {
      const File* const file = find(served, path + std::string(script.name));
      ASSERT_NE(file, nullptr) << path << script.name;
      EXPECT_EQ(file->gzip, script.gzip);
      EXPECT_EQ(file->version, socketio_version());
      EXPECT_EQ(file->policy, File::Policy::none);
    }
    EXPECT_EQ(served.size(), socketio_scripts().size() + 1) << "and kodama.js";
  }
}

TEST(ServedFiles, TheDirectoryTakesThePlaceOfThePageAndOfNothingElse) {
  const Directory directory = directory_of({{"/index.html", "mine"}, {"/kodama.js", "mine"}});
  const std::vector<File> page = served_files(settings_of(true, ""), "/socket.io/", {});
  ASSERT_NE(find(page, "/"), nullptr);
  EXPECT_EQ(find(page, "/")->policy, File::Policy::page);
  const std::vector<File> own = served_files(settings_of(true, "www"), "/socket.io/", directory);
  EXPECT_EQ(find(own, "/"), nullptr);
  EXPECT_EQ(find(own, "/page.js"), nullptr);
  ASSERT_NE(find(own, "/index.html"), nullptr);
  EXPECT_EQ(find(own, "/index.html")->bytes, "mine");
  EXPECT_EQ(find(own, "/index.html")->content_type, "text/html; charset=utf-8");
  ASSERT_NE(find(own, "/kodama.js"), nullptr);
  EXPECT_NE(find(own, "/kodama.js")->bytes, "mine");
}

TEST(ServedFiles, WithoutDevThereIsNoPage) {
  const std::vector<File> served = served_files(settings_of(false, ""), "/socket.io/", {});
  EXPECT_EQ(find(served, "/"), nullptr);
  EXPECT_EQ(find(served, "/style.css"), nullptr);
  EXPECT_NE(find(served, "/kodama.js"), nullptr);
}

}  // namespace
}  // namespace broker::web
