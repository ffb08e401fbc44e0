// SPDX-License-Identifier: Apache-2.0
#include "proto/socketio/assembler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto::socketio {
namespace {

using testing::ElementsAre;

constexpr std::string_view two = R"(52-/a,["e",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])";

class Assembling : public testing::Test {
 protected:
  // "whole", "more" or "!label".
  std::string text(std::string_view text) {
    std::string bytes(text);
    Packet packet;
    if (const auto error = assembler.take_text(bytes, packet)) return "!" + std::string(label(*error));
    return assembler.due() == 0 ? "whole" : "more";
  }

  std::string binary(std::string_view bytes) {
    whole.reset();
    const std::string gone(bytes);
    if (const auto error = assembler.take_binary(gone, whole)) return "!" + std::string(label(*error));
    EXPECT_EQ(whole != nullptr, assembler.due() == 0);
    return whole ? "whole" : "more";
  }

  Assembler assembler{1000};
  std::unique_ptr<BinaryPacket> whole;
};

TEST_F(Assembling, PacketWithoutAttachmentsIsWholeAtOnce) {
  std::string bytes = R"(2["a",1])";
  Packet packet;
  EXPECT_EQ(assembler.take_text(bytes, packet), std::nullopt);
  EXPECT_EQ(packet.event, "a");
  EXPECT_EQ(packet.argument.at(0).data(), bytes.data() + 6);  // nothing was copied
  EXPECT_EQ(assembler.due(), 0U);
  EXPECT_EQ(assembler.held_bytes(), 0U);
}

TEST_F(Assembling, AttachmentsComplete) {
  EXPECT_EQ(text(two), "more");
  EXPECT_EQ(assembler.due(), 2U);
  EXPECT_EQ(binary("\1\2\3"), "more");
  EXPECT_EQ(assembler.due(), 1U);
  EXPECT_EQ(assembler.held_bytes(), two.size() + 3);
  EXPECT_EQ(binary(""), "whole");
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->packet.type, PacketType::binary_event);
  EXPECT_EQ(whole->packet.nsp, "/a");
  EXPECT_EQ(whole->packet.event, "e");
  EXPECT_EQ(whole->packet.placeholders.size(), 2U);
  EXPECT_THAT(whole->attachments, ElementsAre("\1\2\3", ""));
  EXPECT_EQ(assembler.held_bytes(), 0U);
  EXPECT_EQ(text("2[\"a\"]"), "whole");
}

TEST_F(Assembling, TextBetweenAttachmentsIsRefused) {
  EXPECT_EQ(text(two), "more");
  EXPECT_EQ(text("2[\"a\"]"), "!text_between_attachments");
  EXPECT_EQ(binary("a"), "more");
  EXPECT_EQ(text(two), "!text_between_attachments");
}

TEST_F(Assembling, BinaryThatNobodyAnnouncedIsRefused) {
  EXPECT_EQ(binary("a"), "!unexpected_binary");
  EXPECT_EQ(text("2[\"a\"]"), "whole");
  EXPECT_EQ(binary("a"), "!unexpected_binary");
  EXPECT_EQ(text(two), "more");
  EXPECT_EQ(binary("a"), "more");
  EXPECT_EQ(binary("b"), "whole");
  EXPECT_EQ(binary("c"), "!unexpected_binary");
}

TEST_F(Assembling, MistakesInHeadersAreTold) {
  EXPECT_EQ(text("511-[\"a\"]"), "!too_many_attachments");
  EXPECT_EQ(text("50-[\"a\"]"), "!bad_attachment_count");
  EXPECT_EQ(text(R"(51-["a",{"_placeholder":true,"num":1}])"), "!bad_placeholder");
  EXPECT_EQ(text("abc"), "!unknown_type");
  EXPECT_EQ(binary("a"), "!unexpected_binary");
}

TEST_F(Assembling, BytesOfAPacketAreBounded) {
  EXPECT_EQ(text(two), "more");
  EXPECT_EQ(binary(std::string(1000 - two.size() - 1, 'a')), "more");
  EXPECT_EQ(binary("ab"), "!packet_too_large");
  EXPECT_EQ(binary("a"), "whole");
  EXPECT_EQ(text("51-[\"a\",\"" + std::string(1000, 'a') + "\"]"), "!packet_too_large");
  EXPECT_EQ(text("2[\"a\",\"" + std::string(1000, 'a') + "\"]"), "whole");  // is held by nobody
}

TEST_F(Assembling, AnIdleOneIsTwoWords) { EXPECT_LE(sizeof(Assembler), 2 * sizeof(void*)); }

}  // namespace
}  // namespace proto::socketio
