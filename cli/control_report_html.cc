#include "cli/control_report.h"
#include "cli/html.h"
#include "events/clock.h"
#include "events/encoding.h"

namespace phantom {
namespace {

constexpr std::string_view kHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
)";

constexpr std::string_view kStyle = R"(<style>
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.6rem; margin-bottom: .2rem; }
h2 { font-size: 1.2rem; margin-top: 2rem; border-bottom: 1px solid currentColor; }
table { border-collapse: collapse; width: 100%; margin: .8rem 0; }
caption { text-align: left; font-weight: 600; padding: .3rem 0; }
th, td { border: 1px solid #8888; padding: .3rem .5rem; text-align: left; vertical-align: top; }
tbody th { width: 9rem; }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
code, pre { font-family: ui-monospace, monospace; font-size: .85em; overflow-wrap: anywhere; }
pre { white-space: pre-wrap; border: 1px solid #8888; padding: .5rem; }
.claim { border-left: .3rem solid currentColor; padding: .3rem .8rem; }
.none { font-weight: 600; }
section.requirement { break-inside: avoid; }
@page { size: A4; margin: 16mm; }
@media print {
  body { font-size: 10pt; margin: 0; max-width: none; padding: 0; color: #000; background: #fff; }
  tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
</style>
)";

std::string code(std::string_view text) { return "<code>" + html_text(text) + "</code>"; }
std::string number(std::uint64_t value) {
  return "<td class=\"number\">" + std::to_string(value) + "</td>";
}
std::string row(std::string_view head, const std::string& cell) {
  return "<tr><th scope=\"row\">" + html_text(head) + "</th><td>" + cell + "</td></tr>\n";
}
std::string time_of(std::int64_t ns) { return format_time(ns).substr(0, 19) + "Z"; }

std::string heads(const std::vector<std::string>& names) {
  std::string out = "<thead><tr>";
  for (const std::string& name : names) out += "<th scope=\"col\">" + html_text(name) + "</th>";
  return out + "</tr></thead>\n<tbody>\n";
}

std::string event_table(std::string_view caption, const NotedEvents& events) {
  if (events.count == 0) return "<p>" + html_text(caption) + ": none on record.</p>\n";
  std::string out = "<table><caption>" + html_text(caption) + " (" + std::to_string(events.count) +
                    ")</caption>\n";
  std::vector<std::string> names = {"event", "time"};
  for (const auto& [name, value] : events.listed.front().fields) names.push_back(name);
  out += heads(names);
  for (const NotedEvent& each : events.listed) {
    out += "<tr>" + number(each.seq) + "<td>" + time_of(each.time_ns) + "</td>";
    for (const auto& [name, value] : each.fields) out += "<td>" + code(value) + "</td>";
    out += "</tr>\n";
  }
  out += "</tbody></table>\n";
  if (events.listed.size() < events.count) {
    out += "<p>The first " + std::to_string(events.listed.size()) + " are listed.</p>\n";
  }
  return out;
}

std::string requirement_section(const Requirement& asked, const RequirementEvidence& found,
                                std::uint64_t gaps) {
  std::string out = "<section class=\"requirement\"><h3>" + html_text(asked.id) + " " +
                    html_text(asked.title) + "</h3>\n<table><caption>Evidence for " +
                    html_text(asked.id) + "</caption>\n<tbody>\n";
  std::string queries;
  for (std::size_t i = 0; i < asked.queries.size(); ++i) {
    queries += std::string(i == 0 ? "" : "<br>") +
               (asked.queries[i].empty() ? "every event" : code(asked.queries[i])) + ": " +
               std::to_string(found.by_query[i]);
  }
  out += row("queries", queries);
  if (found.count == 0) {
    out += row("events", "<span class=\"none\">" + html_text(kNoEvidence) + "</span>");
  } else {
    out +=
        row("events", std::to_string(found.count) + ", from event " + std::to_string(found.first) +
                          " to event " + std::to_string(found.last));
    std::string sample;
    for (const Seq seq : found.sample.pick()) {
      sample += (sample.empty() ? "" : ", ") + std::to_string(seq);
    }
    out += row("sample", sample);
  }
  if (asked.recording == Recording::kAsked) {
    out += row("gaps", std::to_string(gaps) + " in recording, listed below");
  }
  out += row("shows", html_text(asked.shows));
  out += row("does not show", html_text(asked.does_not_show));
  return out + "</tbody></table></section>\n";
}

std::string overview(const ControlReport& report) {
  std::string out = "<table><caption>Overview</caption>\n" +
                    heads({"requirement", "title", "events in the period"});
  for (std::size_t i = 0; i < report.requirements.size(); ++i) {
    const Requirement& asked = report.framework->requirements[i];
    const std::uint64_t count = report.requirements[i].count;
    out += "<tr><th scope=\"row\">" + html_text(asked.id) + "</th><td>" + html_text(asked.title) +
           "</td>";
    out += count == 0 ? "<td class=\"none\">" + html_text(kNoEvidence) + "</td>" : number(count);
    out += "</tr>\n";
  }
  return out + "</tbody></table>\n";
}

std::string recording_section(const Uptime& uptime) {
  std::string out = "<h2>Recording</h2>\n<table><caption>Time by state</caption>\n" +
                    heads({"state", "seconds", "percent", "meaning"});
  const auto line = [&](UpState state, const char* meaning) {
    const std::uint64_t share = uptime.share(state);
    out += "<tr><th scope=\"row\">" + std::string(up_state_name(state)) + "</th>" +
           number(static_cast<std::uint64_t>(uptime.total_ns(state) / 1'000'000'000)) +
           "<td class=\"number\">" + std::to_string(share / 100) + "." +
           std::to_string(share / 10 % 10) + std::to_string(share % 10) + "</td><td>" + meaning +
           "</td></tr>\n";
  };
  line(UpState::kUp, "a service or a session was there to record");
  line(UpState::kDegraded, "one was, while another was silent or the disk was full");
  line(UpState::kDown, "nothing ran that records; no proof that nothing happened");
  line(UpState::kUnknown, "a recorder had started and neither beat nor stopped");
  out += "</tbody></table>\n";
  std::uint64_t count = 0;
  const auto gaps = report_gaps(uptime, count);
  if (count == 0) return out + "<p>Gaps: none.</p>\n";
  out += "<table><caption>Gaps (" + std::to_string(count) + ")</caption>\n" +
         heads({"from", "to", "state"});
  for (const UpInterval& gap : gaps) {
    out += "<tr><td>" + time_of(gap.from_ns) + "</td><td>" + time_of(gap.to_ns) + "</td><td>" +
           up_state_name(gap.state) + "</td></tr>\n";
  }
  return out + "</tbody></table>\n";
}

std::string anchors_section(const ControlReport& report) {
  std::string out = "<h2>Anchors</h2>\n<p>" + std::to_string(report.anchored) +
                    " checkpoints were taken by an anchor.";
  if (report.newest_anchor) {
    out +=
        " The newest is event " + std::to_string(report.newest_anchor->seq) + ", " +
        std::to_string((report.newest_event_ns - report.newest_anchor->time_ns) / 1'000'000'000) +
        " seconds before the newest event.";
  }
  return out + "</p>\n" + event_table("Failures and conflicts", report.anchor_problems);
}

}  // namespace

std::string report_html(const ControlReport& report, std::string_view hash,
                        const ReportVerification& verification) {
  const std::string title = "Evidence for " + report.framework->title;
  std::string out(kHead);
  out += "<title>" + html_text(title) + "</title>\n";
  out += kStyle;
  out += "</head>\n<body>\n<main>\n<h1>" + html_text(title) + "</h1>\n";
  out += "<p class=\"claim\">" + html_text(kReportClaim) + "</p>\n";
  out += "<table><caption>What it was computed from</caption>\n<tbody>\n";
  out += row("period", time_of(report.period.from_ns) + " to " + time_of(report.period.to_ns) +
                           ", " + std::to_string(report.events) + " events");
  if (report.period.cut_to) {
    out += row("removed", html_text(removed_text(*report.period.cut_to)));
  }
  out += row("ledger", code(report.checkpoint.origin));
  out += row("key of the log", code(report.vkey));
  out += row("checkpoint", std::to_string(report.checkpoint.size) + " events, root " +
                               code(to_hex(report.checkpoint.root)));
  out += row("verification", "<strong>" + html_text(verification.verdict) + "</strong>, " +
                                 html_text(verification.rung) + ", " +
                                 std::to_string(verification.checked_size) + " events");
  for (const std::string& finding : verification.findings) {
    out += row("finding", html_text(finding));
  }
  out += row("replay hash", code(hash));
  out += "</tbody></table>\n<h2>Requirements</h2>\n" + overview(report);
  std::uint64_t gaps = 0;
  report_gaps(report.uptime, gaps);
  for (std::size_t i = 0; i < report.requirements.size(); ++i) {
    out += requirement_section(report.framework->requirements[i], report.requirements[i], gaps);
  }
  out += recording_section(report.uptime);
  out += anchors_section(report);
  out += "<h2>Erasure, retention, exports</h2>\n";
  out += event_table("Erased subjects", report.erasures);
  out += event_table("Prunes", report.prunes);
  out += event_table("Exports in the period", report.exports);
  out += "<h2>Checkpoint as signed</h2>\n<pre>";
  std::string_view note = report.checkpoint_note;
  while (!note.empty()) {
    const std::size_t end = std::min(note.find('\n'), note.size());
    out += html_text(note.substr(0, end)) + "\n";
    note.remove_prefix(std::min(end + 1, note.size()));
  }
  out += "</pre>\n</main>\n</body>\n</html>\n";
  return out;
}

}  // namespace phantom
