// SPDX-License-Identifier: Apache-2.0
// The files of static.dir, read into memory as a whole: a shard never waits for a disk, and no request names a path of
// the file system.
// Thread: main's; blocks on the disk, so only before the shards start. Errors: a sentence.
// Limits: static_files_max, static_file_bytes_max, static_bytes_max; more is an error, and not left out in silence.
#pragma once

#include <string>
#include <vector>

namespace broker::web {

struct Directory {
  struct File {
    std::string path;  // of the URL, without percent-encoding: "/images/a b.png"
    std::string bytes;
  };
  std::vector<File> files;  // by path
  std::size_t bytes = 0;    // of all of them
  // Links that lead out of the directory or nowhere, and what is neither file nor directory: paths, as those of files.
  // What begins with a dot is left out without a word.
  std::vector<std::string> left_out;
  std::string error;  // with one, the rest is not to be used
};

[[nodiscard]] Directory read_directory(const std::string& name);

}  // namespace broker::web
