// SPDX-License-Identifier: Apache-2.0
#include "proto/files/gunzip.h"

#include <gtest/gtest.h>

#include "gzip_text.h"

namespace proto::files {
namespace {

TEST(Gunzip, GivesBackWhatWasCompressed) {
  for (const std::string& text : {std::string(), std::string("a"), std::string(100'000, 'x')}) {
    EXPECT_EQ(gunzip(fakes::gzip_text(text)), text);
  }
}

TEST(Gunzip, GivesNothingForWhatIsNotOneWholeMember) {
  const std::string whole = fakes::gzip_text("some text, and some text again");
  for (std::size_t cut = 0; cut < whole.size(); ++cut) EXPECT_EQ(gunzip(whole.substr(0, cut)), "") << cut;
  EXPECT_EQ(gunzip(whole + whole), "");
  EXPECT_EQ(gunzip(std::string(40, '\0')), "");
  std::string flipped = whole;
  flipped[20] = static_cast<char>(flipped[20] ^ 1);
  EXPECT_EQ(gunzip(flipped), "");
}

}  // namespace
}  // namespace proto::files
