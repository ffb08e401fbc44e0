// SPDX-License-Identifier: Apache-2.0
#include "broker/net/certificate_files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "broker/base/owned_fd.h"
#include "config/limits.h"

namespace broker::net {
namespace {

constexpr std::size_t file_bytes_max = config::limits::settings_file_bytes_max;  // a dozen certificates take 30 KB
static_assert(file_bytes_max == config::limits::MiB, "the message below says so");

std::string cause(const char* what) { return absl::StrCat(what, ": ", std::strerror(errno)); }

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

}  // namespace

FileText read_small_file(const std::string& path) {
  const base::OwnedFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return {"", cause("cannot be read")};
  FileText file;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return {"", cause("cannot be read")};
    if (got == 0) return file;
    file.text.append(buffer.data(), static_cast<std::size_t>(got));
    if (file.text.size() > file_bytes_max) return {"", "is larger than 1 MiB: not a certificate or a key"};
  }
}

std::string write_file_atomically(const std::string& path, std::string_view text, mode_t mode) {
  std::string temporary = path + ".XXXXXX";
  base::OwnedFd fd(::mkostemp(temporary.data(), O_CLOEXEC));  // makes it with mode 0600
  if (!fd) return cause("cannot be created");
  std::string error;
  const bool written = write_all(fd.get(), text) && ::fchmod(fd.get(), mode) == 0 && ::fsync(fd.get()) == 0;
  if (!written) error = cause("cannot be written");
  if (error.empty() && ::rename(temporary.c_str(), path.c_str()) != 0) error = cause("cannot be replaced");
  if (!error.empty()) ::unlink(temporary.c_str());
  return error;
}

}  // namespace broker::net
