#pragma once
// Events as a database of SQLite 3, for whoever asks questions in SQL: cli/sqlite_schema.h. It is
// built beside its place and appears there whole. Memory does not grow with it.

#include "cli/export_writer.h"

namespace phantom {

Result<std::unique_ptr<ExportWriter>> open_sqlite_export(const std::string& file,
                                                         const ExportSubject& subject);

}  // namespace phantom
