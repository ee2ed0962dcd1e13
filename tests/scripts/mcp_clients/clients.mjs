// Drives a server with the official clients: every tool that only looks, and one that a person has to
// allow. They check answers against the protocol's schema and each tool's own.
//
// usage: node clients.mjs PHANTOM PROJECT TOOLS-JSON    with the packages in ./node_modules

import { Client as Older } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport as OlderStdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { Client as Newer } from "@modelcontextprotocol/client";
import { StdioClientTransport as NewerStdio } from "@modelcontextprotocol/client/stdio";
import assert from "node:assert";

const [phantom, project, tools] = process.argv.slice(2);
const server = { command: phantom, args: ["mcp", "serve"], cwd: project, env: process.env, stderr: "inherit" };
const info = { name: "claude-code", version: "1.0.0" };

async function drive(client, transport, name) {
  await client.connect(transport);
  const listed = (await client.listTools()).tools.map((tool) => tool.name);
  for (const [tool, args] of Object.entries(JSON.parse(tools))) {
    assert(listed.includes(tool), tool);
    const result = await client.callTool({ name: tool, arguments: args });
    assert(!result.isError, `${tool}: ${JSON.stringify(result)}`);
    assert.strictEqual(result.structuredContent.v, 1);
  }
  const asked = await client.callTool({
    name: "phantom_expire_secret", arguments: { name: "OPENAI_API_KEY", when: "9d" } });
  assert.strictEqual(asked.structuredContent.status, "approval-required");
  await client.close();
  console.log(`${name}: ${listed.length} tools`);
}

await drive(new Older(info), new OlderStdio(server), "sdk");
await drive(new Newer(info), new NewerStdio(server), "client, handshake");
await drive(new Newer(info, { versionNegotiation: { mode: { pin: "2026-07-28" } } }), new NewerStdio(server),
            "client, 2026-07-28");
