// SPDX-License-Identifier: Apache-2.0
#include "proto/websocket/extensions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace proto::websocket {
namespace {

using Lines = std::vector<std::string>;

// The answer's value, "" where nothing was agreed on, "400" where the header is refused.
std::string answer(const Lines& lines, ClientWindow window = ClientWindow::new_each_message) {
  std::vector<std::pair<std::string_view, std::string_view>> headers = {{"host", "a"}};
  for (const std::string& line : lines) headers.emplace_back("sec-websocket-extensions", line);
  const auto negotiated = negotiate_deflate({.method = "GET", .version_minor = 1, .headers = headers}, window);
  if (const auto* const refusal = std::get_if<Refusal>(&negotiated)) return std::to_string(refusal->status());
  const auto& agreed = std::get<std::optional<PerMessageDeflate>>(negotiated);
  if (!agreed) return "";
  std::string line;
  append_extension(line, *agreed);
  constexpr std::string_view name = "Sec-WebSocket-Extensions: ";
  EXPECT_TRUE(line.starts_with(name) && line.ends_with("\r\n")) << line;
  return line.substr(name.size(), line.size() - name.size() - 2);
}

const std::string plain = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

TEST(Extensions, SaysNothingWhereNothingIsOffered) { EXPECT_EQ(answer({}), ""); }

TEST(Extensions, TakesWhatClientsOffer) {
  EXPECT_EQ(answer({"permessage-deflate"}), plain);
  EXPECT_EQ(answer({"permessage-deflate; client_max_window_bits"}), plain) << "browsers, npm's ws";
  EXPECT_EQ(answer({"permessage-deflate; server_no_context_takeover"}), plain);
  EXPECT_EQ(answer({"permessage-deflate; client_no_context_takeover; server_no_context_takeover"}), plain);
  EXPECT_EQ(answer({"x-webkit-deflate-frame, permessage-deflate"}), plain);
}

TEST(Extensions, AnswersEverySizeOfWindowThatWasAskedFor) {
  for (int bits = 8; bits <= 15; ++bits) {
    const std::string number = std::to_string(bits);
    EXPECT_EQ(answer({"permessage-deflate; client_max_window_bits=" + number}),
              plain + "; client_max_window_bits=" + number);
    EXPECT_EQ(answer({"permessage-deflate; server_max_window_bits=" + number}),
              bits == 8 ? "" : plain + "; server_max_window_bits=" + number)
        << "zlib's raw deflate has no window of 8 bits";
  }
  EXPECT_EQ(answer({"permessage-deflate; client_max_window_bits=9; server_max_window_bits=10"}),
            plain + "; server_max_window_bits=10; client_max_window_bits=9");
}

TEST(Extensions, TakesAQuotedValueLikeAToken) {
  EXPECT_EQ(answer({R"(permessage-deflate; server_max_window_bits="12")"}), plain + "; server_max_window_bits=12");
  EXPECT_EQ(answer({R"(permessage-deflate; server_max_window_bits="\1\2")"}), plain + "; server_max_window_bits=12");
}

TEST(Extensions, SpacesAndEmptyElementsDoNotCount) {
  EXPECT_EQ(answer({" \t permessage-deflate ;\tserver_max_window_bits = 12 \t"}),
            plain + "; server_max_window_bits=12");
  EXPECT_EQ(answer({",, permessage-deflate ,"}), plain);
  EXPECT_EQ(answer({"", "permessage-deflate"}), plain) << "over the lines it is one list";
}

TEST(Extensions, DeclinesAnOfferAndLooksAtTheNext) {
  for (const std::string parameters : {"unknown",
                                       "unknown=1",
                                       "server_no_context_takeover=true",
                                       "client_no_context_takeover=1",
                                       "server_no_context_takeover; server_no_context_takeover",
                                       "client_max_window_bits; client_max_window_bits",
                                       "client_max_window_bits=9; client_max_window_bits=9",
                                       "server_max_window_bits",
                                       "server_max_window_bits=8",
                                       "server_max_window_bits=7",
                                       "server_max_window_bits=16",
                                       "server_max_window_bits=010",
                                       "server_max_window_bits=9a",
                                       "server_max_window_bits=100",
                                       "client_max_window_bits=7",
                                       "client_max_window_bits=16",
                                       "client_max_window_bits=08",
                                       "client_max_window_bits=0",
                                       "client_max_window_bits=x",
                                       "client_max_window_bits=-9",
                                       "Server_Max_Window_Bits=9"}) {
    const std::string bad = "permessage-deflate; " + parameters;
    EXPECT_EQ(answer({bad}), "") << bad;
    EXPECT_EQ(answer({bad + ", permessage-deflate; server_max_window_bits=11, permessage-deflate"}),
              plain + "; server_max_window_bits=11")
        << bad;
    EXPECT_EQ(answer({bad, "x-other; y=1", "permessage-deflate"}), plain) << bad;
  }
  EXPECT_EQ(answer({"x-other"}), "");
  EXPECT_EQ(answer({"Permessage-Deflate"}), "");
}

TEST(Extensions, RefusesWhatIsNoList) {
  for (const std::string line : {"",
                                 ",",
                                 " , ",
                                 ";",
                                 "permessage-deflate;",
                                 "permessage-deflate; ;",
                                 "permessage-deflate server_no",
                                 "permessage-deflate; a b",
                                 "permessage-deflate; a=",
                                 "permessage-deflate; a=;b",
                                 "permessage-deflate; =1",
                                 "permessage-deflate; a=\"",
                                 "permessage-deflate; a=\"1",
                                 "permessage-deflate; a=\"\"",
                                 "permessage-deflate; a=\"1\"2",
                                 "permessage-deflate; a=\"1 2\"",
                                 "permessage-deflate; a=\"1\\",
                                 "permessage-deflate; a=1=2",
                                 "permessage-deflate/x",
                                 "\"permessage-deflate\"",
                                 "(x)",
                                 "permessage-deflate, =",
                                 "permessage-deflate; a=\"\xc3\xa9\""}) {
    EXPECT_EQ(answer({line}), "400") << line;
    EXPECT_EQ(answer({"permessage-deflate", "permessage-deflate; x; " + line + " @"}), "400") << "behind a good one";
  }
}

TEST(Extensions, KeepsThePublishersWindowUnlessItOffersNotTo) {
  const std::string kept = "permessage-deflate; server_no_context_takeover";
  EXPECT_EQ(answer({"permessage-deflate; client_max_window_bits"}, ClientWindow::may_go_on), kept);
  EXPECT_EQ(answer({"permessage-deflate; client_max_window_bits=10"}, ClientWindow::may_go_on),
            kept + "; client_max_window_bits=10");
  EXPECT_EQ(answer({"permessage-deflate; client_no_context_takeover"}, ClientWindow::may_go_on), plain);
  EXPECT_EQ(answer({"permessage-deflate; client_no_context_takeover; x, permessage-deflate"}, ClientWindow::may_go_on),
            kept)
      << "what a declined offer said does not count";
}

}  // namespace
}  // namespace proto::websocket
