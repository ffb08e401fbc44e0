// SPDX-License-Identifier: Apache-2.0
#include "tests/e2e/swarm/server.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace swarm {
namespace {

using Clock = std::chrono::steady_clock;

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

std::uint16_t port_behind(std::string_view banner, std::string_view prefix) {
  const std::size_t at = banner.find(prefix);
  if (at == std::string_view::npos) return 0;
  return static_cast<std::uint16_t>(std::atoi(std::string(banner.substr(at + prefix.size(), 5)).c_str()));
}

std::string find_certificate(const std::string& directory) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && read_file(entry.path()).find("BEGIN CERTIFICATE") != std::string::npos) {
      return entry.path();
    }
  }
  return "";
}

[[noreturn]] void become(const std::string& binary, const std::vector<std::string>& arguments, int stdout_fd,
                         const std::string& directory) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // it does not outlive us
  const int log = ::open((directory + "/stderr").c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
  ::dup2(stdout_fd, STDOUT_FILENO);
  ::dup2(log, STDERR_FILENO);
  ::setenv("XDG_STATE_HOME", directory.c_str(), 1);
  ::signal(SIGPIPE, SIG_DFL);
  std::vector<char*> argv{const_cast<char*>(binary.c_str())};
  for (const std::string& each : arguments) argv.push_back(const_cast<char*>(each.c_str()));
  argv.push_back(nullptr);
  ::execv(binary.c_str(), argv.data());
  std::perror("execv");
  ::_exit(127);
}

}  // namespace

Server::~Server() {
  if (pid_ > 0 && running()) {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, &status_, 0);
  }
  if (stdout_fd_ >= 0) ::close(stdout_fd_);
  std::error_code ignored;
  if (!directory_.empty()) std::filesystem::remove_all(directory_, ignored);
}

std::string Server::start(const std::string& binary, const std::vector<std::string>& arguments,
                          std::chrono::duration<double> patience) {
  std::string made = (std::filesystem::temp_directory_path() / "kodama-swarm-XXXXXX").string();
  if (::mkdtemp(made.data()) == nullptr) return "cannot make a temporary directory";
  directory_ = made;
  int pipes[2];
  if (::pipe2(pipes, O_CLOEXEC) != 0) return "cannot make a pipe";
  pid_ = ::fork();
  if (pid_ == 0) become(binary, arguments, pipes[1], directory_);
  ::close(pipes[1]);
  stdout_fd_ = pipes[0];
  if (pid_ < 0) return "cannot fork";
  if (std::string wrong = read_banner(stdout_fd_, patience); !wrong.empty()) return wrong + "\n" + log();
  certificate_ = find_certificate(directory_);
  return "";
}

std::string Server::read_banner(int fd, std::chrono::duration<double> patience) {
  std::string banner;
  const auto until = Clock::now() + patience;
  while (banner.find("publish:") == std::string::npos) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(until - Clock::now()).count();
    pollfd wait{fd, POLLIN, 0};
    if (left <= 0 || ::poll(&wait, 1, static_cast<int>(left)) == 0) return "the server printed no banner in time";
    char bytes[4096];
    const ssize_t got = ::read(fd, bytes, sizeof bytes);
    if (got <= 0) return "the server ended before it served";
    banner.append(bytes, static_cast<std::size_t>(got));
  }
  http_port_ = port_behind(banner, "http://127.0.0.1:");
  https_port_ = port_behind(banner, "https://127.0.0.1:");
  const std::size_t admin = banner.find("admin");
  if (admin != std::string::npos)
    admin_port_ = port_behind(std::string_view(banner).substr(admin), "http://127.0.0.1:");
  if (http_port_ == 0 || https_port_ == 0 || admin_port_ == 0) return "the banner misses a port: " + banner;
  return "";
}

std::string Server::scrape() const {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval patience{.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(admin_port_);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  std::string answer;
  constexpr std::string_view request = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 &&
      ::send(fd, request.data(), request.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(request.size())) {
    char bytes[16384];
    for (ssize_t got; (got = ::recv(fd, bytes, sizeof bytes, 0)) > 0;)
      answer.append(bytes, static_cast<std::size_t>(got));
  }
  ::close(fd);
  return answer.starts_with("HTTP/1.1 200") ? answer : "";
}

void Server::mark_memory() const {
  std::ofstream("/proc/" + std::to_string(pid_) + "/clear_refs") << "5";  // proc(5): resets the peak
}

std::uint64_t Server::memory(std::string_view key) const {
  const std::string status = read_file("/proc/" + std::to_string(pid_) + "/status");
  const std::size_t at = status.find(key);
  if (at == std::string::npos) return 0;
  return std::strtoull(status.c_str() + at + key.size(), nullptr, 10) * 1024;
}

bool Server::sanitized() const {
  const std::string maps = read_file("/proc/" + std::to_string(pid_) + "/maps");
  return maps.find("libasan") != std::string::npos || maps.find("libtsan") != std::string::npos;
}

bool Server::running() {
  if (!ended_ && ::waitpid(pid_, &status_, WNOHANG) == pid_) ended_ = true;
  return !ended_;
}

void Server::terminate() const { ::kill(pid_, SIGTERM); }

std::string Server::log() const { return read_file(directory_ + "/stderr"); }

std::string Server::verdict() const {
  const std::string text = log();
  for (const char* sign : {"AddressSanitizer", "ThreadSanitizer", "LeakSanitizer", "runtime error:", "check failed"}) {
    if (text.find(sign) != std::string::npos) return std::string("the server's stderr says ") + sign + "\n" + text;
  }
  if (!ended_) return "the server did not end";
  if (WIFSIGNALED(status_)) return "the server was ended by signal " + std::to_string(WTERMSIG(status_)) + "\n" + text;
  if (WEXITSTATUS(status_) != 0) return "the server ended with " + std::to_string(WEXITSTATUS(status_)) + "\n" + text;
  return "";
}

double metric_sum(std::string_view exposition, std::string_view name, std::string_view label) {
  double sum = 0;
  while (!exposition.empty()) {
    const std::size_t end = std::min(exposition.find('\n'), exposition.size() - 1);
    const std::string_view line = exposition.substr(0, end);
    exposition.remove_prefix(end + 1);
    if (!line.starts_with(name) || line.size() <= name.size()) continue;
    const char next = line[name.size()];
    if (next != '{' && next != ' ') continue;
    if (!label.empty() && line.find(label) == std::string_view::npos) continue;
    const std::size_t space = line.rfind(' ');
    sum += std::strtod(std::string(line.substr(space + 1)).c_str(), nullptr);
  }
  return sum;
}

}  // namespace swarm
