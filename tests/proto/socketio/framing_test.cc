// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/framing.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "fake_host.h"

namespace proto::socketio {
namespace {

using namespace std::string_literals;
using namespace std::string_view_literals;
using Frames = std::vector<fakes::FrameSeen>;

const std::string_view attachments[] = {"\0\1"sv, ""sv};

std::string packet(Framing framing) {
  std::string out;
  append_packet(out, framing, "452-[]", attachments);
  return out;
}

TEST(Framing, APacketAndItsAttachmentsAreOnePiece) {
  EXPECT_EQ(fakes::frames(packet(Framing::websocket)), (Frames{{1, "452-[]"}, {2, "\0\1"s}, {2, ""}}));
  EXPECT_EQ(fakes::frames(packet(Framing::websocket_base64)), (Frames{{1, "452-[]"}, {1, "bAAE="}, {1, "b"}}));
  EXPECT_EQ(packet(Framing::polling),
            "\x1e"
            "452-[]\x1e"
            "bAAE=\x1e"
            "b");
}

TEST(Framing, TextMayBeWrittenInPlace) {
  for (const Framing framing : {Framing::websocket, Framing::websocket_base64, Framing::polling}) {
    for (const std::size_t size : {0, 1, 125, 126, 65535, 65536}) {
      const std::string text(size, 'x');
      std::string expected = "before";
      append_packet(expected, framing, text);
      std::string written = "before";
      const std::size_t begin = begin_text(written, framing);
      written += text;
      end_text(written, framing, begin);
      EXPECT_EQ(written, expected) << size;
    }
  }
}

TEST(Framing, WhatWasQueuedForAPollBecomesFrames) {
  std::string queued;
  for (const std::string_view text : {"2", "4hello", "4"}) append_packet(queued, Framing::polling, text);
  queued += packet(Framing::polling);
  EXPECT_EQ(fakes::frames(reframe(queued, Framing::websocket)),
            (Frames{{1, "2"}, {1, "4hello"}, {1, "4"}, {1, "452-[]"}, {2, "\0\1"s}, {2, ""}}));
  EXPECT_EQ(fakes::frames(reframe(queued, Framing::websocket_base64)),
            (Frames{{1, "2"}, {1, "4hello"}, {1, "4"}, {1, "452-[]"}, {1, "bAAE="}, {1, "b"}}));
  EXPECT_EQ(reframe("", Framing::websocket), "");
}

}  // namespace
}  // namespace proto::socketio
