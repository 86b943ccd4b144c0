// Audit entries for tests, and what a page should hold: said again, in the plainest way there is.
import fc from 'fast-check';
import type { AuditEntry } from '../../src/audit/entry.ts';
import type { AuditEvent } from '../../src/audit/event.ts';
import { toEntry } from '../../src/audit/entry.ts';
import type { AuditStore } from '../../src/audit/store.ts';
import { collectPage } from '../../src/audit/page.ts';
import { readQuery } from '../../src/audit/query.ts';

let made = 0;

/** An entry of this event; each has an id of its own. */
export function entryOf(event: Partial<AuditEvent> = {}, time = Date.now()): AuditEntry {
  made += 1;
  return toEntry({ event: 'upload', outcome: 'uploaded', ...event }, made.toString(16).padStart(16, '0'), time);
}

const few = (...values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const perhaps = <T>(value: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(value, { nil: undefined });

/** Names that trip up whoever looks for text in JSON: quotes, backslashes, field names, each other's beginnings. */
const packages = few('@acme/ui', '@acme/ui-core', 'ui', 'a"b', 'a\\b', '","version":"1.0.0', '"package":"ui"', '__proto__');
const anchors = few('acme/ui', 'acme/ui-core', 'evil/acme', 'constructor');
const publishers = few('ui', 'ui-release', 'release');

/** Events as the proxy might record them. */
export const someEvent: fc.Arbitrary<AuditEvent> = fc
  .record({
    event: fc.constantFrom('exchange', 'upload', 'manage', 'pass-through'),
    outcome: fc.constantFrom('minted', 'refused', 'forwarding', 'uploaded', 'upstream-refused', 'long-lived', 'revoked'),
    code: perhaps(fc.constantFrom('publisher-none', 'publisher-workflow', 'upload-exists')),
    registry: perhaps(few('npm', 'pypi', 'npm,pypi')),
    package: perhaps(packages),
    version: perhaps(few('1.0.0', '1.0.0-rc.1', '2.0')),
    file: perhaps(few('ui-1.0.0.tgz', 'ui-1.0.0-py3-none-any.whl')),
    sha256: perhaps(few('a'.repeat(64), 'b'.repeat(64))),
    publishers: perhaps(fc.array(publishers, { maxLength: 2 })),
    considered: perhaps(
      fc.array(publishers, { minLength: 1, maxLength: 2 }).map((names) => names.map((name) => `${name}: ref expected x got y`)),
    ),
    anchor: perhaps(anchors),
    request: perhaps(few('00000000000000aa', '00000000000000ab')),
    token: perhaps(few('0123456789ab', '0123456789ac')),
    message: perhaps(few('No trusted publisher lets acme/ui publish "package":"ui".', 'x')),
  })
  .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as unknown as AuditEvent);

export interface Asked {
  readonly event?: readonly string[];
  readonly outcome?: readonly string[];
  readonly code?: readonly string[];
  readonly registry?: readonly string[];
  readonly package?: readonly string[];
  readonly version?: readonly string[];
  readonly publisher?: readonly string[];
  readonly anchor?: readonly string[];
  readonly request?: readonly string[];
  readonly token?: readonly string[];
  /** Milliseconds. */
  readonly from?: number;
  readonly to?: number;
}

const values = (value: fc.Arbitrary<string>): fc.Arbitrary<readonly string[] | undefined> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.uniqueArray(value, { minLength: 1, maxLength: 2 }) },
  );

/** Questions, with times around `base` (ms). */
export const someQuestion = (base: number): fc.Arbitrary<Asked> =>
  fc
    .record({
      event: values(few('exchange', 'upload')),
      outcome: values(few('minted', 'refused', 'uploaded')),
      code: values(few('publisher-none', 'upload-exists')),
      registry: values(few('npm', 'pypi')),
      package: values(packages),
      version: values(few('1.0.0', '2.0')),
      publisher: values(publishers),
      anchor: values(anchors),
      request: values(few('00000000000000aa')),
      token: values(few('0123456789ab')),
      from: perhaps(fc.integer({ min: -20, max: 20 }).map((hours) => base + hours * 3_600_000)),
      to: perhaps(fc.integer({ min: -20, max: 20 }).map((hours) => base + hours * 3_600_000)),
    })
    .map((fields) => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)));

/** Whether the entry is asked for. */
export function isAsked(entry: AuditEntry, asked: Asked): boolean {
  const { from = -Infinity, to = Infinity, registry, publisher, ...texts } = asked;
  const time = new Date(entry.time).getTime();
  if (time < from || time >= to) return false;
  if (registry !== undefined && !registry.some((name) => `,${entry.registry ?? ''},`.includes(`,${name},`))) return false;
  const granted = (name: string): boolean => entry.publishers?.includes(name) === true;
  const considered = (name: string): boolean => entry.considered?.some((text) => text.startsWith(`${name}: `)) === true;
  if (publisher !== undefined && !publisher.some((name) => granted(name) || considered(name))) return false;
  return Object.entries(texts).every(([name, accepted]) => accepted.includes(String(entry[name as keyof AuditEntry] ?? '\0')));
}

/** The question as the parameters of a request. */
export function parametersOf({ from, to, ...rest }: Asked, limit: number, cursor?: string | null): URLSearchParams {
  const parameters = new URLSearchParams({ limit: String(limit) });
  for (const [name, accepted] of Object.entries(rest)) for (const value of accepted) parameters.append(name, value);
  if (from !== undefined) parameters.set('from', String(from / 1000));
  if (to !== undefined) parameters.set('to', new Date(to).toISOString());
  if (typeof cursor === 'string') parameters.set('cursor', cursor);
  return parameters;
}

/** The ids on each page, one after the other, to the last; `between` runs after every page, with its number from 1. */
export async function pagesOf(
  store: Pick<AuditStore, 'walk'>,
  asked: Asked,
  limit: number,
  between: (page: number) => Promise<void> = async () => undefined,
): Promise<string[][]> {
  const pages: string[][] = [];
  let cursor: string | null | undefined;
  do {
    const query = readQuery(parametersOf(asked, limit, cursor));
    if ('problem' in query) throw new Error(query.problem);
    const page = await collectPage(store, query);
    pages.push(page.events.map(({ id }) => id));
    cursor = page.next;
    await between(pages.length);
  } while (cursor !== null);
  return pages;
}
