// OCSF 1.8.0. The family of a type gives the class, a word of its name the activity; a type whose
// name has none of the words is activity 99, "Other", with its name beside it.

#include "events/encoding.h"
#include "events/envelope.h"
#include "events/export_record.h"
#include "events/render.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace phantom {
namespace {

constexpr int kOther = 99;

struct ClassOfFamily {
  std::string_view family;
  int category;
  int event_class;
};
constexpr std::array kClasses = {
    ClassOfFamily{"session", 3, 3002},  // Authentication
    ClassOfFamily{"proxy", 6, 6003},    // API Activity
    ClassOfFamily{"secret", 3, 3004},   // Entity Management
    ClassOfFamily{"vault", 3, 3004},    ClassOfFamily{"config", 3, 3004},
    ClassOfFamily{"ledger", 1, 1008},  // Event Log Activity
    ClassOfFamily{"audit", 1, 1008},    ClassOfFamily{"privacy", 3, 3004},
    ClassOfFamily{"recorder", 1, 1008}, ClassOfFamily{"approval", 3, 3004},
    ClassOfFamily{"mcp", 6, 6003},      ClassOfFamily{"sync", 6, 6003},
};
constexpr ClassOfFamily kBaseEvent{"", 0, 0};

struct Activity {
  int event_class;
  std::string_view word;
  int id;
};
constexpr std::array kActivities = {
    Activity{3002, "started", 1},     Activity{3002, "ended", 2},   Activity{3004, "created", 1},
    Activity{3004, "initialised", 1}, Activity{3004, "opened", 2},  Activity{3004, "reveal", 2},
    Activity{3004, "change", 3},      Activity{3004, "rewrite", 3}, Activity{3004, "accepted", 3},
    Activity{3004, "updated", 3},     Activity{3004, "deleted", 4}, Activity{3004, "removed", 4},
    Activity{1008, "created", 6},     Activity{1008, "read", 3},    Activity{1008, "exported", 3},
    Activity{1008, "published", 3},   Activity{1008, "proved", 3},
};

const ClassOfFamily& class_of(const ExportRecord& record) {
  for (const ClassOfFamily& row : kClasses) {
    if (record.info != nullptr && record.info->family == row.family) return row;
  }
  return kBaseEvent;
}

// The only values of http_method; others stand in api.operation.
constexpr std::array<std::string_view, 9> kMethods = {"CONNECT", "DELETE", "GET", "HEAD", "OPTIONS",
                                                      "PATCH",   "POST",   "PUT", "TRACE"};

int activity_of_method(std::string_view method) {
  if (method == "GET" || method == "HEAD") return 2;
  if (method == "POST") return 1;
  if (method == "PUT" || method == "PATCH") return 3;
  return method == "DELETE" ? 4 : kOther;
}

int activity_of(const ExportRecord& record, int event_class) {
  if (event_class == 6003) return activity_of_method(record.payload.find("method").value_or(""));
  const std::string name = type_name_of(record);
  for (const Activity& row : kActivities) {
    if (row.event_class == event_class && name.find(row.word) != name.npos) return row.id;
  }
  return kOther;
}

void append_number(std::string& out, std::string_view key, std::int64_t value) {
  ((out += ",\"") += key) += "\":";
  append_decimal(out, value);
}

// status_id 1 Success, 2 Failure, 99 Other, 0 Unknown.
int status_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::Ok:
      return 1;
    case Outcome::Denied:
    case Outcome::Failed:
      return 2;
    case Outcome::Partial:
      return kOther;
    case Outcome::Unknown:
      break;
  }
  return 0;
}

void append_metadata(std::string& out, const ExportRecord& record, std::string_view profile) {
  const schema::Entry& entry = record.entry;
  out +=
      ",\"metadata\":{\"version\":\"1.8.0\",\"product\":{\"name\":\"phantom\",\"vendor_name\":"
      "\"phantom\"";
  append_json_member(out, "version", text_of(entry.version()));
  out += '}';
  if (!profile.empty()) ((out += ",\"profiles\":[\"") += profile) += "\"]";
  append_json_member(out, "uid", format_uuid(event_id_of(entry)));
  out += ",\"sequence\":";
  append_json_number(out, entry.seq());
  append_json_member(out, "correlation_uid", text_of(entry.session()));
  append_json_member(out, "event_code", event_code_of(record));
  append_json_member(out, "log_name", record.source.origin);
  append_json_member(out, "log_provider", record.source.ledger_id);
  append_number(out, "logged_time", ms_of(entry.time_ns()));
  out += '}';
}

void append_user(std::string& out, std::string_view key, const schema::Entry& entry) {
  ((out += '"') += key) += "\":{\"name\":";
  append_json_text(out, actor_kind_name(entry.actor_kind()));
  append_json_member(out, "uid", text_of(entry.actor_id()));
  out += '}';
}

