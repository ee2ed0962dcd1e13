#include "cli/package_scripts.h"

#include "tests/support/seeded_random.h"

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace phantom {
namespace {

TEST(PackageScripts, WrapsWhatStartsThingsAndKeepsEveryOtherByte) {
  const std::string text =
      "\xef\xbb\xbf{\r\n\t\"name\" : \"x\",\r\n\t\"scripts\":  {\r\n\t\t\"dev\" :\"next dev\",\r\n"
      "\t\t\"lint\": \"eslint .\",\r\n\t\t\"start\": \"next start -p 3000\"\r\n\t},\r\n"
      "\t\"version\":1.0e0}  ";
  const auto wrapped = wrap_scripts(text, {});
  ASSERT_TRUE(wrapped.ok()) << wrapped.error().message;
  EXPECT_EQ(wrapped->text,
            "\xef\xbb\xbf{\r\n\t\"name\" : \"x\",\r\n\t\"scripts\":  {\r\n"
            "\t\t\"dev\" :\"phantom exec -- next dev\",\r\n\t\t\"dev:raw\" :\"next dev\",\r\n"
            "\t\t\"lint\": \"eslint .\",\r\n"
            "\t\t\"start\": \"phantom exec -- next start -p 3000\",\r\n"
            "\t\t\"start:raw\": \"next start -p 3000\"\r\n\t},\r\n\t\"version\":1.0e0}  ");
  EXPECT_EQ(wrapped->changed, (std::vector<std::string>{"dev", "start"}));
  const auto twice = wrap_scripts(wrapped->text, {});
  ASSERT_TRUE(twice.ok());
  EXPECT_EQ(twice->text, wrapped->text);
  EXPECT_TRUE(twice->changed.empty());
  EXPECT_EQ(unwrap_scripts(wrapped->text, {})->text, text);
}

TEST(PackageScripts, OneLineFilesAndEscapesComeBackByteByByte) {
  for (const std::string text :
       {R"({"scripts":{"dev":"a && b"}})",
        R"({"scripts":{"x":1,"dev":"echo \"\u0041\/\u00e9\" 'it' \\ $HOME","build":"tsc"},"z":{}})",
        R"({ "a": {"scripts": {"dev": "no"}}, "scripts" : { "start" : "node ." } })",
        R"({"scripts":{"start":"node \ud83d\ude00.js"}})", R"({"scripts":{}})"}) {
    const auto wrapped = wrap_scripts(text, {});
    ASSERT_TRUE(wrapped.ok()) << text;
    boost::json::error_code code;
    boost::json::parse(wrapped->text, code);
    EXPECT_FALSE(code) << wrapped->text;
    const auto back = unwrap_scripts(wrapped->text, {});
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->text, text);
    EXPECT_EQ(back->changed, wrapped->changed);
  }
}

TEST(PackageScripts, KnowsWhichNamesStartThings) {
  for (const char* name : {"dev", "start", "serve", "build", "deploy", "preview", "dev:web",
                           "start-api", "build_docs", "storybook.build"}) {
    EXPECT_TRUE(starts_something(name)) << name;
  }
  for (const char* name :
       {"lint", "test", "format", "fmt", "check", "type-check", "test:build", "build:test",
        "lint:start", "dev:raw", "prebuild", "developer", "watch", "devtools", "restart", ""}) {
    EXPECT_FALSE(starts_something(name)) << name;
  }
}

TEST(PackageScripts, PutsThroughAShellWhatIsMoreThanOnePlainCommand) {
  const std::pair<const char*, const char*> cases[] = {
      {"next dev -p 3000", "phantom exec -- next dev -p 3000"},
      {"node ./a.js --x=1", "phantom exec -- node ./a.js --x=1"},
      {"a && b", "phantom exec -- sh -c 'a && b'"},
      {"a | b; c &", "phantom exec -- sh -c 'a | b; c &'"},
      {"NODE_ENV=production next start", "phantom exec -- sh -c 'NODE_ENV=production next start'"},
      {"next -p $PORT", "phantom exec -- sh -c 'next -p $PORT'"},
      {"node *.js", "phantom exec -- sh -c 'node *.js'"},
      {"cd web", "phantom exec -- sh -c 'cd web'"},
      {"echo 'it'", "phantom exec -- sh -c 'echo '\\''it'\\'''"},
      {"a > out", "phantom exec -- sh -c 'a > out'"},
      {"--version", "phantom exec -- sh -c '--version'"},
  };
  for (const auto& [command, expected] : cases) EXPECT_EQ(wrapped_command(command), expected);
}

