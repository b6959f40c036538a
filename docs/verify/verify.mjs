// Verifies the convoy tracker's ledger without any of the tracker's code: a second implementation,
// written from docs/ledger.md. Node 18 or newer; nothing to install.
//
//   node verify.mjs vectors vectors.json
//   node verify.mjs export ledger.jsonl [SIZE:ROOT]
//   node verify.mjs entry entry.json [inclusion.json]
//   node verify.mjs inclusion inclusion.json [SIZE:ROOT]
//   node verify.mjs consistency consistency.json [SIZE:ROOT of the earlier head]
//
// Prints what it found and exits 0; or the first thing that is wrong, and exits 1.

import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const GROUPS = ["open", "detail", "words"];
const VERSION = 1;

class Wrong extends Error {}

function ensure(holds, sentence) {
  if (!holds) throw new Wrong(sentence);
}

// --- bytes and hashes

const sha256 = (...parts) => parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest();
const leafHash = (data) => sha256(Buffer.of(0), data);
const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

function bytes(hex, length, what) {
  ensure(typeof hex === "string" && /^([0-9a-f]{2})*$/.test(hex), `${what} is not hexadecimal`);
  ensure(length === undefined || hex.length === 2 * length, `${what} has not ${length} bytes`);
  return Buffer.from(hex, "hex");
}

// --- canonical JSON (RFC 8785): keys in order of their UTF-16 units, numbers and strings as ECMAScript's

