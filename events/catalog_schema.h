#pragma once
// The reflected schema, for the files of this folder that walk payloads by it.

#include <flatbuffers/reflection.h>

#include <string_view>

namespace phantom {

const reflection::Schema& reflected_schema();
const reflection::Object* reflected_table(std::string_view table);

}  // namespace phantom
