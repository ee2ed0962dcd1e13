// The official clients over HTTP, in each way they begin.
//
// usage: TOKEN=... node http.mjs URL    with the packages in ./node_modules

import { Client as Older } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport as OlderHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Client as Newer, StreamableHTTPClientTransport as NewerHttp } from "@modelcontextprotocol/client";
import assert from "node:assert";

const url = new URL(process.argv[2]);
const options = { requestInit: { headers: { Authorization: `Bearer ${process.env.TOKEN}` } } };
const info = { name: "claude-code", version: "1.0.0" };

async function drive(client, transport, name) {
  await client.connect(transport);
  const listed = (await client.listTools()).tools;
  const result = await client.callTool({ name: "phantom_status", arguments: {} });
  assert.strictEqual(result.structuredContent.v, 1);
  const verify = { name: "phantom_audit_verify", arguments: {} };
  const watched = { onprogress: () => {} };
  // The older one takes the schema of the answer in between.
  const verified = client instanceof Older ? await client.callTool(verify, undefined, watched)
                                           : await client.callTool(verify, watched);
  assert(!verified.isError, JSON.stringify(verified));
  if (transport.terminateSession && transport.sessionId) await transport.terminateSession();
  await client.close();
  console.log(`${name}: ${listed.length} tools`);
}

await drive(new Older(info), new OlderHttp(url, options), "sdk");
await drive(new Newer(info), new NewerHttp(url, options), "client, handshake");
await drive(new Newer(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } }), new NewerHttp(url, options),
            "client, 2026-07-28");
