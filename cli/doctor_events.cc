#include "cli/doctor_events.h"

#include "events/producers.h"
#include "schema/events_generated.h"

namespace phantom {

Draft doctor_examined(const Context& context, const std::vector<std::string>& problems,
                      const std::vector<std::string>& mended) {
  return make_draft<schema::DoctorExamined>(context, [&](auto& b) {
    const auto found = b.CreateVectorOfStrings(problems);
    const auto done = b.CreateVectorOfStrings(mended);
    return schema::CreateDoctorExamined(b, found, done);
  });
}

}  // namespace phantom
