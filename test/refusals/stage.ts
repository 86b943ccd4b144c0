// Where the scenarios of one side are played: an issuer, real registries, and Countersign in front of them in every state.
import { renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AuditEvent } from '../../src/audit/event.ts';
import type { RefusalCode } from '../../src/core/refusal.ts';
import { createAuthority } from '../oidc/certificate.ts';
import { startIssuer, type CiIssuer } from '../support/issuer.ts';
import { freePort } from '../support/ports.ts';
import { startProxy, type Policy, type Proxy } from '../support/proxy.ts';
import { SERVICE } from '../support/service-user.ts';
import { tempDir } from '../support/temp.ts';
import { publisherOf, startTokenService, type TokenService } from './job.ts';
import { apart, pathOf, roomNames, rooms, type RoomName } from './rooms.ts';
import type { Scene, Situation } from './scenario.ts';
import { startPoorUpstream } from './upstreams.ts';

export interface Stage<T extends Situation> {
  /** The host on the page. */
  readonly called: string;
  readonly issuer: CiIssuer;
  readonly tokens: TokenService;
  /** PEM file of the authority that signed the proxy's certificate; clients on http need none. */
  readonly ca: string;
  readonly idOf: (scenario: T) => string;
  readonly host: (room?: RoomName) => string;
  readonly url: (room?: RoomName) => string;
  /** The decisions with this code so far. */
  readonly decisions: (code: RefusalCode) => AuditEvent[];
  /** Waits that long until there is one more than `before`; undefined when none comes. */
  readonly decision: (code: RefusalCode, before: number, milliseconds: number) => Promise<AuditEvent | undefined>;
  /** Runs something while the policy in force lacks the publisher of this scenario. */
  readonly without: <R>(scenario: T, run: () => Promise<R>) => Promise<R>;
  readonly close: () => Promise<void>;
}

export interface StageOptions<T extends Situation> {
  readonly protocol: 'npm' | 'pypi';
  readonly scenarios: readonly T[];
  /** The upload address of the real registry. */
  readonly upstream: string;
  /** The upload address of one that refuses uploads. */
  readonly refusing: string;
  readonly tls: boolean;
  /** What is published in a scenario: `@acme/zq12q`. */
  readonly packageOf: (id: string) => string;
  /** The package that `trusted` is strict about. */
  readonly trustedOnly: string;
}

export async function startStage<T extends Situation>(options: StageOptions<T>): Promise<Stage<T>> {
  const dir = tempDir('refusals');
  const ca = join(dir, 'ca.pem');
  if (options.tls) writeCertificates(dir, ca);
  const [issuer, tokens, silent, broken] = await Promise.all([
    startIssuer({ style: 'github' }),
    startTokenService(),
    startPoorUpstream(),
    startPoorUpstream('This is not HTTP.\r\n\r\n'),
  ]);
  const upstreams = {
    silent: silent.url,
    broken: broken.url,
    unreachable: `http://127.0.0.1:${await freePort()}/`,
    refusing: options.refusing,
  };
  const idOf = (scenario: T): string => `zq${String(options.scenarios.indexOf(scenario)).padStart(2, '0')}q`;
  const policy = (open: readonly RoomName[], without?: T) => (port: number) => ({
    server: {
      listen: `0.0.0.0:${port}`,
      ...(options.tls ? { tls: { cert_file: join(dir, 'cert.pem'), key_file: join(dir, 'key.pem') } } : {}),
      limits: { refused_exchanges: 100_000, packages_per_minute: 10_000, exchanges_per_package: 30 },
    },
    ...(open.includes('storeless') ? { store: 'redis://127.0.0.1:9/0' } : {}),
    ...(open.includes('unrecorded') ? { audit: { file: join(dir, 'audit.jsonl'), required: true } } : {}),
    ...policyOf(options, { port, issuer, upstreams, open, idOf, without }),
  });
  const env = { SERVICE_PASSWORD: SERVICE.password };
  const healthy = roomNames.filter((room) => !apart.some((other) => other === room));
  const pointAudit = auditFile(dir);
  const [main, storeless, unrecorded] = await Promise.all([
    startProxy({ policy: policy(healthy), env }),
    startProxy({ policy: policy(['storeless']), env }),
    startProxy({ policy: policy(['unrecorded']), env }),
  ]);
  const proxies: readonly Proxy[] = [main, storeless, unrecorded];
  const proxyOf = (room: RoomName): Proxy => ({ storeless, unrecorded })[room as string] ?? main;
  pointAudit('/dev/full');
  // It looks at the file once a second; and an embedded store takes no token of the second in which it started.
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const host = (room: RoomName = 'main'): string => `${rooms[room]}:${proxyOf(room).port}`;
  const decisions = (code: RefusalCode): AuditEvent[] => proxies.flatMap((proxy) => proxy.audit()).filter((e) => e.code === code);
  return {
    called: `${options.protocol}.acme.example`,
    issuer,
    tokens,
    ca,
    idOf,
    host,
    url: (room = 'main') => `http${options.tls ? 's' : ''}://${host(room)}${pathOf(room)}`,
    decisions,
    decision: (code, before, milliseconds) => later(milliseconds, () => decisions(code)[before]),
    without: async (scenario, run) => {
      await main.reload(policy(healthy, scenario));
      try {
        return await run();
      } finally {
        await main.reload(policy(healthy));
      }
    },
    close: async () => void (await Promise.all([...proxies, issuer, tokens, silent, broken].map((each) => each.close()))),
  };
}

