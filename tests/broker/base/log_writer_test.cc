// SPDX-License-Identifier: Apache-2.0
#include "broker/base/log_writer.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

namespace broker::base {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

struct Pipe {
  Pipe() {
    int fds[2];
    if (::pipe2(fds, O_CLOEXEC) != 0) std::abort();
    reader.reset(fds[0]);
    writer.reset(fds[1]);
  }
  // The next line without its end; empty at the end of the stream.
  std::string line() {
    std::string text;
    char c = 0;
    while (::read(reader.get(), &c, 1) == 1 && c != '\n') text += c;
    return text;
  }
  // Everything up to the end of the stream.
  std::string rest() {
    writer.reset();
    std::string text;
    char block[4096];
    for (ssize_t n = 0; (n = ::read(reader.get(), block, sizeof block)) > 0;)
      text.append(block, static_cast<std::size_t>(n));
    return text;
  }
  // Fills it to the last byte.
  void fill() {
    const int flags = ::fcntl(writer.get(), F_GETFL);
    ::fcntl(writer.get(), F_SETFL, flags | O_NONBLOCK);
    const std::string block(4096, '.');
    while (::write(writer.get(), block.data(), block.size()) > 0) {
    }
    while (::write(writer.get(), ".", 1) > 0) {
    }
    ::fcntl(writer.get(), F_SETFL, flags);
  }
  OwnedFd reader;
  OwnedFd writer;
};

std::size_t count(std::string_view text, std::string_view what) {
  std::size_t found = 0;
  for (std::size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(LogWriter, WritesALineWhileItRuns) {
  Pipe pipe;
  LogWriter writer({.fd = pipe.writer.get()});
  LogSink& log = writer.open_sink("main");
  writer.start();
  log.info("first", {{"n", 1}});
  EXPECT_THAT(pipe.line(), HasSubstr("info first n=1 thread=main"));
  log.warning("second");
  EXPECT_THAT(pipe.line(), HasSubstr("warning second thread=main"));
  writer.stop();
}

TEST(LogWriter, SetsTheLevelOfItsSinks) {
  Pipe pipe;
  LogWriter writer({.level = LogLevel::error, .fd = pipe.writer.get()});
  LogSink& log = writer.open_sink("main");
  writer.start();
  log.warning("no");
  log.error("yes");
  writer.stop();
  EXPECT_THAT(pipe.rest(), testing::EndsWith("error yes thread=main\n"));
}

TEST(LogWriter, WritesWhatIsLeftWhenItStops) {
  Pipe pipe;
  {
    LogWriter writer({.format = LogFormat::json, .fd = pipe.writer.get()});
    LogSink& log = writer.open_sink("main");
    writer.start();
    for (int i = 0; i < 100; ++i) log.info("m", {{"i", i}});
  }
  const std::string text = pipe.rest();
  EXPECT_EQ(count(text, "\n"), 100u);
  EXPECT_THAT(text, HasSubstr("\"i\":99,"));
}

TEST(LogWriter, WritesWhatIsLeftWhenItWasNeverStarted) {
  Pipe pipe;
  {
    LogWriter writer({.fd = pipe.writer.get()});
    writer.open_sink("main").error("cannot start");
  }
  EXPECT_THAT(pipe.rest(), HasSubstr("error cannot start thread=main\n"));
}

TEST(LogWriter, TakesTheLinesOfManyThreads) {
  constexpr int thread_count = 4;
  constexpr int lines_each = 5'000;
  Pipe pipe;
  LogWriter writer({.fd = pipe.writer.get()});
  std::vector<LogSink*> sinks;
  for (int i = 0; i < thread_count; ++i) sinks.push_back(&writer.open_sink("shard-" + std::to_string(i)));
  std::string text;
  std::thread reader([&] {
    char block[65536];
    for (ssize_t n = 0; (n = ::read(pipe.reader.get(), block, sizeof block)) > 0;)
      text.append(block, static_cast<std::size_t>(n));
  });
  writer.start();
  std::vector<std::thread> threads;
  for (LogSink* sink : sinks) {
    threads.emplace_back([sink] {
      for (int i = 0; i < lines_each; ++i) sink->info("m", {{"i", i}});
    });
  }
  for (auto& thread : threads) thread.join();
  writer.stop();
  pipe.writer.reset();
  reader.join();
  std::uint64_t dropped = 0;
  for (const LogSink* sink : sinks) dropped += sink->dropped();
  EXPECT_EQ(count(text, " m i="), thread_count * lines_each - dropped);
  EXPECT_EQ(writer.lines_lost(), 0u);
  // What was dropped stands in the log, in one line or several.
  std::uint64_t reported = 0;
  for (std::size_t at = text.find("dropped count="); at != std::string::npos;
       at = text.find("dropped count=", at + 1)) {
    reported += std::stoull(text.substr(at + 14));
  }
  EXPECT_EQ(reported, dropped);
}

// The pipe takes nothing: each call returns, what does not fit is counted, and the log says so once it can be read.
TEST(LogWriter, NeverBlocksTheCallerWhenTheDescriptorIsFull) {
  Pipe pipe;
  pipe.fill();
  LogWriter writer({.fd = pipe.writer.get()});
  LogSink& log = writer.open_sink("shard-0");
  writer.start();
  constexpr std::uint64_t lines = 10'000;
  for (std::uint64_t i = 0; i < lines; ++i) log.info("m", {{"i", i}});  // would never end if a call could block
  EXPECT_GT(log.dropped(), 0u);
  std::string text;
  std::thread reader([&] {
    char block[65536];
    for (ssize_t n = 0; (n = ::read(pipe.reader.get(), block, sizeof block)) > 0;)
      text.append(block, static_cast<std::size_t>(n));
  });
  writer.stop();
  pipe.writer.reset();
  reader.join();
  EXPECT_EQ(count(text, " m i="), lines - log.dropped());
  EXPECT_THAT(text,
              HasSubstr("warning log records dropped count=" + std::to_string(log.dropped()) + " thread=shard-0\n"));
}

TEST(LogWriter, GivesUpWhenTheDescriptorTakesNothingAtTheEnd) {
  Pipe pipe;
  pipe.fill();
  LogWriter writer({.fd = pipe.writer.get(), .flush_time = 20ms});
  LogSink& log = writer.open_sink("main");
  writer.start();
  log.info("one");
  log.info("two");
  writer.stop();  // returns
  EXPECT_EQ(writer.lines_lost(), 2u);
}

TEST(LogWriter, SurvivesAReaderThatWentAway) {
  Pipe pipe;
  pipe.reader.reset();
  LogWriter writer({.fd = pipe.writer.get()});
  LogSink& log = writer.open_sink("main");
  writer.start();
  log.info("nobody reads this");
  writer.stop();
  EXPECT_EQ(writer.lines_lost(), 1u);
}

}  // namespace
}  // namespace broker::base