void append_actor(std::string& out, const schema::Entry& entry) {
  out += ",\"actor\":{";
  append_user(out, "user", entry);
  append_json_member(out, "app_name", text_of(entry.agent_tool()));
  if (!text_of(entry.session()).empty()) {
    out += ",\"session\":{\"uid\":";
    append_json_text(out, text_of(entry.session()));
    out += '}';
  }
  out += '}';
}

void append_object(std::string& out, std::string_view key, std::string_view name,
                   std::string_view value) {
  ((out += ",\"") += key) += "\":{\"";
  (out += name) += "\":";
  append_json_text(out, value);
  out += '}';
}

// The field, unless it says nothing: a request that was denied at the door has no host, for
// example.
std::optional<std::string> said(const Payload& payload, std::string_view name) {
  std::optional<std::string> value(payload.find(name));
  if (value && (value->empty() || *value == "0")) value.reset();
  return value;
}

void append_api(std::string& out, const ExportRecord& record) {
  const Payload& payload = record.payload;
  out += ",\"api\":{\"operation\":";
  append_json_text(out, said(payload, "method").value_or(type_name_of(record)));
  if (const auto service = said(payload, "service")) {
    append_object(out, "service", "name", *service);
  }
  if (const auto id = said(payload, "request_id")) append_object(out, "request", "uid", *id);
  out += "},\"src_endpoint\":{\"ip\":\"127.0.0.1\"}";
  if (const auto host = said(payload, "host")) {
    out += ",\"dst_endpoint\":{\"hostname\":";
    append_json_text(out, *host);
    if (const auto port = said(payload, "port")) (out += ",\"port\":") += *port;
    out += '}';
  }
  const auto method = said(payload, "method");
  if (method && std::ranges::find(kMethods, *method) != kMethods.end()) {
    append_object(out, "http_request", "http_method", *method);
  }
  if (const auto status = said(payload, "http_status")) {
    (out += ",\"http_response\":{\"code\":") += *status + "}";
  }
}

// What the class asks for beyond the base event.
void append_class_members(std::string& out, const ExportRecord& record, int event_class) {
  if (event_class == 0) return;
  if (event_class == 6003) append_api(out, record);
  if (event_class == 3002) {
    out += ',';
    append_user(out, "user", record.entry);
    append_object(out, "service", "name", "phantom");
  }
  if (event_class == 3004) {
    const Payload& payload = record.payload;
    const auto name = said(payload, "secret_name");
    append_object(out, "entity", "name", name.value_or(record.info->family));
    out.pop_back();
    append_number(out, "type_id", kOther);
    append_json_member(out, "type", record.info->family);
    out += '}';
  }
  if (event_class == 1008) {
    append_json_member(out, "log_name", record.source.origin);
    if (text_of(record.entry.boot_id()).empty()) return;  // nothing would name the device
    out += ",\"device\":{\"type_id\":0,\"type\":\"Unknown\"";
    append_json_member(out, "uid", text_of(record.entry.boot_id()));
    out += '}';
  }
}

}  // namespace

void append_ocsf(std::string& out, const ExportRecord& record) {
  const schema::Entry& entry = record.entry;
  const ClassOfFamily& found = class_of(record);
  const int activity = activity_of(record, found.event_class);
  const bool has_verdict = found.event_class == 6003 && entry.outcome() != Outcome::Unknown;
  out += "{\"class_uid\":";
  append_decimal(out, std::int64_t{found.event_class});
  append_number(out, "category_uid", found.category);
  append_number(out, "activity_id", activity);
  append_json_member(out, "activity_name", activity == kOther ? type_name_of(record) : "");
  append_number(out, "type_uid", std::int64_t{found.event_class} * 100 + activity);
  append_number(out, "severity_id", severity_of(record).ocsf);
  append_number(out, "time", ms_of(entry.occurred_ns()));
  append_json_member(out, "message",
                     type_name_of(record) + " " + std::string(outcome_name(entry.outcome())));
  const int status = status_of(entry.outcome());
  append_number(out, "status_id", status);
  append_json_member(out, "status", status == kOther ? outcome_name(entry.outcome()) : "");
  append_json_member(out, "status_detail", reason_name(entry.reason()));
  // The profile host gives the base event its actor.
  append_metadata(out, record,
                  has_verdict              ? "security_control"
                  : found.event_class == 0 ? "host"
                                           : "");
  if (has_verdict) {
    const bool denied = entry.outcome() == Outcome::Denied;
    append_number(out, "action_id", denied ? 2 : 1);
    append_number(out, "disposition_id", denied ? 2 : 1);
  }
  append_actor(out, entry);
  append_class_members(out, record, found.event_class);
  out += ",\"unmapped\":{\"type\":";
  append_json_text(out, type_name_of(record));
  append_json_member(out, "project", text_of(entry.project()));
  append_json_member(out, "leaf_hash", to_hex(record.leaf));
  out += ",\"payload\":";
  record.payload.append_json(out);
  out += "}}";
}

}  // namespace phantom
