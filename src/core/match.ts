// Which trusted publishers a verified token matches, or the first step at which none was left.
import type { VerifiedClaims } from './claims.ts';
import type { Grant } from './grant.ts';
import { covers, type PackageName } from './package-name.ts';
import { entriesFor, lists, steps, type Check, type TrustedPublisher } from './publisher.ts';
import { refuse, type Refusal, type RefusalCode } from './refusal.ts';

/** What an exchange or an upload asks for. */
export interface Asked {
  /** Names of the registries that the request speaks for. */
  readonly registries: readonly string[];
  /** The one package asked for; undefined: all that the publishers may publish there. */
  readonly package?: PackageName;
}

/** A publisher with the result of each of its checks, for `explain` and the audit record. */
export interface Considered {
  readonly publisher: TrustedPublisher;
  readonly checks: readonly Check[];
}

export type Decision =
  | {
      readonly ok: true;
      readonly publishers: readonly TrustedPublisher[];
      readonly grants: readonly Grant[];
      readonly considered: readonly Considered[];
    }
  | { readonly ok: false; readonly refusal: Refusal; readonly considered: readonly Considered[] };

/**
 * Decides (rules 8 and 9 of design/3). All matching publishers add up; the grant is cut down to what was asked for.
 * @param anchor the caller's own anchor as the token says it, for messages
 */
export function match(publishers: readonly TrustedPublisher[], claims: VerifiedClaims, asked: Asked, anchor: string): Decision {
  const ofIssuer = publishers.filter((publisher) => publisher.issuer === claims.issuer && lists(publisher, asked.registries, undefined));
  const considered = ofIssuer.map((publisher) => ({ publisher, checks: publisher.check(claims) }));
  const matching = considered.filter(({ checks }) => checks.every((check) => check.ok));
  const granted = matching.filter(({ publisher }) => lists(publisher, asked.registries, asked.package));
  if (granted.length > 0) {
    const chosen = granted.map(({ publisher }) => publisher);
    return { ok: true, publishers: chosen, grants: chosen.flatMap((publisher) => grantsOf(publisher, asked)), considered };
  }
  return { ok: false, refusal: explainRefusal(considered, matching, asked, anchor), considered };
}

function grantsOf(publisher: TrustedPublisher, asked: Asked): Grant[] {
  const wanted = asked.package;
  return asked.registries.flatMap((registry) => {
    const entries = entriesFor(publisher, registry);
    const packages = wanted === undefined ? entries : entries.some((entry) => covers(entry, wanted)) ? [wanted] : [];
    return packages.length === 0 ? [] : [{ registry, publisher: publisher.name, packages, allow: publisher.allow }];
  });
}

/**
 * The refusal that helps most and tells a stranger nothing (P8): who has not proved an anchor hears the same sentence
 * whether or not the package, or any publisher of it, exists.
 */
function explainRefusal(considered: readonly Considered[], matching: readonly Considered[], asked: Asked, anchor: string): Refusal {
  const anchored = considered.filter(({ checks }) => checks.every((check) => check.step !== 'anchor' || check.ok));
  const ofPackage = anchored.filter(({ publisher }) => lists(publisher, asked.registries, asked.package));
  const values = { anchor, package: asked.package };
  const first = matching[0];
  if (ofPackage.length === 0 && first !== undefined) {
    const allowed = matching.flatMap(({ publisher }) =>
      grantsOf(publisher, { registries: asked.registries }).flatMap((grant) => grant.packages),
    );
    return refuse('publisher-other-package', { ...values, allowed: [...new Set(allowed)].join(', '), publisher: first.publisher.name });
  }
  const nearest = narrow(ofPackage) ?? renamed(considered.filter(({ publisher }) => lists(publisher, asked.registries, asked.package)));
  if (nearest === undefined) return refuse('publisher-none', values);
  return refuse(nearest.code ?? nearest.check.code, {
    ...values,
    publisher: nearest.publisher.name,
    field: nearest.check.field,
    expected: nearest.check.expected,
    actual: nearest.check.actual,
    ...nearest.check.values,
  });
}

interface Nearest {
  readonly publisher: TrustedPublisher;
  readonly check: Check;
  readonly code?: RefusalCode;
}

/**
 * A publisher that pins the repository's id and the owner's, both of which the token has, under another name: the caller
 * has proved more than the anchor, which only was renamed.
 */
function renamed(considered: readonly Considered[]): Nearest | undefined {
  for (const { publisher, checks } of considered) {
    const anchor = checks.find((check) => check.step === 'anchor' && !check.ok);
    const pinned = (step: Check['step']): boolean =>
      checks.some((check) => check.step === step) && checks.every((check) => check.step !== step || check.ok);
    if (anchor !== undefined && pinned('owner') && pinned('repository')) return { publisher, check: anchor, code: 'publisher-renamed' };
  }
  return undefined;
}

/** The first failed check of the publisher that got furthest through the steps. */
function narrow(considered: readonly Considered[]): Nearest | undefined {
  let best: { publisher: TrustedPublisher; check: Check; depth: number } | undefined;
  for (const { publisher, checks } of considered) {
    const check = firstFailure(checks);
    if (check === undefined) continue;
    const depth = steps.indexOf(check.step);
    if (best === undefined || depth > best.depth) best = { publisher, check, depth };
  }
  return best;
}

function firstFailure(checks: readonly Check[]): Check | undefined {
  const failed = checks.filter((check) => !check.ok);
  return failed.toSorted((a, b) => steps.indexOf(a.step) - steps.indexOf(b.step))[0];
}
