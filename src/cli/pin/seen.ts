// Which publishers matched a job by everything that they state, and which ids that job's identity token had.
import type { Configuration } from '../../config/configuration.ts';
import { assumeVerified, type VerifiedClaims } from '../../core/claims.ts';
import { isPin } from '../../core/pin.ts';
import type { Provider } from '../../providers/index.ts';
import { auditRecords, type AuditSource } from '../audit-records.ts';
import { issuerOf, readSubject } from '../explain-input.ts';
import type { Terminal } from '../terminal.ts';

/** One job that one publisher let in. */
export interface Seen {
  readonly publisher: string;
  /** The anchor as the job's record has it. */
  readonly anchor: string;
  /** By key under `from:`. */
  readonly ids: ReadonlyMap<string, string>;
}

export interface SeenOptions extends AuditSource {
  readonly tokenFile?: string;
  readonly claims?: string;
  readonly issuer?: string;
}

/** From one token or set of claims where there is one, else from every mint of the audit records. */
export async function seenJobs(options: SeenOptions, configuration: Configuration, terminal: Terminal): Promise<readonly Seen[]> {
  if (options.tokenFile !== undefined || options.claims !== undefined) return fromSubject(options, configuration, terminal);
  const records = await auditRecords(options, { event: 'exchange', outcome: 'minted' }, terminal);
  return records.flatMap(({ publishers = [], anchor = '', ids = [] }) =>
    publishers.map((publisher) => ({ publisher, anchor, ids: new Map(ids.map(keyAndValue)) })),
  );
}

/** `repository_id 4711`, as exchange/ids.ts writes it. */
function keyAndValue(text: string): [string, string] {
  const space = text.indexOf(' ');
  return [text.slice(0, space), text.slice(space + 1)];
}

async function fromSubject(options: SeenOptions, configuration: Configuration, terminal: Terminal): Promise<readonly Seen[]> {
  const subject = await readSubject(options, terminal);
  const { name, provider } = issuerOf(configuration.issuers, subject.claims, options.issuer);
  const claims = assumeVerified(name, subject.claims);
  const matching = configuration.publishers.filter(
    (publisher) => publisher.issuer === name && publisher.check(claims).every((check) => check.ok),
  );
  const job = { anchor: provider.anchorText(claims), ids: idsOf(provider, claims) };
  return matching.map((publisher) => ({ publisher: publisher.name, ...job }));
}

function idsOf(provider: Provider, claims: VerifiedClaims): ReadonlyMap<string, string> {
  const read = provider.fields.filter(isPin).flatMap((field): [string, string][] => {
    const value = field.read(claims);
    return typeof value === 'string' ? [[field.key, value]] : [];
  });
  return new Map(read);
}
