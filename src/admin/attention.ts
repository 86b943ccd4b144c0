// What needs somebody: from how the process is, what the record counts and what the policy says.
import type { AuditEntry } from '../audit/entry.ts';
import type { Summary } from '../audit/summary.ts';
import type { Configuration } from '../config/configuration.ts';
import { otherWarnings, warningsByPublisher } from './breadth.ts';
import { ago, counted } from './figures.ts';
import { to, type Href } from './href.ts';
import type { Progress } from './progress.ts';
import { recordOf } from './records.ts';
import type { Status } from './scene.ts';

export interface Attention {
  /** `problem`: something does not work. `notice`: something should be looked at. */
  readonly level: 'problem' | 'notice';
  readonly says: string;
  readonly detail?: string;
  readonly at: Href;
}

export interface Facts {
  readonly configuration: Configuration;
  readonly status: Status;
  readonly summary: Summary;
  readonly progress: readonly Progress[];
  /** The last upload to each registry, by its name. */
  readonly lastUploads: ReadonlyMap<string, AuditEntry>;
  readonly now: number;
}

const day = 86_400_000;
/** Days before the end of a certificate on which it is said. */
const certificateDays = 21;
/** Of a group of refusals within a day, from which on somebody is stuck. */
const stuckFrom = 3;

/** Problems first. */
export function attention(facts: Facts): readonly Attention[] {
  const all = [...ofProcess(facts), ...ofUpstreams(facts), ...ofRefusals(facts), ...ofMigration(facts), ...ofPolicy(facts)];
  return all.toSorted((a, b) => Number(b.level === 'problem') - Number(a.level === 'problem'));
}

function ofProcess({ status, summary, now }: Facts): Attention[] {
  const { store, audit, policyProblem, certificate, issuers } = status;
  return [
    ...(store.problem === undefined ? [] : [problem('The token store cannot be used: exchanges and uploads are refused.', store.problem)]),
    ...(audit.problem === undefined ? [] : [problem('The audit record is not written.', audit.problem)]),
    ...(policyProblem === undefined ? [] : [problem('The policy on disk has errors: the one before stays in force.', policyProblem)]),
    ...issuers.flatMap(({ name, problem: why }) =>
      why === undefined ? [] : [problem(`Keys of issuer ${name} could not be fetched.`, why)],
    ),
    ...(summary.lost > 0 ? [problem(`${counted(summary.lost, 'record')} did not get into the store; the log has them.`)] : []),
    ...certificateProblem(certificate, now).map(([says, detail]) => problem(says, detail)),
  ];
}

function certificateProblem(certificate: Status['certificate'], now: number): (readonly [string, string | undefined])[] {
  if (certificate === undefined) return [];
  if ('problem' in certificate) return [['The certificate cannot be used.', certificate.problem]];
  if (certificate.validTo - now > certificateDays * day) return [];
  return [
    [
      certificate.validTo < now ? 'The certificate has expired.' : `The certificate expires ${ago(certificate.validTo, now)}.`,
      certificate.names,
    ],
  ];
}

function ofUpstreams({ lastUploads, configuration }: Facts): Attention[] {
  return [...lastUploads].flatMap(([registry, last]): Attention[] => {
    if (!configuration.registries.has(registry) || last.outcome === 'uploaded') return [];
    const at = to('/request', { id: last.request });
    if (last.code === 'upstream-credential')
      return [
        {
          level: 'problem',
          says: `Registry ${registry} refuses the service credential.`,
          detail: 'Nothing can be published until it has a good one.',
          at,
        },
      ];
    if (last.outcome !== 'upstream-unknown') return [];
    const what = [last.package, last.version].filter((part) => part !== undefined).join(' ');
    return [
      {
        level: 'notice',
        says: `No clear answer came from registry ${registry} for ${what}.`,
        detail: 'Look whether the version is there.',
        at,
      },
    ];
  });
}

function ofRefusals({ summary, now }: Facts): Attention[] {
  return summary.refusals.flatMap((group): Attention[] => {
    if (group.anchor === null || group.count < stuckFrom || now - Date.parse(group.lastSeen) > day) return [];
    const of = group.package === null ? '' : ` for ${group.package}`;
    return [
      {
        level: 'notice',
        says: `${group.anchor} was refused ${group.count} times${of}.`,
        ...(recordOf(group.latest).message === undefined ? {} : { detail: recordOf(group.latest).message ?? '' }),
        at: to('/refusals', { anchor: group.anchor }),
      },
    ];
  });
}

function ofMigration({ progress }: Facts): Attention[] {
  return progress
    .filter(({ state }) => state === 'back')
    .map(({ registry, package: name, lastLongLived: { client } }) => ({
      level: 'notice',
      says: `${name} was published with a long-lived token after it had moved.`,
      ...(client === undefined ? {} : { detail: `By ${client}.` }),
      at: to('/package', { registry, package: name }),
    }));
}

function ofPolicy({ configuration, summary }: Facts): Attention[] {
  const used = new Set(summary.publishers.map(({ publisher }) => publisher));
  const unused = configuration.publishers.filter(({ name }) => !used.has(name));
  const open = configuration.publishers.filter(({ unconstrained }) => unconstrained === true);
  const warned = warningsByPublisher(configuration);
  const rest = otherWarnings(configuration).length;
  const [first] = open;
  return [
    ...(first === undefined
      ? []
      : [
          notice(
            `${open.length === 1 ? `Publisher ${first.name} lets` : `${counted(open.length, 'publisher')} let`} every branch publish.`,
          ),
        ]),
    ...(unused.length === 0 || summary.since === null
      ? []
      : [
          notice(
            `${counted(unused.length, 'publisher')} not used since the record began.`,
            unused
              .slice(0, 5)
              .map(({ name }) => name)
              .join(', '),
          ),
        ]),
    ...(warned.size + rest === 0
      ? []
      : [notice(`countersign check has ${counted(configuration.warnings.length, 'warning')} about the policy.`)]),
  ];
}

function notice(says: string, detail?: string): Attention {
  return { level: 'notice', says, at: to('/publishers'), ...(detail === undefined ? {} : { detail }) };
}

function problem(says: string, detail?: string): Attention {
  return { level: 'problem', says, at: to('/health'), ...(detail === undefined ? {} : { detail }) };
}
