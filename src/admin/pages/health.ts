// `/health`: whether everything that Countersign needs does what it should, and what was loaded when.
import type { AuditEntry } from '../../audit/entry.ts';
import { collectPage } from '../../audit/page.ts';
import { summarise } from '../../audit/summary.ts';
import type { KeyStatus } from '../../oidc/verify.ts';
import type { RegistrySettings } from '../../registries/registry.ts';
import { ago, figure, moment, since } from '../figures.ts';
import { anchor, to } from '../href.ts';
import { html, type Html, type Part } from '../html.ts';
import { badge, outcomeBadge, sampleMark } from '../records.ts';
import { facts, nothing, table } from '../table.ts';
import type { Scene, Status, View } from '../scene.ts';
import { lastUploadsOf } from './overview.ts';

const history = 12;
const most = 2_000;

export async function health(scene: Scene): Promise<View> {
  const { room, configuration, now } = scene;
  const summary = await summarise(room.audit, { days: 1, limit: most }, now);
  const [status, lastUploads, changes] = await Promise.all([
    room.status(),
    lastUploadsOf(room, summary),
    collectPage(room.audit, { where: new Map([['event', ['policy', 'process']]]), limit: history }),
  ]);
  return {
    title: 'Health',
    under: '/health',
    live: true,
    lede: `What this process sees, started ${ago(status.started, now)}`,
    main: html`<section aria-labelledby="self">
        <h2 id="self">Countersign</h2>
        ${self(status, summary, scene)}
      </section>
      <section aria-labelledby="issuers">
        <h2 id="issuers">Issuers</h2>
        ${issuers(status.issuers, scene)}
      </section>
      <section aria-labelledby="registries">
        <h2 id="registries">Registries</h2>
        <p class="says">Judged by the last upload to each; nothing is asked for this page.</p>
        ${registries([...configuration.registries.values()], lastUploads, scene)}
      </section>
      <section aria-labelledby="loads">
        <h2 id="loads">Policy and process</h2>
        ${loads(changes.events, scene)}
      </section>`,
  };
}

type State = 'good' | 'warn' | 'bad';

function state(kind: State, word: string, detail?: Part): Html {
  return html`${badge(kind, word)}${detail !== undefined && html` <span class="detail">${detail}</span>`}`;
}

function self(status: Status, { store: kind, since: began, lost }: Awaited<ReturnType<typeof summarise>>, scene: Scene): Html {
  const { store, audit, policyProblem, certificate } = status;
  const { configuration, now, room } = scene;
  const waiting = room.audit.status();
  return facts([
    ['Version', room.version],
    [
      'Policy',
      policyProblem === undefined
        ? state('good', 'in force', html`revision <code>${configuration.revision}</code>`)
        : state('bad', 'old one in force', policyProblem),
    ],
    [
      'Token store',
      store.problem === undefined
        ? state('good', 'answers', store.kind === 'redis' ? 'Redis' : 'embedded: one process, lost at a restart')
        : state('bad', 'away', store.problem),
    ],
    [
      'Audit record',
      audit.problem === undefined
        ? state('good', 'written', audit.required ? 'required' : undefined)
        : state('bad', 'not written', audit.problem),
    ],
    [
      'Record shown here',
      waiting.problem === undefined
        ? state(
            lost > 0 ? 'warn' : 'good',
            lost > 0 ? `${figure(lost)} missing` : 'complete',
            html`${kind === 'redis' ? 'Redis' : 'this process'}${began !== null && html`, since ${moment(began, now)}`}`,
          )
        : state('bad', 'cannot be written', waiting.problem),
    ],
    ['Certificate', certificate !== undefined && certificateState(certificate, now)],
  ]);
}

const day = 86_400_000;

