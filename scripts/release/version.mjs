// The version, which stands in several files: `node scripts/release/version.mjs 0.2.0` writes it into all of them and makes the
// changelog's section; `--notes v0.2.0` prints that section, and fails where tag, files and changelog do not agree.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { manifest, ROOT } from './runtime.mjs';

/** Where it stands: what is before it in each file. Each has to be found exactly as often. */
const PLACES = [
  ['package.json', /(?<=^ {2}"version": ")[^"]+/gm, 1],
  ['package-lock.json', /(?<=^(?: {2}| {6})"name": "countersign",\n +"version": ")[^"]+/gm, 2],
  ['Dockerfile', /(?<=org\.opencontainers\.image\.version=")[^"]+/g, 1],
  ['deploy/helm/countersign/Chart.yaml', /(?<=^(?:version|appVersion): ).+/gm, 2],
  ['deploy/kubernetes/kustomization.yaml', /(?<=newTag: )[^ }]+/g, 1],
];
const SEMVER = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const CHANGELOG = join(ROOT, 'CHANGELOG.md');

const [command, tag] = process.argv.slice(2);
if (command === '--notes' && tag !== undefined) process.stdout.write(notes(tag));
else if (command !== undefined && SEMVER.test(command)) set(command);
else fail('usage: version.mjs 0.2.0, or version.mjs --notes v0.2.0');

function set(version) {
  for (const [file, pattern, times] of PLACES) {
    const path = join(ROOT, file);
    const text = readFileSync(path, 'utf8');
    const found = text.match(pattern)?.length ?? 0;
    if (found !== times) fail(`${file} has the version ${found} times, not ${times}`);
    writeFileSync(path, text.replaceAll(pattern, version));
  }
  const log = readFileSync(CHANGELOG, 'utf8');
  const [, unreleased = ''] = /^## Unreleased\n([^]*?)(?=^## |$(?![^]))/m.exec(log) ?? [];
  if (unreleased.trim() === '') fail('CHANGELOG.md says nothing under "Unreleased"');
  const date = new Date().toISOString().slice(0, 10);
  writeFileSync(CHANGELOG, log.replace('## Unreleased\n', `## Unreleased\n\n## ${version} (${date})\n`));
}

/** The section of the version that the tag names. */
function notes(name) {
  const { version } = manifest();
  if (name !== `v${version}`) fail(`the tag is ${name}, package.json says ${version}`);
  for (const [file, pattern] of PLACES) {
    const other = (readFileSync(join(ROOT, file), 'utf8').match(pattern) ?? []).filter((found) => found !== version);
    if (other.length > 0) fail(`${file} says ${other[0]}, package.json ${version}`);
  }
  const title = `## ${version} (`;
  const section = readFileSync(CHANGELOG, 'utf8')
    .split(/^(?=## )/m)
    .find((part) => part.startsWith(title));
  const text = section?.slice(section.indexOf('\n')).trim() ?? '';
  if (text === '') fail(`CHANGELOG.md has no section "${title}…)" with a text`);
  return `${text}\n`;
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
