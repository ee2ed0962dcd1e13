#include "cli/framework.h"

namespace phantom {

const std::vector<Framework>& frameworks() {
  static const std::vector<Framework> all = {framework_soc2(), framework_pci_dss_4(),
                                             framework_iso27001()};
  return all;
}

const Framework* find_framework(std::string_view name) {
  for (const Framework& each : frameworks()) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

}  // namespace phantom
