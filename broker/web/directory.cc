// SPDX-License-Identifier: Apache-2.0
#include "broker/web/directory.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_format.h"
#include "broker/base/owned_fd.h"
#include "config/limits.h"
#include "config/words.h"

namespace broker::web {
namespace {

namespace fs = std::filesystem;
namespace limits = config::limits;

constexpr std::size_t piece_bytes = 64 * limits::KiB;

class Reader {
 public:
  Directory read(const std::string& name) && {
    std::error_code error;
    root_ = fs::canonical(name, error);
    if (error) {
      fail(name, error);
    } else {
      walk(root_, "/");
    }
    std::ranges::sort(read_.files, {}, &Directory::File::path);
    std::ranges::sort(read_.left_out);
    return std::move(read_);
  }

 private:
  void fail(const fs::path& path, std::error_code error) {
    read_.error = absl::StrFormat("cannot read %s: %s", config::quote(path.native()), error.message());
  }
  void fail(std::string sentence) { read_.error = std::move(sentence); }

  void walk(const fs::path& folder, const std::string& url) {
    ancestors_.push_back(folder);
    std::error_code error;
    fs::directory_iterator at(folder, error);
    while (!error && at != fs::directory_iterator() && read_.error.empty()) {
      if (const std::string name = at->path().filename().native(); !name.starts_with('.')) take(at->path(), url + name);
      at.increment(error);
    }
    if (error && read_.error.empty()) fail(folder, error);
    ancestors_.pop_back();
  }

  // A link counts as what it leads to. Kubernetes' volumes are made of links to a folder that begins with dots, so it
  // is the name here that must not begin with one.
  void take(const fs::path& entry, const std::string& url) {
    std::error_code error;
    const fs::path real = fs::canonical(entry, error);
    if (error || !is_inside(real)) return read_.left_out.push_back(url);
    const fs::file_status status = fs::status(real, error);
    if (error) return fail(real, error);
    if (fs::is_regular_file(status)) return read_file(real, url);
    const bool again = std::ranges::find(ancestors_, real) != ancestors_.end();
    if (!fs::is_directory(status) || again) return read_.left_out.push_back(url);
    walk(real, url + "/");
  }

  [[nodiscard]] bool is_inside(const fs::path& real) const {
    return std::mismatch(root_.begin(), root_.end(), real.begin(), real.end()).first == root_.end();
  }

  void read_file(const fs::path& real, const std::string& url) {
    if (read_.files.size() == limits::static_files_max) {
      return fail(
          absl::StrFormat("%s holds more than %u files", config::quote(root_.native()), limits::static_files_max));
    }
    // It may have become something else meanwhile: not followed, not waited for.
    const base::OwnedFd file(::open(real.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    if (!file) return fail(real, std::error_code(errno, std::generic_category()));
    std::string bytes;
    for (;;) {
      const std::size_t before = bytes.size();
      bytes.resize(before + piece_bytes);
      const ssize_t got = ::read(file.get(), bytes.data() + before, piece_bytes);
      if (got < 0) return fail(real, std::error_code(errno, std::generic_category()));
      bytes.resize(before + static_cast<std::size_t>(got));
      if (got == 0) break;
      if (bytes.size() > limits::static_file_bytes_max) {
        return fail(absl::StrFormat("%s is larger than %u MiB, the most that one file may have",
                                    config::quote(real.native()), limits::static_file_bytes_max / limits::MiB));
      }
    }
    bytes.shrink_to_fit();
    read_.bytes += bytes.size();
    if (read_.bytes > limits::static_bytes_max) {
      return fail(absl::StrFormat("the files of %s have more than %u MiB together", config::quote(root_.native()),
                                  limits::static_bytes_max / limits::MiB));
    }
    read_.files.push_back({url, std::move(bytes)});
  }

  fs::path root_;
  std::vector<fs::path> ancestors_;  // of what is being read, all without links
  Directory read_;
};

}  // namespace

Directory read_directory(const std::string& name) { return Reader().read(name); }

}  // namespace broker::web
