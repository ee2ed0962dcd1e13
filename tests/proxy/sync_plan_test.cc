#include "proxy/sync_plan.h"

#include <gtest/gtest.h>

namespace phantom {
namespace {

SyncTarget target_of(const std::string& platform, std::vector<std::string> places,
                     const std::string& environment = "prod") {
  SyncTarget target;
  target.config.platform = platform;
  target.config.project = "p";
  target.environment = environment;
  target.places = std::move(places);
  return target;
}

RemoteEntry entry(const std::string& id, const std::string& name, std::vector<std::string> places,
                  std::optional<std::string> value = std::nullopt) {
  RemoteEntry made;
  made.id = id;
  made.name = name;
  made.places = std::move(places);
  if (value) made.value = SecretBytes::copy_of(*value);
  return made;
}

template <class... Entries>
std::vector<RemoteEntry> list(Entries... entries) {
  std::vector<RemoteEntry> made;
  (made.push_back(std::move(entries)), ...);
  return made;
}

class SyncPlan : public testing::Test {
 protected:
  SecretBytes value_ = SecretBytes::copy_of("value-1");
  WantedSecret key_{"prod/KEY", 3, &value_};

  std::string planned(const Platform& platform, const SyncTarget& target,
                      const std::vector<WantedSecret>& wanted,
                      const std::vector<RemoteEntry>& remote,
                      const std::set<std::string>& prune = {}) {
    std::string text;
    for (const PlannedItem& item : plan_sync(platform, target, wanted, remote, prune)) {
      text += (text.empty() ? "" : "; ") + std::string(sync_action_name(item.action)) + " " +
              item.write.name;
      if (!item.write.entry_id.empty()) text += " #" + item.write.entry_id;
      if (item.action == SyncAction::kBlocked)
        text += std::string(" ") + sync_block_name(item.block);
      if (!item.writes()) continue;
      for (const std::string& place : item.write.places) text += " " + place;
    }
    return text;
  }
};

TEST_F(SyncPlan, CreatesWhatIsMissingAndChangesWhatDiffers) {
  const Platform& vercel = vercel_platform();
  const SyncTarget target = target_of("vercel", {"production"});
  EXPECT_EQ(planned(vercel, target, {key_}, {}), "create KEY production");
  EXPECT_EQ(planned(vercel, target, {key_}, list(entry("e1", "KEY", {"production"}, "value-1"))),
            "unchanged KEY");
  EXPECT_EQ(planned(vercel, target, {key_}, list(entry("e1", "KEY", {"production"}, "other"))),
            "update KEY #e1 production");
  // What cannot be read there may be anything.
  EXPECT_EQ(planned(vercel, target, {key_}, list(entry("e1", "KEY", {"production"}))),
            "update KEY #e1 production");
}

TEST_F(SyncPlan, APreviewValueNeverOverwritesProduction) {
  const Platform& vercel = vercel_platform();
  const SyncTarget preview = target_of("vercel", {"preview"}, "dev");
  const WantedSecret dev{"KEY", 1, &value_};
  // The first entry of the name is production's: it is not the one that is written.
  EXPECT_EQ(planned(vercel, preview, {dev},
                    list(entry("e1", "KEY", {"production"}, "live"),
                         entry("e2", "KEY", {"preview"}, "old"))),
            "update KEY #e2 preview");
  EXPECT_EQ(planned(vercel, preview, {dev}, list(entry("e1", "KEY", {"production"}, "live"))),
            "create KEY preview");
  // One variable for both: it cannot be written for one alone.
  EXPECT_EQ(
      planned(vercel, preview, {dev}, list(entry("e1", "KEY", {"production", "preview"}, "live"))),
      "blocked KEY shared");
  EXPECT_EQ(
      planned(vercel, preview, {dev}, list(entry("e1", "KEY", {"preview", "development"}, "live"))),
      "blocked KEY shared");
}

TEST_F(SyncPlan, SeveralPlacesAreFilledWithOneOrMoreVariables) {
  const Platform& vercel = vercel_platform();
  const SyncTarget both = target_of("vercel", {"preview", "development"}, "dev");
  const WantedSecret dev{"KEY", 1, &value_};
  EXPECT_EQ(planned(vercel, both, {dev}, {}), "create KEY preview development");
  EXPECT_EQ(planned(vercel, both, {dev}, list(entry("e1", "KEY", {"development", "preview"}, "x"))),
            "update KEY #e1 development preview");
  EXPECT_EQ(planned(vercel, both, {dev}, list(entry("e1", "KEY", {"preview"}, "value-1"))),
            "create KEY development");
  EXPECT_EQ(
      planned(vercel, both, {dev},
              list(entry("e1", "KEY", {"preview"}, "x"), entry("e2", "KEY", {"development"}, "y"))),
      "update KEY #e1 preview; update KEY #e2 development");
}

TEST_F(SyncPlan, DeletesOnlyWhatItIsToldToAndNeverASharedOne) {
  const Platform& vercel = vercel_platform();
  const SyncTarget target = target_of("vercel", {"production"});
  const auto remote =
      list(entry("e1", "KEY", {"production"}, "value-1"), entry("e2", "OLD", {"production"}, "x"),
           entry("e3", "BOTH", {"production", "preview"}, "x"),
           entry("e4", "PREVIEW", {"preview"}, "x"));
  EXPECT_EQ(planned(vercel, target, {key_}, remote), "unchanged KEY");
  EXPECT_EQ(planned(vercel, target, {key_}, remote, {"prod/OLD", "prod/BOTH", "prod/PREVIEW"}),
            "blocked BOTH #e3 shared; unchanged KEY; delete OLD #e2 production");
  EXPECT_EQ(surplus_names(vercel, target, {"prod/KEY"}, remote),
            (std::vector<std::string>{"prod/BOTH", "prod/OLD"}));
}

TEST_F(SyncPlan, APrefixSeparatesNames) {
  const Platform& fly = fly_platform();
  SyncTarget target = target_of("fly", {"app"});
  target.config.prefix = "APP_";
  EXPECT_EQ(planned(fly, target, {key_}, list(entry("", "KEY", {"app"}))), "create APP_KEY app");
  EXPECT_EQ(planned(fly, target, {key_}, list(entry("", "APP_KEY", {"app"}))),
            "update APP_KEY app");
  EXPECT_EQ(surplus_names(fly, target, {"prod/KEY"},
                          list(entry("", "OTHER", {"app"}), entry("", "APP_OLD", {"app"}))),
            (std::vector<std::string>{"prod/OLD"}));
}

TEST_F(SyncPlan, NamesAndValuesThePlatformDoesNotTakeAreSaidBeforeAnythingIsSent) {
  const Platform& github = github_platform();
  const SyncTarget target = target_of("github", {"repository"});
  const SecretBytes large = SecretBytes::zeros(48 * 1'024 + 1);
  const SecretBytes binary = SecretBytes::copy_of(std::string_view("a\xff", 2));
  const SecretBytes reference = SecretBytes::copy_of("${{ shared.X }}");
  const auto only = [&](const Platform& platform, const WantedSecret& wanted) {
    return planned(platform, target, {wanted}, {});
  };
  EXPECT_EQ(only(github, {"prod/GITHUB_X", 1, &value_}), "blocked GITHUB_X invalid-name");
  EXPECT_EQ(only(github, {"prod/Github_X", 1, &value_}), "blocked Github_X invalid-name");
  EXPECT_EQ(only(github, {"prod/BIG", 1, &large}), "blocked BIG invalid-value");
  EXPECT_EQ(only(github, {"prod/BYTES", 1, &binary}), "create BYTES repository");
  EXPECT_EQ(only(fly_platform(), {"prod/BYTES", 1, &binary}), "blocked BYTES invalid-value");
  EXPECT_EQ(only(railway_platform(), {"prod/X", 1, &reference}), "blocked X invalid-value");
  EXPECT_EQ(only(railway_platform(), {"prod/RAILWAY_X", 1, &value_}),
            "blocked RAILWAY_X invalid-name");
  EXPECT_EQ(only(netlify_platform(), {"prod/_X", 1, &value_}), "blocked _X invalid-name");
  EXPECT_EQ(only(vercel_platform(), {"prod/a-b", 1, &value_}), "blocked a-b invalid-name");
  EXPECT_EQ(only(fly_platform(), {"prod/OLD", 1, nullptr}), "blocked OLD expired");
  EXPECT_EQ(only(fly_platform(), {"prod/T", 1, &value_, WantedSecret::Kind::kPlatformToken}),
            "blocked T platform-token");
}

TEST_F(SyncPlan, NamesThatAreOneThereAreBothRefused) {
  const SyncTarget target = target_of("github", {"repository"});
  EXPECT_EQ(
      planned(github_platform(), target, {{"prod/Key", 1, &value_}, {"prod/KEY", 1, &value_}}, {}),
      "blocked KEY invalid-name; blocked Key invalid-name");
  EXPECT_EQ(planned(github_platform(), target, {{"prod/Key", 1, &value_}},
                    list(entry("", "KEY", {"repository"}))),
            "update Key repository");
}

TEST_F(SyncPlan, ANetlifyValueForAllContextsIsSharedByAllOthers) {
  const auto remote =
      list(entry("v1", "KEY", {"production", "deploy-preview", "branch-deploy", "dev"}, "x"));
  EXPECT_EQ(planned(netlify_platform(), target_of("netlify", {"production"}), {key_}, remote),
            "blocked KEY shared");
}

TEST_F(SyncPlan, APullTakesOneValuePerNameOrNone) {
  const SyncTarget target = target_of("vercel", {"preview", "development"}, "dev");
  const auto remote =
      list(entry("1", "ONE", {"preview"}, "a"), entry("2", "ONE", {"development"}, "a"),
           entry("3", "TWO", {"preview"}, "a"), entry("4", "TWO", {"development"}, "b"),
           entry("5", "HALF", {"preview"}, "a"), entry("6", "HALF", {"development"}),
           entry("7", "HIDDEN", {"preview"}), entry("8", "ELSEWHERE", {"production"}, "a"),
           entry("9", "bad name", {"preview"}, "a"),
           entry("10", "SHARED", {"production", "preview"}, "a"));
  std::string text;
  for (const PulledItem& item : plan_pull(target, remote)) {
    const char* state = item.state == PulledItem::State::kValue       ? "value"
                        : item.state == PulledItem::State::kHidden    ? "hidden"
                        : item.state == PulledItem::State::kAmbiguous ? "ambiguous"
                                                                      : "bad";
    text += item.name + "=" + state + ";";
    EXPECT_EQ(item.value != nullptr && item.state != PulledItem::State::kBadName,
              item.state == PulledItem::State::kValue)
        << item.name;
  }
  EXPECT_EQ(text,
            "HALF=ambiguous;HIDDEN=hidden;ONE=value;SHARED=value;TWO=ambiguous;bad name=bad;");
}

}  // namespace
}  // namespace phantom