/** An audit file that is a link, which can be pointed elsewhere. */
function auditFile(dir: string): (to: string) => void {
  const point = (to: string): void => {
    symlinkSync(to, join(dir, 'next'));
    renameSync(join(dir, 'next'), join(dir, 'audit.jsonl'));
  };
  point(join(dir, 'room.jsonl'));
  return point;
}

/** A certificate for every address of `rooms`, and the authority that signed it. */
function writeCertificates(dir: string, ca: string): void {
  const authority = createAuthority();
  const { key, cert } = authority.issue({ host: 'localhost', addresses: Object.values(rooms) });
  writeFileSync(ca, authority.certificate);
  writeFileSync(join(dir, 'cert.pem'), cert);
  writeFileSync(join(dir, 'key.pem'), key, { mode: 0o600 });
}

interface Parts<T> {
  readonly port: number;
  readonly issuer: CiIssuer;
  readonly upstreams: Readonly<Partial<Record<RoomName, string>>>;
  readonly open: readonly RoomName[];
  readonly idOf: (scenario: T) => string;
  readonly without: T | undefined;
}

function policyOf<T extends Situation>(options: StageOptions<T>, { port, issuer, upstreams, open, idOf, without }: Parts<T>): Policy {
  const special: Partial<Record<RoomName, object>> = {
    small: { max_upload: '16KiB' },
    brief: { refusals: 'brief' },
    credential: { credential: { basic: { username: SERVICE.username, password: 'not-the-password' } } },
    trusted: { trusted_only: [options.trustedOnly], long_lived_tokens: 'allow' },
  };
  const registry = (room: RoomName): object => ({
    protocol: options.protocol,
    url: `http${options.tls ? 's' : ''}://${rooms[room]}:${port}${pathOf(room)}`,
    upstream: upstreams[room] ?? options.upstream,
    credential: { basic: { username: SERVICE.username, password: '${SERVICE_PASSWORD}' } },
    ...special[room],
  });
  return {
    issuers: {
      github: { issuer: issuer.issuer, insecure: true },
      down: { issuer: 'http://127.0.0.1:9', provider: 'github', insecure: true },
    },
    registries: Object.fromEntries(open.map((room) => [room === 'main' ? options.protocol : room, registry(room)])),
    publishers: options.scenarios
      .filter((scenario) => scenario !== without && open.includes(scenario.room ?? 'main'))
      .flatMap((scenario) => {
        const id = idOf(scenario);
        const name = scenario.room === undefined || scenario.room === 'main' ? options.protocol : scenario.room;
        return publisherOf(scenario, id, { [name]: [options.packageOf(id)] });
      }),
  };
}

async function later<R>(milliseconds: number, found: () => R | undefined): Promise<R | undefined> {
  for (const deadline = Date.now() + milliseconds; found() === undefined && Date.now() < deadline;) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return found();
}

/** What every scene has, whatever its client. */
export function sceneOf<T extends Situation>(stage: Stage<T>, scenario: T, exchange: Scene['exchange']): Scene {
  return { id: stage.idOf(scenario), issuer: stage.issuer, exchange, url: (room = scenario.room) => stage.url(room) };
}
