// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/namespace_format.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "fake_host.h"
#include "proto/socketio/content.h"
#include "proto/socketio/engine_format.h"
#include "proto/socketio/recovery_offset.h"
#include "rule_yaml.h"

namespace proto::socketio {
namespace {

using namespace std::string_view_literals;

struct Namespace {
  explicit Namespace(std::string_view yaml)
      : read(fakes::read_rules("socketio: {namespaces: {" + std::string(yaml) + "}}")) {
    EXPECT_TRUE(read.mistakes.empty());
  }
  std::string write(const Message& message, Framing framing = Framing::polling) const {
    const NamespaceFormat format(read.rules.namespaces.at(0), framing);
    std::string out;
    format.append(format, message, out);
    return out;
  }
  std::string_view refusal(const Message& message) const {
    const NamespaceFormat format(read.rules.namespaces.at(0), Framing::websocket);
    return format.refusal(format, message);
  }
  ReadRules read;
};

Message message(std::string_view event, Kind kind, std::string_view content) {
  return {.topic = "t",
          .epoch = 0xABC,
          .offset = 41,
          .time_us = 1'700'000'000'012'000,
          .event = event,
          .kind = kind,
          .content = content,
          .stream_epoch = 0xDEF,
          .stream_offset = 7};
}

TEST(NamespaceFormat, WritesAnEvent) {
  struct Row {
    std::string_view yaml;
    Message with;
    std::string_view written;
  };
  const Row rows[] = {
      {"/: {}", message("chat message", Kind::text, "hi"),
       "\x1e"
       R"(42["chat message","hi"])"},
      {"/: {}", message("a\"b", Kind::json, "[]"),
       "\x1e"
       R"(42["a\"b"])"},
      {"/: {}", message("e", Kind::json, R"([1,"2"])"),
       "\x1e"
       R"(42["e",1,"2"])"},
      {"/: {}", message("e", Kind::json, R"({"a":1})"),
       "\x1e"
       R"(42["e",{"a":1}])"},
      {"/: {}", message("e", Kind::binary, "\0\1"sv),
       "\x1e"
       R"(451-["e",{"_placeholder":true,"num":0}])"
       "\x1e"
       "bAAE="},
      {"/admin: {}", message("e", Kind::text, "a"),
       "\x1e"
       R"(42/admin,["e","a"])"},
      {"/: {deliver: {e: [$1, $0, $cursor, $event, $time]}}", message("e", Kind::json, "[1,2]"),
       "\x1e"
       R"(42["e",2,1,"0000000000000abc.41","e",1700000000.012])"},
      {"/: {deliver: {e: [$args, x]}}", message("e", Kind::binary, "\0\1"sv),
       "\x1e"
       R"(451-["e",{"_placeholder":true,"num":0},"x"])"
       "\x1e"
       "bAAE="},
      {"/: {deliver: {other: [x]}}", message("e", Kind::text, "a"),
       "\x1e"
       R"(42["e","a"])"},
  };
  for (const Row& row : rows) {
    EXPECT_EQ(Namespace(row.yaml).write(row.with), row.written) << row.yaml;
    EXPECT_EQ(Namespace(row.yaml).refusal(row.with), "") << row.yaml;
  }
}

TEST(NamespaceFormat, WritesFramesForAWebSocket) {
  const Namespace nsp("/: {}");
  const Message binary = message("e", Kind::binary, "\0\1"sv);
  const std::string head = R"(451-["e",{"_placeholder":true,"num":0}])";
  using Frames = std::vector<fakes::FrameSeen>;
  EXPECT_EQ(fakes::frames(nsp.write(binary, Framing::websocket)), (Frames{{1, head}, {2, std::string("\0\1"sv)}}));
  EXPECT_EQ(fakes::frames(nsp.write(binary, Framing::websocket_base64)), (Frames{{1, head}, {1, "bAAE="}}));
}

TEST(NamespaceFormat, AppendsTheRecoverysOffset) {
  const Namespace nsp("/: {recovery: {window: 1m}, deliver: {e: [$cursor]}}");
  std::string offset;
  append_recovery_offset(offset, {0xDEF, 7});
  EXPECT_EQ(nsp.write(message("a", Kind::json, "[]")),
            "\x1e"
            R"(42["a",")" +
                offset + "\"]");
  EXPECT_EQ(nsp.write(message("e", Kind::text, "hi")),
            "\x1e"
            R"(42["e","0000000000000abc.41",")" +
                offset + "\"]")
      << "behind what `deliver` says";
}

TEST(NamespaceFormat, WhatAClientWouldRefuseIsNotWritten) {
  const Namespace nsp("/: {}");
  const std::string holder = R"({"_placeholder":true,"num":0})";
  const std::vector<std::string_view> eleven(11, "x");
  const EventContent too_many = write_content({.json = holder, .attachments = eleven});
  struct Row {
    Message with;
    std::string_view why;
  };
  const Row rows[] = {{message("disconnect", Kind::text, "a"), "reserved_event"},
                      {message("connect", Kind::json, "[]"), "reserved_event"},
                      {message("e", too_many.kind, too_many.bytes), "too_many_attachments"}};
  for (const Row& row : rows) {
    EXPECT_EQ(nsp.write(row.with), "");
    EXPECT_EQ(nsp.refusal(row.with), row.why);
  }
}

TEST(EngineFormat, WritesTheContentAsAMessage) {
  const std::string holder = R"({"_placeholder":true,"num":0})";
  const EventContent attached = write_content({.json = holder, .attachments = {"a"}});
  struct Row {
    Framing framing;
    Message with;
    std::vector<fakes::FrameSeen> frames;
    std::string_view polled = {};
  };
  const Row rows[] = {
      {Framing::websocket, message("e", Kind::text, "hi\x1e"), {{1, "4hi\x1e"}}},
      {Framing::websocket, message("e", Kind::json, "[1]"), {{1, "4[1]"}}},
      {Framing::websocket, message("e", Kind::binary, "b"), {{2, "b"}}},
      {Framing::websocket, message("e", attached.kind, attached.bytes), {{1, R"(4[{"base64":"YQ=="}])"}}},
      {Framing::websocket_base64, message("e", Kind::binary, "a"), {{1, "bYQ=="}}},
      {Framing::polling,
       message("e", Kind::text, "hi"),
       {},
       "\x1e"
       "4hi"},
      {Framing::polling,
       message("e", Kind::binary, "\x1e"),
       {},
       "\x1e"
       "bHg=="},
      {Framing::polling,
       message("e", attached.kind, attached.bytes),
       {},
       "\x1e"
       R"(4[{"base64":"YQ=="}])"},
  };
  for (const Row& row : rows) {
    const WireFormat& format = engine_format(row.framing);
    std::string out;
    format.append(format, row.with, out);
    if (row.framing == Framing::polling) {
      EXPECT_EQ(out, row.polled);
    } else {
      EXPECT_EQ(fakes::frames(out), row.frames);
    }
    EXPECT_EQ(format.refusal(format, row.with), "");
  }
  const WireFormat& polling = engine_format(Framing::polling);
  std::string out;
  polling.append(polling,
                 message("e", Kind::text,
                         "hi\x1e"
                         "1"),
                 out);
  EXPECT_EQ(out, "") << "it would be taken for two packets, the second of which ends the session";
  EXPECT_EQ(polling.refusal(polling, message("e", Kind::text,
                                             "hi\x1e"
                                             "1")),
            "separator");
}

}  // namespace
}  // namespace proto::socketio
