// SPDX-License-Identifier: Apache-2.0
#include "broker/web/directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "config/limits.h"

namespace broker::web {
namespace {

namespace fs = std::filesystem;
namespace limits = config::limits;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class DirectoryTest : public testing::Test {
 protected:
  DirectoryTest() {
    std::string name = (fs::temp_directory_path() / "kodama-directory-XXXXXX").string();
    top = ::mkdtemp(name.data());
    root = top / "www";
    fs::create_directory(root);
  }
  ~DirectoryTest() override { fs::remove_all(top); }

  void write(const fs::path& path, const std::string& text) {
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  Directory read() { return read_directory(root.string()); }
  static std::vector<std::string> paths(const Directory& directory) {
    std::vector<std::string> paths;
    for (const Directory::File& file : directory.files) paths.push_back(file.path);
    return paths;
  }

  fs::path top;   // removed in the end
  fs::path root;  // what is read
};

TEST_F(DirectoryTest, ReadsAllFilesBelowIt) {
  write(root / "index.html", "<p>");
  write(root / "images/a b.png", std::string("\0\xff", 2));
  write(root / "images/deep/er/empty", "");
  const Directory read = this->read();
  EXPECT_EQ(read.error, "");
  EXPECT_THAT(read.left_out, IsEmpty());
  ASSERT_THAT(paths(read), ElementsAre("/images/a b.png", "/images/deep/er/empty", "/index.html"));
  EXPECT_EQ(read.files[0].bytes, std::string("\0\xff", 2));
  EXPECT_EQ(read.files[1].bytes, "");
  EXPECT_EQ(read.bytes, 5u);
}

TEST_F(DirectoryTest, ReadsAnEmptyOne) {
  const Directory read = this->read();
  EXPECT_EQ(read.error, "");
  EXPECT_THAT(read.files, IsEmpty());
}

TEST_F(DirectoryTest, LeavesOutWhatBeginsWithADot) {
  write(root / ".env", "secret");
  write(root / ".git/config", "secret");
  write(root / "a/.htpasswd", "secret");
  write(root / "..data", "secret");
  write(root / "a/b.c", "");
  const Directory read = this->read();
  EXPECT_THAT(paths(read), ElementsAre("/a/b.c"));
  EXPECT_THAT(read.left_out, IsEmpty());
}

TEST_F(DirectoryTest, FollowsNoLinkThatLeadsOut) {
  write(top / "secret", "secret");
  write(top / "www2/secret", "secret");  // a neighbour whose name begins as ours does
  write(root / "own.txt", "own");
  fs::create_symlink(top / "secret", root / "absolute");
  fs::create_symlink("../secret", root / "relative");
  fs::create_symlink("../www2", root / "neighbour");
  fs::create_symlink("..", root / "parent");
  fs::create_symlink("/", root / "slash");
  fs::create_symlink("nowhere", root / "dangling");
  fs::create_symlink("loop", root / "loop");
  fs::create_symlink("../www2/../www/own.txt", root / "detour");  // it ends inside
  const Directory read = this->read();
  EXPECT_EQ(read.error, "");
  EXPECT_THAT(paths(read), ElementsAre("/detour", "/own.txt"));
  EXPECT_THAT(read.left_out, testing::UnorderedElementsAre("/absolute", "/relative", "/neighbour", "/parent", "/slash",
                                                           "/dangling", "/loop"));
}

// How Kubernetes lays out a ConfigMap: a change moves one link.
TEST_F(DirectoryTest, FollowsLinksThatStayInside) {
  write(root / "..2026_01_01/index.html", "<p>");
  write(root / "..2026_01_01/images/a.png", "a");
  fs::create_symlink("..2026_01_01", root / "..data");
  fs::create_symlink("..data/index.html", root / "index.html");
  fs::create_symlink("..data/images", root / "images");
  const Directory read = this->read();
  EXPECT_THAT(paths(read), ElementsAre("/images/a.png", "/index.html"));
  EXPECT_THAT(read.left_out, IsEmpty());
}

TEST_F(DirectoryTest, DoesNotGoRoundInCircles) {
  write(root / "a/b/file", "x");
  fs::create_symlink("../..", root / "a/b/top");
  fs::create_symlink(".", root / "a/here");
  const Directory read = this->read();
  EXPECT_THAT(paths(read), ElementsAre("/a/b/file"));
  EXPECT_THAT(read.left_out, testing::UnorderedElementsAre("/a/b/top", "/a/here"));
}

TEST_F(DirectoryTest, WaitsForNoPipe) {
  ASSERT_EQ(::mkfifo((root / "pipe").c_str(), 0600), 0);
  EXPECT_THAT(read().left_out, ElementsAre("/pipe"));
}

TEST_F(DirectoryTest, CanItselfBeALink) {
  write(root / "file", "x");
  fs::create_symlink("www", top / "link");
  EXPECT_THAT(paths(read_directory((top / "link").string())), ElementsAre("/file"));
}

TEST_F(DirectoryTest, SaysWhatCannotBeRead) {
  EXPECT_THAT(read_directory((top / "nowhere").string()).error, HasSubstr("nowhere\": No such file or directory"));
  write(top / "file", "x");
  EXPECT_THAT(read_directory((top / "file").string()).error, HasSubstr("Not a directory"));
}

TEST_F(DirectoryTest, TakesAFileOfTheLimitAndNoLargerOne) {
  write(root / "large.bin", std::string(limits::static_file_bytes_max, 'x'));
  EXPECT_EQ(read().bytes, limits::static_file_bytes_max);
  write(root / "large.bin", std::string(limits::static_file_bytes_max + 1, 'x'));
  EXPECT_THAT(read().error, testing::AllOf(HasSubstr("large.bin"), HasSubstr("larger than 4 MiB")));
}

TEST_F(DirectoryTest, TakesNoMoreThanTheLimitTogether) {
  const std::size_t whole = limits::static_bytes_max / limits::static_file_bytes_max;
  write(root / "0", std::string(limits::static_file_bytes_max, 'x'));
  for (std::size_t i = 1; i < whole; ++i) fs::create_hard_link(root / "0", root / std::to_string(i));
  EXPECT_EQ(read().error, "");
  write(root / "one more", "x");
  EXPECT_THAT(read().error, HasSubstr("more than 64 MiB together"));
}

TEST_F(DirectoryTest, TakesNoMoreFilesThanTheLimit) {
  for (std::size_t i = 0; i < limits::static_files_max; ++i) write(root / std::to_string(i), "");
  EXPECT_EQ(read().files.size(), limits::static_files_max);
  write(root / "one more", "");
  EXPECT_THAT(read().error, HasSubstr("holds more than 4096 files"));
}

}  // namespace
}  // namespace broker::web
