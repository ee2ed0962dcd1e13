// Reads exports with programs of others, and prints what they understood: a JSON object per record.
// Compares nothing; export_formats.py does. Fails when a reader refuses a record.
//
// usage: NODE_PATH=build/schemas/node_modules node export_readers.js FORMAT FILE

"use strict";

const fs = require("fs");

// The SDK of CloudEvents, as an HTTP server would use it; toEvent and validate throw on what they refuse.
// It is built for a browser, whose global object has this name.
function cloudevents(text, batch) {
  globalThis.self = globalThis;
  const { HTTP } = require("cloudevents");
  const receive = (type, body) => HTTP.toEvent({ headers: { "content-type": type }, body });
  const events = batch
    ? receive("application/cloudevents-batch+json", text)
    : lines(text).map((line) => receive("application/cloudevents+json", line));
  for (const event of events) {
    if (!event.validate()) throw new Error(`not valid: ${event.id}`);
  }
  return events.map((event) => event.toJSON());
}

// The descriptors of opentelemetry-proto: JSON to a message, to bytes, and back. What the protocol has no
// field for is lost on the way, and a value of another type is not the same afterwards.
function otlp(text) {
  const protobuf = require("protobufjs/minimal");
  protobuf.util.Long = require("long"); // else times are rounded
  protobuf.configure();
  const { opentelemetry } = require("otlp-root");
  const Request = opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest;
  return lines(text).map((line) => {
    const json = JSON.parse(line);
    for (const record of logRecords(json)) {
      // In OTLP's JSON these are hex, in that of protobuf base64.
      for (const id of ["traceId", "spanId"]) {
        if (id in record) record[id] = Buffer.from(record[id], "hex").toString("base64");
      }
    }
    const message = Request.fromObject(json);
    const refused = Request.verify(message);
    if (refused) throw new Error(refused);
    const read = Request.decode(Request.encode(message).finish());
    const back = Request.toObject(read, { longs: String, bytes: String });
    for (const record of logRecords(back)) {
      for (const id of ["traceId", "spanId"]) {
        if (id in record) record[id] = Buffer.from(record[id], "base64").toString("hex");
      }
    }
    return back;
  });
}

function logRecords(request) {
  return request.resourceLogs.flatMap((resource) =>
    resource.scopeLogs.flatMap((scope) => scope.logRecords));
}

// One parser for RFC 5424 and CEF.
function syslog(text) {
  const parse = require("nsyslog-parser");
  return lines(text).map((line) => {
    const read = parse(line, { generateTimestamp: false });
    if (read.err) throw read.err;
    return read;
  });
}

function lines(text) {
  const all = text.split("\n");
  if (all.pop() !== "") throw new Error("the last line has no end");
  return all;
}

const readers = {
  cloudevents: (text) => cloudevents(text, false),
  "cloudevents-batch": (text) => cloudevents(text, true),
  otlp,
  syslog,
  cef: syslog,
};

const [format, file] = process.argv.slice(2);
for (const record of readers[format](fs.readFileSync(file, "utf8"))) {
  console.log(JSON.stringify(record));
}
