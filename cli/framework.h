#pragma once
// What a framework asks for, and which events are evidence for it. A framework is data: one file
// framework_<name>.cc, one line in framework.cc. Titles are in our own words.

#include <string>
#include <string_view>
#include <vector>

namespace phantom {

// Whether a requirement is also about recording itself: then the gaps of uptime belong to it.
enum class Recording { kNotAsked, kAsked };

struct Requirement {
  std::string id;
  std::string title;
  std::vector<std::string> queries;  // canonical; one that fits is enough. "" takes every event
  std::string shows;
  std::string does_not_show;
  Recording recording = Recording::kNotAsked;
};

struct Framework {
  std::string name;
  std::string title;
  std::vector<Requirement> requirements;
};

const std::vector<Framework>& frameworks();
const Framework* find_framework(std::string_view name);

Framework framework_soc2();
Framework framework_pci_dss_4();
Framework framework_iso27001();

}  // namespace phantom
