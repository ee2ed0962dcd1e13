#include "cli/filter_args.h"

namespace phantom {

std::vector<Option> filter_options(FilterArgs& args) {
  return {{"from", "POINT", "from this event number or time on", &args.from},
          {"to", "POINT", "up to this event number or time, without it", &args.to},
          {"type", "NAME", "events of this type; proxy.* stands for all that start so",
           &args.filter.types},
          {"session", "ID", "events of this session", &args.filter.session},
          {"secret", "NAME", "events about the secret of this name", &args.filter.secret},
          {"project", "ID", "events of this project", &args.filter.project},
          {"actor", "WHO", "events by this actor id, agent tool or kind (human, agent, ci)",
           &args.filter.actor},
          {"outcome",
           "WORD",
           "events that ended so",
           &args.filter.outcome,
           {"ok", "denied", "failed", "partial", "unknown"}}};
}

Status read_filter(FilterArgs& args) {
  if (args.from) {
    PH_ASSIGN(args.filter.from, parse_log_point(*args.from));
  }
  if (args.to) {
    PH_ASSIGN(args.filter.to, parse_log_point(*args.to));
  }
  return check_filter(args.filter);
}

}  // namespace phantom
