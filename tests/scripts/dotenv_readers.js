// Reads dotenv files with the readers of node's world, and prints what they understood as JSON:
// {reader: {file: {key: value}}}. Readers that are not there are left out. Compares nothing.
//
// usage: NODE_PATH=build/schemas/node_modules node dotenv_readers.js < list of files

"use strict";

const fs = require("fs");
const Module = require("module");
const { parseEnv } = require("util");

// dotenvx decrypts with it, which nothing here asks for.
const load = Module._load;
Module._load = (name, ...rest) => (name === "eciesjs" ? {} : load(name, ...rest));

const readers = {};
if (parseEnv) readers.node = (text) => parseEnv(text);
try {
  const { parse } = require("dotenv");
  readers.dotenv = (text) => parse(text);
} catch {}
try {
  const Parse = require("dotenvx-parse/parse.js");
  // It puts variables of the environment before those of the file.
  readers.dotenvx = (text) => new Parse(text, null, { PATH: "/usr/bin:/bin" }).run().parsed;
} catch {}

const files = fs.readFileSync(0, "utf8").split("\n").filter(Boolean);
const all = {};
for (const [name, read] of Object.entries(readers)) {
  all[name] = {};
  for (const file of files) {
    try {
      all[name][file] = read(fs.readFileSync(file, "utf8"));
    } catch {
      all[name][file] = {};
    }
  }
}
process.stdout.write(JSON.stringify(all));