function certificateState(certificate: NonNullable<Status['certificate']>, now: number): Html {
  if ('problem' in certificate) return state('bad', 'not usable', certificate.problem);
  const left = certificate.validTo - now;
  const kind = left < 0 ? 'bad' : left < 21 * day ? 'warn' : 'good';
  return state(kind, left < 0 ? 'expired' : `ends ${ago(certificate.validTo, now)}`, certificate.names);
}

function issuers(known: readonly KeyStatus[], { configuration }: Scene): Html {
  return table<KeyStatus>({
    caption: 'Issuers and their keys',
    rows: known,
    columns: [
      { head: 'Issuer', kind: 'lead', cell: ({ name }) => name },
      { head: 'CI', cell: ({ name }) => configuration.issuers.get(name)?.provider.title },
      { head: 'Address', kind: 'name', cell: ({ name }) => html`<span class="name">${configuration.issuers.get(name)?.url}</span>` },
      { head: 'Keys', kind: 'number', cell: ({ keys }) => figure(keys) },
      { head: 'Fetched', cell: ({ ageSeconds }) => ageSeconds !== undefined && age(ageSeconds) },
      { head: 'State', cell: (one) => keyState(one) },
    ],
  });
}

function keyState({ problem, keys, ageSeconds }: KeyStatus): Html {
  if (problem !== undefined) return state(keys > 0 ? 'warn' : 'bad', keys > 0 ? 'old keys' : 'no keys', problem);
  return ageSeconds === undefined ? state('warn', 'not asked yet') : state('good', 'fresh');
}

function age(seconds: number): string {
  return ago(0, seconds * 1000);
}

function registries(all: readonly RegistrySettings[], lastUploads: ReadonlyMap<string, AuditEntry>, scene: Scene): Html {
  const credentials = { basic: 'password', bearer: 'bearer token', verdaccio_login: 'Verdaccio login', none: 'none' } as const;
  return table<RegistrySettings>({
    caption: 'Registries and their service credentials',
    rows: all,
    columns: [
      { head: 'Registry', kind: 'lead', cell: ({ name, protocol }) => html`${name} <span class="faint">${protocol.title}</span>` },
      { head: 'Clients see', kind: 'name', cell: ({ url }) => html`<span class="name">${url.href}</span>` },
      { head: 'Upstream', kind: 'name', cell: ({ upstream }) => html`<span class="name">${upstream.href}</span>` },
      { head: 'Credential', cell: ({ credential }) => credentials[credential.kind] },
      { head: 'Long-lived tokens', cell: ({ longLivedTokens }) => longLivedTokens },
      { head: 'State', cell: ({ name }) => uploadState(lastUploads.get(name), scene) },
    ],
  });
}

function uploadState(last: AuditEntry | undefined, { now }: Scene): Html {
  if (last === undefined) return html`${badge('plain', 'no upload yet')} <code>countersign check --live</code> asks it`;
  const when = anchor(to('/request', { id: last.request }), since(last.time, now));
  if (last.outcome === 'uploaded') return state('good', 'took an upload', when);
  if (last.code === 'upstream-credential') return state('bad', 'credential refused', when);
  return last.outcome === 'upstream-unknown' ? state('warn', 'did not answer', when) : state('warn', 'refused an upload', when);
}

function loads(events: readonly AuditEntry[], scene: Scene): Html {
  if (events.length === 0)
    return nothing('Nothing was reloaded yet', 'Each reload of the policy stands here, with what changed, and those that failed.');
  return table<AuditEntry>({
    caption: 'Starts and reloads, the latest first',
    rows: events,
    columns: [
      { head: 'What', kind: 'lead', cell: (event) => html`${outcomeBadge(event.outcome)}${sampleMark(event)}` },
      { head: 'Time', kind: 'when', cell: ({ time }) => moment(time, scene.now) },
      { head: 'Revision', cell: ({ policy }) => policy !== undefined && html`<code>${policy}</code>` },
      { head: 'Change', kind: 'name', cell: ({ detail }) => detail },
    ],
  });
}
