// How `explain` shows its findings: as text in columns, and as JSON.
import type { Considered } from '../core/match.ts';
import { lists, type Check, type TrustedPublisher } from '../core/publisher.ts';
import { refuse } from '../core/refusal.ts';
import type { Explanation } from './explain.ts';
import { wrap } from '../core/wrap.ts';
import { table } from './layout.ts';
import { mark, painter, shown, type Paint, type Status } from './output.ts';

/** Lines for people. `width`: columns of the terminal; undefined: nothing is wrapped. */
export function explanationText(found: Explanation, colour: boolean, width: number | undefined): string[] {
  const paint = painter(colour);
  const { decision, granted } = found;
  const verdict = granted
    ? paint('green', 'would be granted')
    : paint('red', `would be refused${decision.ok ? '' : `: ${decision.refusal.code}`}`);
  const sentence = told(found);
  const token = `Token of issuer ${found.issuer.name} (${found.issuer.provider.title}) for ${shown(found.anchor)}. ${trust(found)}`;
  const about = table(
    found.token.map((check) => [check.what, shown(check.says, 600)]),
    width === undefined ? undefined : width - 8,
  );
  return [
    `${what(found)}  ->  ${verdict}`,
    ...(sentence === undefined ? [] : wrap(`  The job is told: ${sentence}`, width, { indent: 2 })),
    '',
    ...wrap(token, width),
    ...about.flatMap((lines, i) => marked(lines, found.token[i]?.status ?? 'ok', paint, 2)),
    '',
    ...publisherLines(found, paint, width),
  ];
}

/** The lines of one row behind its mark. */
export function marked(lines: readonly string[], status: Status, paint: Paint, indent: number): string[] {
  const margin = ' '.repeat(indent);
  return lines.map((line, at) => `${margin}${at === 0 ? mark(status, paint) : '    '}  ${line}`);
}

function what({ registry, asked }: Explanation): string {
  return asked.package === undefined ? `Registry ${registry.name}` : `Package ${registry.name}:${asked.package}`;
}

function trust(found: Explanation): string {
  if (found.verified) return 'It was verified.';
  if (found.verifying && found.token.length > 0) return 'It was not accepted; what follows is what it says of itself.';
  return found.token.length === 0 ? 'Bare claims: nothing about them was verified.' : 'Its signature was not verified; --verify does that.';
}

/** The sentence that the job would see, which `refusals: brief` shortens. */
export function told({ decision, registry, asked }: Explanation): string | undefined {
  if (decision.ok) return undefined;
  return registry.refusals === 'brief' ? refuse('publisher-brief', { package: asked.package }).message : decision.refusal.message;
}

function publisherLines(found: Explanation, paint: Paint, width: number | undefined): string[] {
  const { considered } = found.decision;
  if (considered.length === 0)
    return wrap(`No publisher of issuer ${found.issuer.name} publishes to registry ${found.registry.name}.`, width);
  return nearestFirst(considered, found).flatMap((entry) => {
    const listed = lists(entry.publisher, found.asked.registries, found.asked.package);
    const head = `  ${paint('bold', entry.publisher.name)}  (${entry.publisher.place.file}:${entry.publisher.place.line})`;
    const room = width === undefined ? undefined : width - 10;
    const missing = listed ? [] : marked(wrap(`does not list ${found.asked.package ?? 'this registry'}`, room), 'fail', paint, 4);
    const matches = listed && entry.checks.every((check) => check.ok);
    const granted = matches ? marked(wrap(`grants ${grantText(entry.publisher)}`, room), 'ok', paint, 4) : [];
    return [head, ...missing, ...checkLines(entry.checks, paint, room), ...granted];
  });
}

function checkLines(checks: readonly Check[], paint: Paint, room: number | undefined): string[] {
  const rows = table(
    checks.map((check) =>
      check.ok
        ? [check.field, shown(check.actual ?? check.expected)]
        : [check.field, `expected ${shown(check.expected)}`, `token has ${shown(check.actual)}`],
    ),
    room,
  );
  return rows.flatMap((lines, i) => marked(lines, checks[i]?.ok === true ? 'ok' : 'fail', paint, 4));
}

function grantText(publisher: TrustedPublisher): string {
  const tag = publisher.tag === undefined ? '' : `, each version only from tag ${publisher.tag}`;
  return `${publisher.allow.join(', ')} for ${publisher.ttl / 60} min${tag}`;
}

/** Publishers of the package first, and of these the ones with the fewest differences. */
export function nearestFirst(considered: readonly Considered[], { asked }: Explanation): Considered[] {
  const distance = ({ publisher, checks }: Considered): number =>
    (lists(publisher, asked.registries, asked.package) ? 0 : 1000) + checks.filter((check) => !check.ok).length;
  return considered.toSorted((a, b) => distance(a) - distance(b));
}

/** The same for programs. */
export function explanationJson(found: Explanation): object {
  const { decision, asked } = found;
  return {
    granted: found.granted,
    registry: found.registry.name,
    ...(asked.package === undefined ? {} : { package: asked.package }),
    issuer: found.issuer.name,
    anchor: found.anchor,
    verified: found.verified,
    token: found.token,
    ...(decision.ok ? { grants: decision.grants } : { refusal: { code: decision.refusal.code, message: told(found) } }),
    publishers: nearestFirst(decision.considered, found).map(({ publisher, checks }) => ({
      name: publisher.name,
      place: publisher.place,
      listed: lists(publisher, asked.registries, asked.package),
      matches: checks.every((check) => check.ok),
      checks: checks.map(({ step, field, expected, actual, ok }) => ({ step, field, expected, actual: actual ?? null, ok })),
    })),
  };
}
