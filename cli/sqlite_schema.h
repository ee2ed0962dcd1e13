#pragma once
// The tables, indexes and views of an export to SQLite, as SQL. Made from the catalogue: a new
// event type has its view from its first day. docs/guides/exports.md describes it. Pure.

#include "events/catalog.h"

#include <string>

namespace phantom {

// Tables, and the rows that say what the numbers in them mean.
std::string sqlite_tables();
// For after the last row: indexes, then views.
std::string sqlite_indexes_and_views();

// Name of the view of one type: dots become underscores.
std::string sqlite_view_name(const EventInfo& info);

}  // namespace phantom