TEST(PackageScripts, LeavesAndSaysWhy) {
  const auto edit = wrap_scripts(
      R"({"scripts":{"dev":"phantom exec -- x","start":"","build":7,"serve":"s","serve:raw":"t"}})",
      {});
  ASSERT_TRUE(edit.ok());
  EXPECT_TRUE(edit->changed.empty());
  ASSERT_EQ(edit->left.size(), 4U);
  EXPECT_EQ(edit->left[0].why, "runs under phantom already");
  EXPECT_EQ(edit->left[1].why, "has no command");
  EXPECT_EQ(edit->left[2].why, "has no command");
  EXPECT_EQ(edit->left[3].why, "has a script with :raw behind its name already");
}

TEST(PackageScripts, OnlyTakesTheNamedOnes) {
  const std::string text = R"({"scripts":{"dev":"a","start":"b","lint":"c"}})";
  const auto edit = wrap_scripts(text, {"lint"});
  ASSERT_TRUE(edit.ok());
  EXPECT_EQ(edit->changed, std::vector<std::string>{"lint"});
  EXPECT_EQ(wrap_scripts(text, {"nope"}).error().code, Code::kNotFound);
  const auto all = wrap_scripts(edit->text, {});
  EXPECT_EQ(unwrap_scripts(all->text, {"lint"})->text, wrap_scripts(text, {})->text);
}

TEST(PackageScripts, UnwrapLeavesWhatWasChangedSince) {
  const auto edit = unwrap_scripts(
      R"({"scripts":{"dev":"phantom exec -- a -x","dev:raw":"a","start":"phantom exec -- b","x":"y"}})",
      {});
  ASSERT_TRUE(edit.ok());
  EXPECT_TRUE(edit->changed.empty());
  ASSERT_EQ(edit->left.size(), 2U);
  EXPECT_EQ(edit->left[0].why, "was changed after it was wrapped");
  EXPECT_EQ(edit->left[1].why, "has no original");
}

TEST(PackageScripts, UnwrapsOriginalsThatWereMovedToTheFront) {
  const auto edit = unwrap_scripts(
      "{\"scripts\": {\n  \"dev:raw\": \"a\",\n  \"start:raw\": \"b\",\n"
      "  \"start\": \"phantom exec -- b\",\n  \"dev\": \"phantom exec -- a\"\n}}",
      {});
  ASSERT_TRUE(edit.ok());
  EXPECT_EQ(edit->text, "{\"scripts\": {\n  \"start\": \"b\",\n  \"dev\": \"a\"\n}}");
}

TEST(PackageScripts, RefusesWhatNobodyCanReadForCertain) {
  const std::pair<const char*, Code> cases[] = {
      {"", Code::kInvalid},
      {"[]", Code::kInvalid},
      {"{\"scripts\":[]}", Code::kInvalid},
      {"{\"scripts\":{},\"scripts\":{}}", Code::kInvalid},
      {"{\"scripts\":{\"dev\":\"a\",\"dev\":\"b\"}}", Code::kInvalid},
      {"{\"scripts\":{\"dev\":\"a\",}}", Code::kInvalid},
      {"{} x", Code::kInvalid},
      {"{\"name\":\"scripts\"}", Code::kNotFound},
  };
  for (const auto& [text, code] : cases) {
    const auto edit = wrap_scripts(text, {});
    ASSERT_FALSE(edit.ok()) << text;
    EXPECT_EQ(edit.error().code, code) << text;
    EXPECT_FALSE(edit.error().hint.empty());
  }
}

// Any layout of blanks and any names: wrapped and back is the same file.
TEST(PackageScripts, AnyFileComesBack) {
  SeededRandom random(3);
  const auto pick = [&](auto& list) { return list[random.below(std::size(list))]; };
  const std::string blanks[] = {"", " ", "\n  ", "\r\n\t", "  "};
  const std::string names[] = {"dev", "start", "build", "lint", "serve:x", "preview"};
  const std::string commands[] = {R"("a b")", R"("a && \"b\"")", R"("A=1 b")", R"("it's")", "7",
                                  R"("")"};
  for (int round = 0; round < 2'000; ++round) {
    std::string text = "{" + pick(blanks) + "\"scripts\"" + pick(blanks) + ":" + pick(blanks) + "{";
    bool first = true;
    for (const std::string& name : names) {
      if (random.below(2) == 0) continue;
      if (!first) text += pick(blanks) + ",";
      first = false;
      text +=
          pick(blanks) + "\"" + name + "\"" + pick(blanks) + ":" + pick(blanks) + pick(commands);
    }
    text += pick(blanks) + "}" + pick(blanks) + "}";
    const auto wrapped = wrap_scripts(text, {});
    ASSERT_TRUE(wrapped.ok()) << text;
    ASSERT_EQ(unwrap_scripts(wrapped->text, {})->text, text) << wrapped->text;
    ASSERT_EQ(wrap_scripts(wrapped->text, {})->text, wrapped->text);
  }
}

}  // namespace
}  // namespace phantom
