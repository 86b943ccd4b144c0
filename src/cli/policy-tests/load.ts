// Reads a file of policy tests, and reports all that is wrong with it, each with its place, as for the policy itself.
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { Configuration, Issuer } from '../../config/configuration.ts';
import { Cursor } from '../../config/cursor.ts';
import type { Diagnostic } from '../../config/diagnostic.ts';
import { didYouMean, quote } from '../../config/did-you-mean.ts';
import { parseSource } from '../../config/parse.ts';
import { Problems } from '../../config/problems.ts';
import { readRegularFile } from '../../config/read-file.ts';
import { isJsonObject, own, type JsonObject } from '../../core/json.ts';
import type { PackageName } from '../../core/package-name.ts';
import type { Place } from '../../core/publisher.ts';
import { refusalKinds, type RefusalCode } from '../../core/refusal.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import { parsedJson } from '../json-answer.ts';

/** One test, with everything that it names found. */
export interface PolicyTest {
  readonly name: string;
  readonly place: Place;
  readonly issuer: Issuer;
  readonly claims: JsonObject;
  readonly registry: RegistrySettings;
  readonly package: PackageName;
  readonly version?: string;
  readonly expect: 'publish' | 'refused';
  /** With `refused`: the refusal's code. */
  readonly code?: RefusalCode;
  /** With `publish`: one of the publishers that grant it. */
  readonly publisher?: string;
}

const codes = Object.keys(refusalKinds) as [RefusalCode, ...RefusalCode[]];

const schema = z.strictObject({
  name: z.string().min(1).max(200),
  issuer: z.string().min(1).optional(),
  claims: z.record(z.string(), z.unknown()).optional(),
  claims_file: z.string().min(1).optional(),
  package: z.string().min(1),
  version: z.string().min(1).optional(),
  expect: z.enum(['publish', 'refused']),
  code: z.enum(codes).optional(),
  publisher: z.string().min(1).optional(),
});

type Input = z.infer<typeof schema>;

export type LoadedTests =
  | { readonly ok: true; readonly tests: readonly PolicyTest[] }
  | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** Bytes of a file of tests, or of claims. */
const largestFile = 4 * 1024 * 1024;

/**
 * Loads the tests of a file.
 * @param file as messages name it; paths in it are relative to it
 */
export function loadPolicyTests(file: string, cwd: string, configuration: Configuration): LoadedTests {
  const problems = new Problems();
  const path = resolve(cwd, file);
  const read = readRegularFile(path, largestFile);
  if (!read.ok) problems.addFile(file, { code: 'file', message: `the file ${read.problem}` });
  const source = read.ok ? parseSource(file, read.bytes, problems) : undefined;
  const top = source?.value() === undefined ? undefined : new Cursor(problems, source, source.value());
  if (top !== undefined && !Array.isArray(top.value))
    top.error('a file of policy tests is a list', '- { name: …, claims: { … }, package: … }');
  if (top?.items.length === 0 && Array.isArray(top.value)) top.error('the list is empty');
  const tests = (top?.items ?? []).map((cursor) => readTest(cursor, dirname(path), configuration));
  if (problems.failed) return { ok: false, diagnostics: problems.list() };
  return { ok: true, tests: tests.filter((test) => test !== undefined) };
}

function readTest(cursor: Cursor, folder: string, configuration: Configuration): PolicyTest | undefined {
  const input = cursor.parse(schema);
  if (input === undefined) return undefined;
  checkExpectation(cursor, input, configuration);
  const asked = askedFor(cursor.at('package'), input.package, configuration);
  const claims = claimsOf(cursor, input, folder);
  const issuer = claims === undefined ? undefined : issuerFor(cursor, input, claims, configuration);
  if (asked === undefined || claims === undefined || issuer === undefined) return undefined;
  const { name, version, expect, code, publisher } = input;
  return {
    name,
    place: cursor.place,
    issuer,
    // Some conditions are read with the issuer's own address beside them.
    claims: { iss: issuer.url, ...claims },
    ...asked,
    ...(version === undefined ? {} : { version }),
    expect,
    ...(code === undefined ? {} : { code }),
    ...(publisher === undefined ? {} : { publisher }),
  };
}

