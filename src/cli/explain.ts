// `countersign explain`: which publishers a token matches, and what differs in the others, decided by the same code as at run time.
import type { Configuration, Issuer } from '../config/configuration.ts';
import { assumeVerified, type VerifiedClaims } from '../core/claims.ts';
import type { JsonObject } from '../core/json.ts';
import { match, type Asked, type Decision } from '../core/match.ts';
import { isRefusal, type Refusal, type RefusalCode } from '../core/refusal.ts';
import { checkAudience, readRegistered } from '../oidc/registered-claims.ts';
import { checkTimes } from '../oidc/times.ts';
import { createVerifier } from '../oidc/verify.ts';
import type { RegistrySettings } from '../registries/registry.ts';
import { configurationFor } from './configuration.ts';
import { CommandFailed, exitCode, type ExitCode } from './exit.ts';
import { issuerOf, readSubject, type Subject } from './explain-input.ts';
import { explanationJson, explanationText } from './explain-text.ts';
import { print, printJson } from './output.ts';
import type { Terminal } from './terminal.ts';

export interface ExplainOptions {
  readonly config: string;
  /** `<registry>:<package>`, or a registry alone. */
  readonly package?: string;
  readonly tokenFile?: string;
  readonly claims?: string;
  readonly issuer?: string;
  readonly verify?: boolean;
  readonly json?: boolean;
}

/** One thing found out about the token itself. */
export interface TokenCheck {
  readonly what: 'signature' | 'audience' | 'times';
  readonly status: 'ok' | 'warn' | 'fail';
  readonly says: string;
}

export interface Explanation {
  readonly registry: RegistrySettings;
  readonly asked: Asked;
  readonly issuer: Issuer;
  readonly anchor: string;
  readonly verified: boolean;
  /** Whether it was tried: a token that failed is not verified either. */
  readonly verifying: boolean;
  readonly token: readonly TokenCheck[];
  readonly decision: Decision;
  readonly granted: boolean;
}

/** Explains one token or set of claims; 0 when the publish would be granted, 1 when refused. */
export async function explain(options: ExplainOptions, terminal: Terminal): Promise<ExitCode> {
  if (options.package === undefined) throw new CommandFailed(exitCode.usage, 'Say what is to be published: --package npm:@acme/ui.');
  const configuration = await configurationFor(options.config, terminal, { policyOnly: options.verify !== true });
  const subject = await readSubject(options, terminal);
  const how = { issuer: options.issuer, verify: options.verify === true, now: terminal.now };
  const explanation = await explanationFor(configuration, options.package, subject, how);
  if (options.json) printJson(terminal, explanationJson(explanation));
  else print(terminal, explanationText(explanation, terminal.colour.out, terminal.width.out));
  return explanation.granted ? exitCode.ok : exitCode.problem;
}

interface How {
  /** Name of the issuer, for claims without `iss`. */
  readonly issuer: string | undefined;
  readonly verify: boolean;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * What the policy says to this token or these claims. Also what the dashboard shows.
 * @param target `<registry>:<package>`, or a registry alone
 * @throws CommandFailed for what cannot be asked
 */
export async function explanationFor(configuration: Configuration, target: string, subject: Subject, how: How): Promise<Explanation> {
  const { registry, asked } = askedFor(configuration, target);
  const issuer = issuerOf(configuration.issuers, subject.claims, how.issuer);
  const token = await tokenChecks(subject, issuer, registry, how);
  const { anchor, decision } = decideFor(configuration, issuer, subject.claims, asked);
  const verified = token.some((check) => check.what === 'signature' && check.status === 'ok');
  const granted = decision.ok && token.every((check) => check.status !== 'fail');
  return { registry, asked, issuer, anchor, verified, verifying: how.verify, token, decision, granted };
}

/** The decision of the runtime (`exchange.ts`) for these claims, had they been verified (POL-34). */
export function decideFor(
  configuration: Configuration,
  issuer: Issuer,
  set: JsonObject,
  asked: Asked,
): { readonly claims: VerifiedClaims; readonly anchor: string; readonly decision: Decision } {
  const claims = assumeVerified(issuer.name, set);
  const anchor = issuer.provider.anchorText(claims);
  return { claims, anchor, decision: match(configuration.publishers, claims, asked, anchor) };
}

function askedFor(configuration: Configuration, text: string): { registry: RegistrySettings; asked: Asked } {
  const [, name = '', rest] = /^([^:]+)(?::(.*))?$/.exec(text) ?? [];
  const registry = configuration.registries.get(name);
  if (registry === undefined) {
    throw new CommandFailed(exitCode.usage, `No registry is called ${name}; there are ${[...configuration.registries.keys()].join(', ')}.`);
  }
  if (rest === undefined) return { registry, asked: { registries: [registry.name] } };
  const packageName = registry.protocol.packageName(rest);
  if (packageName === undefined) throw new CommandFailed(exitCode.usage, `${rest} is not a ${registry.protocol.title} package name.`);
  return { registry, asked: { registries: [registry.name], package: packageName } };
}

/**
 * What holds of the token itself. Without `verify` nothing proves who made it, and an old token is only worth a warning:
 * whoever asks why a job was refused has no fresher one. With `verify` the proxy's own verifier decides.
 */
async function tokenChecks(subject: Subject, issuer: Issuer, registry: RegistrySettings, { verify, now }: How): Promise<TokenCheck[]> {
  if (subject.token === undefined) return [];
  if (verify) return [await verified(subject.token, issuer, registry, now)];
  const registered = readRegistered(subject.claims, issuer);
  if (isRefusal(registered)) return [{ what: 'times', status: 'fail', says: registered.message }];
  const audience = checkAudience(registered.audience, issuer, registry.audiences, undefined);
  const times = checkTimes(registered, issuer.maxAge, Math.floor(now() / 1000));
  return [
    audience === undefined
      ? { what: 'audience', status: 'ok', says: registered.audience }
      : { what: 'audience', status: 'fail', says: audience.message },
    times === undefined ? { what: 'times', status: 'ok', says: 'valid now' } : { what: 'times', status: 'warn', says: times.message },
  ];
}

async function verified(token: string, issuer: Issuer, registry: RegistrySettings, now: () => number): Promise<TokenCheck> {
  const verifier = createVerifier({ issuers: () => new Map([[issuer.name, issuer]]), now });
  const answer = await verifier.verify(token, registry.audiences).finally(() => verifier.close());
  if (!isRefusal(answer)) return { what: 'signature', status: 'ok', says: 'signature, audience and times are right' };
  if (answer.code === 'issuer-unreachable') throw new CommandFailed(exitCode.outage, outageText(answer));
  return { what: subjects[answer.code] ?? 'signature', status: 'fail', says: answer.message };
}

/** What a refusal of the verifier is about, where that is not the token as a whole. */
const subjects: Partial<Record<RefusalCode, TokenCheck['what']>> = {
  audience: 'audience',
  'token-expired': 'times',
  'token-not-yet': 'times',
  'token-too-old': 'times',
};

function outageText(refusal: Refusal): string {
  return refusal.detail === undefined ? refusal.message : `${refusal.message} (${refusal.detail})`;
}
