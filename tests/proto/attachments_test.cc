// SPDX-License-Identifier: Apache-2.0
#include "proto/attachments.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace proto {
namespace {

using namespace std::string_view_literals;

const JsonWithAttachments parts = {.json = R"(["a",P0,{"b":P1,"c":P0}])",
                                   .places = {{5, 7, 0}, {13, 15, 1}, {20, 22, 0}},
                                   .attachments = {"\0\1"sv, ""sv}};

std::string content_of(const JsonWithAttachments& with) {
  std::string content;
  append_attachments_content(content, with);
  return content;
}

TEST(Attachments, AreReadAsTheyWereWritten) {
  const std::string content = content_of(parts);
  const auto read = read_attachments_content(content);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->json, parts.json);
  EXPECT_EQ(read->places, parts.places);
  EXPECT_EQ(read->attachments, parts.attachments);
}

TEST(Attachments, StandInTheirPlacesWhereThereAreNone) {
  std::string out = "data:";
  append_inlined(out, content_of(parts));
  EXPECT_EQ(out, R"(data:["a",{"base64":"AAE="},{"b":{"base64":""},"c":{"base64":"AAE="}}])");
  EXPECT_EQ(out.size() - 5, inlined_bytes(parts));
}

TEST(Attachments, WhatIsCutOrOutOfPlaceIsNone) {
  const std::string content = content_of(parts);
  for (std::size_t size = 0; size < content.size(); ++size) {
    const auto read = read_attachments_content(std::string_view(content).substr(0, size));
    // Whole attachments may be missing; then a place of one is out of order, or it was in none.
    EXPECT_TRUE(!read || read->attachments.size() < parts.attachments.size()) << size;
  }
  const JsonWithAttachments wrong[] = {
      {.json = "[]", .places = {{1, 3, 0}}, .attachments = {"a"}},                // behind the end
      {.json = "[1,2]", .places = {{3, 4, 0}, {1, 2, 0}}, .attachments = {"a"}},  // backwards
      {.json = "[1,2]", .places = {{2, 1, 0}}, .attachments = {"a"}},
      {.json = "[1,2]", .places = {{1, 2, 1}}, .attachments = {"a"}},  // of one that is not there
  };
  for (const JsonWithAttachments& each : wrong) EXPECT_FALSE(read_attachments_content(content_of(each)));
  std::string out;
  append_inlined(out, "no content");
  EXPECT_EQ(out, "null") << "what a broker wrote wrong is JSON still";
}

}  // namespace
}  // namespace proto