/** What a test cannot expect at the same time, and publishers that nobody has. */
function checkExpectation(cursor: Cursor, input: Input, { publishers }: Configuration): void {
  if (input.code !== undefined && input.expect === 'publish') cursor.at('code').errorAtKey('code belongs to expect: refused');
  if (input.publisher === undefined) return;
  const known = publishers.map(({ name }) => name);
  if (input.expect === 'refused') cursor.at('publisher').errorAtKey('publisher belongs to expect: publish');
  else if (!known.includes(input.publisher))
    cursor
      .at('publisher')
      .error(`unknown publisher ${quote(input.publisher)}${didYouMean(input.publisher, known)}`, undefined, 'reference');
}

function askedFor(at: Cursor, text: string, { registries }: Configuration): Pick<PolicyTest, 'registry' | 'package'> | undefined {
  const [, name = '', rest = ''] = /^([^:]+):(.+)$/.exec(text) ?? [];
  if (name === '') return at.error('write the registry and the package, for example npm:@acme/ui');
  const registry = registries.get(name);
  const known = [...registries.keys()];
  if (registry === undefined)
    return at.error(`unknown registry ${quote(name)}${didYouMean(name, known)}`, `under registries: ${known.join(', ')}`, 'reference');
  const packageName = registry.protocol.packageName(rest);
  return packageName === undefined
    ? at.error(`${quote(rest)} is not a ${registry.protocol.title} package name`)
    : { registry, package: packageName };
}

/** The claims of `claims_file`, with those of `claims` over them; one written as empty is left out. */
function claimsOf(cursor: Cursor, input: Input, folder: string): JsonObject | undefined {
  const file = cursor.at('claims_file');
  if (input.claims === undefined && input.claims_file === undefined)
    return cursor.errorAtKey('missing key "claims" or "claims_file"', undefined, 'missing-key');
  let base: JsonObject = {};
  if (input.claims_file !== undefined) {
    const read = readRegularFile(resolve(folder, input.claims_file), largestFile);
    if (!read.ok) return file.error(`${quote(input.claims_file)} ${read.problem}`, undefined, 'file');
    const parsed = parsedJson(Buffer.from(read.bytes).toString('utf8'));
    if (!isJsonObject(parsed)) return file.error(`${quote(input.claims_file)} is not a JSON object of claims`, undefined, 'file');
    base = parsed;
  }
  const entries = Object.entries({ ...base, ...(input.claims as JsonObject | undefined) });
  return Object.fromEntries(entries.filter(([, value]) => value !== null));
}

/** By name, else by the `iss` claim, else the only one there is. */
function issuerFor(cursor: Cursor, input: Input, claims: JsonObject, { issuers }: Configuration): Issuer | undefined {
  const known = [...issuers.keys()];
  const iss = own(claims, 'iss');
  const all = [...issuers.values()];
  const byClaim = iss === undefined ? undefined : all.find(({ url }) => url === iss);
  const found =
    input.issuer === undefined ? (byClaim ?? (iss === undefined && all.length === 1 ? all[0] : undefined)) : issuers.get(input.issuer);
  if (found !== undefined) {
    if (iss === undefined || iss === found.url) return found;
    return cursor
      .at('claims')
      .at('iss')
      .error(`iss is not that of issuer ${quote(found.name)}`, `expected ${found.url}`);
  }
  if (input.issuer !== undefined)
    return cursor.at('issuer').error(`unknown issuer ${quote(input.issuer)}${didYouMean(input.issuer, known)}`, undefined, 'reference');
  return cursor.errorAtKey('say which issuer the claims are from', `issuer: ${known.join(' or ')}`, 'missing-key');
}
