#pragma once
// The reflected schema, for the files of this folder that walk payloads by it.

#include <string_view>

#include <flatbuffers/reflection.h>

namespace phantom {

const reflection::Schema& reflected_schema();
const reflection::Object* reflected_table(std::string_view table);

}  // namespace phantom
