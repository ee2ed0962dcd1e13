#pragma once
// For commands that go on until they are told to stop: Ctrl-C and SIGTERM end them in order.

#include <cstdint>
#include <filesystem>

namespace phantom {

// From here on the signals only raise a flag.
void stop_on_signals();
bool stop_was_requested();

// Waits until the head file names more than `size` events. False when told to stop.
bool wait_for_more(const std::filesystem::path& head, std::uint64_t size);

}  // namespace phantom