function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const members = Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`);
    return `{${members.join(",")}}`;
  }
  ensure(typeof value !== "number" || Number.isFinite(value), "a number that JSON cannot write");
  return JSON.stringify(value);
}

// --- entries

// The digest of a group: computed from salt and fields where they are given, else the one that is told.
function groupDigest(group, where) {
  const isOpen = group.salt !== undefined && group.salt !== null;
  const told = group.digest === undefined ? undefined : bytes(group.digest, 32, `${where}: digest`);
  if (!isOpen) {
    ensure(told !== undefined, `${where}: neither salt nor digest`);
    return told;
  }
  const computed = sha256(bytes(group.salt, 16, `${where}: salt`), canonical(group.fields));
  ensure(told === undefined || computed.equals(told), `${where}: the fields are not those that were hashed`);
  return computed;
}

function entryLeaf(entry) {
  const where = `entry ${entry.sequence}`;
  const groups = {};
  for (const name of GROUPS) {
    ensure(entry.groups && entry.groups[name], `${where}: group ${name} is missing`);
    groups[name] = groupDigest(entry.groups[name], `${where}, ${name}`).toString("hex");
  }
  const leaf = leafHash(canonical({ v: VERSION, type: entry.type, groups }));
  ensure(leaf.equals(bytes(entry.leaf_hash, 32, `${where}: leaf_hash`)), `${where}: this is not what was hashed`);
  return leaf;
}

// --- the tree (RFC 6962, 2.1): its frontier holds the complete subtrees, largest first

function append(frontier, size, leaf) {
  let current = leaf;
  for (let index = size; index % 2 === 1; index = Math.floor(index / 2)) current = nodeHash(frontier.pop(), current);
  frontier.push(current);
}

function rootOf(frontier) {
  if (frontier.length === 0) return sha256(Buffer.alloc(0));
  return frontier.slice(0, -1).reduceRight((root, left) => nodeHash(left, root), frontier.at(-1));
}

// RFC 9162, 2.1.3.2. Sizes are BigInt, since JavaScript's shifts end at 32 bits.
function isIncluded(leaf, index, size, path, root) {
  let [position, last, current] = [BigInt(index), BigInt(size) - 1n, leaf];
  if (position < 0n || position > last) return false;
  for (const sibling of path) {
    if (last === 0n) return false;
    if (position & 1n || position === last) {
      current = nodeHash(sibling, current);
      while (!(position & 1n) && position !== 0n) [position, last] = [position >> 1n, last >> 1n];
    } else {
      current = nodeHash(current, sibling);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  return last === 0n && current.equals(root);
}

// RFC 9162, 2.1.4.2.
function isConsistent(from, to, path, fromRoot, toRoot) {
  const [older, newer] = [BigInt(from), BigInt(to)];
  if (older === newer) return path.length === 0 && fromRoot.equals(toRoot);
  if (older <= 0n || older > newer) return false;
  const steps = (older & (older - 1n)) === 0n ? [fromRoot, ...path] : path;
  if (steps.length === 0) return false;
  let [position, last] = [older - 1n, newer - 1n];
  while (position & 1n) [position, last] = [position >> 1n, last >> 1n];
  let [before, after] = [steps[0], steps[0]];
  for (const sibling of steps.slice(1)) {
    if (last === 0n) return false;
    if (position & 1n || position === last) {
      [before, after] = [nodeHash(sibling, before), nodeHash(sibling, after)];
      while (!(position & 1n) && position !== 0n) [position, last] = [position >> 1n, last >> 1n];
    } else {
      after = nodeHash(after, sibling);
    }
    [position, last] = [position >> 1n, last >> 1n];
  }
  return last === 0n && before.equals(fromRoot) && after.equals(toRoot);
}

// --- what can be asked

const read = (file) => JSON.parse(readFileSync(file, "utf8"));
const hashes = (list, what) => list.map((hex) => bytes(hex, 32, what));

function headOf(text) {
  const [, size, root] = /^(\d+):([0-9a-f]{64})$/.exec(text) ?? [];
  ensure(size !== undefined, "a head is SIZE:ROOT, the root in 64 hexadecimal digits");
  return { size: Number(size), root };
}

function checkInclusion(proof) {
  const { sequence, size } = proof;
  const [leaf, root] = [bytes(proof.leaf_hash, 32, "leaf_hash"), bytes(proof.root, 32, "root")];
  const holds = isIncluded(leaf, sequence - 1, size, hashes(proof.path, "path"), root);
  ensure(holds, `entry ${sequence} is not proved to be in the ledger of ${size} entries`);
  return `entry ${sequence} is in the ledger ${size}:${proof.root}`;
}

function checkConsistency(proof) {
  const [before, after] = [bytes(proof.from_root, 32, "from_root"), bytes(proof.to_root, 32, "to_root")];
  const holds = isConsistent(proof.from, proof.to, hashes(proof.path, "path"), before, after);
  ensure(holds, `the ledger of ${proof.from} entries is not proved to be the beginning of that of ${proof.to}`);
  return `${proof.from}:${proof.from_root} is the beginning of ${proof.to}:${proof.to_root}`;
}

function vectors(file) {
  const published = read(file);
  for (const { value, text } of published.canonical) {
    ensure(canonical(value) === text, `canonical JSON: expected ${text}, got ${canonical(value)}`);
  }
  const frontier = [];
  ensure(rootOf(frontier).toString("hex") === published.empty_root, "the root of an empty tree");
  published.leaves.forEach((data, index) => {
    append(frontier, index, leafHash(bytes(data)));
    ensure(rootOf(frontier).toString("hex") === published.roots[index], `the root of ${index + 1} leaves`);
  });
  const rootAt = (size) => published.roots[size - 1];
  for (const { leaf, size, path } of published.inclusion) {
    const data = leafHash(bytes(published.leaves[leaf - 1])).toString("hex");
    checkInclusion({ sequence: leaf, size, leaf_hash: data, path, root: rootAt(size) });
  }
  for (const { from, to, path } of published.consistency) {
    checkConsistency({ from, to, path, from_root: rootAt(from), to_root: rootAt(to) });
  }
  const counts = ["canonical", "roots", "inclusion", "consistency"].map((name) => `${published[name].length} ${name}`);
  return `all as published: ${counts.join(", ")}`;
}

async function exported(file, noted) {
  const expected = noted && headOf(noted);
  const input = file === "-" ? process.stdin : createReadStream(file, "utf8");
  const frontier = [];
  const [without, erased] = [new Set(), new Set()];
  let [size, head, isFirst] = [0, null, true];
  for await (const line of createInterface({ input, crlfDelay: Infinity })) {
    if (line === "") continue;
    ensure(head === null, "there are lines after the head");
    const found = JSON.parse(line);
    if (isFirst) {
      ensure(found.format === "convoys-ledger" && found.v === VERSION, "this is no export that I know");
      isFirst = false;
    } else if (found.head !== undefined) {
      head = found.head;
    } else {
      ensure(found.sequence === size + 1, `entry ${size + 1} is missing: ${found.sequence} stands in its place`);
      append(frontier, size, entryLeaf(found));
      size += 1;
      if (found.groups.words.salt === undefined) without.add(size);
      if (found.type === "erasure") erased.add(found.groups.open.fields.erased);
      if (expected?.size === size) {
        const root = rootOf(frontier).toString("hex");
        ensure(root === expected.root, `the ledger of ${size} entries is another than the one noted`);
      }
    }
  }
  ensure(head !== null, "the export is cut: it has no head");
  ensure(head.size === size, `the head counts ${head.size} entries, the export has ${size}`);
  ensure(head.root === rootOf(frontier).toString("hex"), "the head's root is not that of the entries");
  ensure(!expected || expected.size <= size, `the ledger is cut: it had ${expected?.size} entries`);
  for (const number of without) ensure(erased.has(number), `entry ${number}: its words are gone without an erasure`);
  return `${size} entries, all honest, ${without.size} with words erased. Head ${size}:${head.root}`;
}

function entry(file, proofFile) {
  const told = read(file);
  const leaf = entryLeaf(told).toString("hex");
  if (proofFile === undefined) return `entry ${told.sequence} says what was hashed as ${leaf}`;
  const proof = read(proofFile);
  ensure(proof.sequence === told.sequence && proof.leaf_hash === leaf, "the proof is about another entry");
  return checkInclusion(proof);
}

function inclusion(file, noted) {
  const proof = read(file);
  ensure(!noted || noted === `${proof.size}:${proof.root}`, "the proof leads to another head than the one noted");
  return checkInclusion(proof);
}

function consistency(file, noted) {
  const proof = read(file);
  ensure(!noted || noted === `${proof.from}:${proof.from_root}`, "the proof begins at another head than the one noted");
  return checkConsistency(proof);
}

const COMMANDS = { vectors, export: exported, entry, inclusion, consistency };
const [command, ...files] = process.argv.slice(2);
try {
  ensure(Object.hasOwn(COMMANDS, command ?? "") && files.length > 0, `give one of: ${Object.keys(COMMANDS).join(", ")}; and a file`);
  console.log(await COMMANDS[command](...files));
} catch (error) {
  if (!(error instanceof Wrong || error instanceof SyntaxError || error.code === "ENOENT")) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
