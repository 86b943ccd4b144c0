// How `explain` shows its findings: as text in columns, and as JSON.
import type { Considered } from '../core/match.ts';
import { lists, type Check, type TrustedPublisher } from '../core/publisher.ts';
import { refuse } from '../core/refusal.ts';
import type { Explanation } from './explain.ts';
import { columns, mark, painter, shown, type Paint } from './output.ts';

/** Lines for people. */
export function explanationText(found: Explanation, colour: boolean): string[] {
  const paint = painter(colour);
  const { decision, granted } = found;
  const verdict = granted
    ? paint('green', 'would be granted')
    : paint('red', `would be refused${decision.ok ? '' : `: ${decision.refusal.code}`}`);
  return [
    `${what(found)}  ->  ${verdict}`,
    ...(told(found) === undefined ? [] : [`  The job is told: ${told(found)}`]),
    '',
    `Token of issuer ${found.issuer.name} (${found.issuer.provider.title}) for ${shown(found.anchor)}. ${trust(found)}`,
    ...found.token.map((check) => `  ${mark(check.status, paint)}  ${check.what.padEnd(9)}  ${shown(check.says, 600)}`),
    '',
    ...publisherLines(found, paint),
  ];
}

function what({ registry, asked }: Explanation): string {
  return asked.package === undefined ? `Registry ${registry.name}` : `Package ${registry.name}:${asked.package}`;
}

function trust(found: Explanation): string {
  if (found.verified) return 'It was verified.';
  return found.token.length === 0 ? 'Bare claims: nothing about them was verified.' : 'Its signature was not verified; --verify does that.';
}

/** The sentence that the job would see, which `refusals: brief` shortens. */
function told({ decision, registry, asked }: Explanation): string | undefined {
  if (decision.ok) return undefined;
  return registry.refusals === 'brief' ? refuse('publisher-brief', { package: asked.package }).message : decision.refusal.message;
}

function publisherLines(found: Explanation, paint: Paint): string[] {
  const { considered } = found.decision;
  if (considered.length === 0) return [`No publisher of issuer ${found.issuer.name} publishes to registry ${found.registry.name}.`];
  return nearestFirst(considered, found).flatMap((entry) => {
    const listed = lists(entry.publisher, found.asked.registries, found.asked.package);
    const head = `  ${paint('bold', entry.publisher.name)}  (${entry.publisher.place.file}:${entry.publisher.place.line})`;
    const missing = listed ? [] : [`    ${mark('fail', paint)}  does not list ${found.asked.package ?? 'this registry'}`];
    const granted =
      listed && entry.checks.every((check) => check.ok) ? [`    ${mark('ok', paint)}  grants ${grantText(entry.publisher)}`] : [];
    return [head, ...missing, ...checkLines(entry.checks, paint), ...granted];
  });
}

function checkLines(checks: readonly Check[], paint: Paint): string[] {
  const table = columns(
    checks.map((check) =>
      check.ok
        ? [check.field, shown(check.actual ?? check.expected)]
        : [check.field, `expected ${shown(check.expected)}`, `token has ${shown(check.actual)}`],
    ),
  );
  return table.map((line, i) => `    ${mark(checks[i]?.ok === true ? 'ok' : 'fail', paint)}  ${line}`);
}

function grantText(publisher: TrustedPublisher): string {
  const tag = publisher.tag === undefined ? '' : `, each version only from tag ${publisher.tag}`;
  return `${publisher.allow.join(', ')} for ${publisher.ttl / 60} min${tag}`;
}

/** Publishers of the package first, and of these the ones with the fewest differences. */
function nearestFirst(considered: readonly Considered[], { asked }: Explanation): Considered[] {
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
