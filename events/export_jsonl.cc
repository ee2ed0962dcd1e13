// phantom.event.v1: what `audit show --json` prints, with the ledger it is from and the entry
// itself, so that whoever has the object can check it against a proof.

#include "events/encoding.h"
#include "events/entry_json.h"
#include "events/export_record.h"

namespace phantom {

void append_event_object(std::string& out, const ExportRecord& record) {
  out += "{\"v\":1,\"schema\":\"phantom.event.v1\",\"ledger_id\":";
  append_json_text(out, record.source.ledger_id);
  out += ',';
  append_entry_members(out, record.entry, record.payload, record.leaf, {});
  out += ",\"leaf_b64\":\"";
  append_base64(out, record.bytes);
  out += "\"}";
}

void append_jsonl(std::string& out, const ExportRecord& record) {
  append_event_object(out, record);
}

}  // namespace phantom
