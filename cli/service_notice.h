#pragma once
// What a service tells the service manager (the protocol of sd_notify(3)).

#include <string_view>

namespace phantom {

// To the socket that NOTIFY_SOCKET names; without one nobody wants to know.
void notify_service_manager(std::string_view state);

}  // namespace phantom
