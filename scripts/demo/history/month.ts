// A month of audit records, made up: the same each time but for the day on which it ends.
import { toEntry, type AuditEntry } from '../../../src/audit/entry.ts';
import type { AuditEvent } from '../../../src/audit/event.ts';
import type { Configuration } from '../../../src/config/configuration.ts';
import { holders, strangers, workloads, type Workload } from './cast.ts';
import { between, chance, hex, oneOf, weighed, type Chance } from './random.ts';
import { refusedExchange, refusedUpload } from './refused.ts';

const days = 30;
const day = 86_400_000;
/** What every record says of itself. */
export const sample = 'npm run demo -- --history';

/** One after the other, the oldest first. @param now milliseconds since 1970, when it ends */
export function sampleMonth(configuration: Configuration, now: number): AuditEntry[] {
  const month = new Month(configuration, now);
  for (let back = days - 1; back >= 0; back -= 1) month.live(back);
  return month.entries.toSorted((a, b) => (a.time < b.time ? -1 : 1));
}

class Month {
  readonly entries: AuditEntry[] = [];
  readonly #configuration: Configuration;
  readonly #now: number;
  readonly #roll: Chance = chance(20_261_129);
  readonly #versions = new Map<string, [number, number, number]>();

  constructor(configuration: Configuration, now: number) {
    this.#configuration = configuration;
    this.#now = now;
  }

  /** @param back days before today */
  live(back: number): void {
    const roll = this.#roll;
    const today = Math.floor(this.#now / day) * day - back * day;
    const weekend = [0, 6].includes(new Date(today).getUTCDay());
    // Working hours; of today only what is over.
    const at = (): number => {
      const chosen = today + (7.5 + roll() * 10.5) * 3_600_000;
      return chosen < this.#now ? chosen : this.#now - roll() * Math.min(6 * 3_600_000, this.#now - today);
    };
    const able = workloads.filter(({ from = days, until = 0 }) => back < from && back >= until);
    const left = holders.filter(({ until = 0 }) => back >= until);
    const times = (most: number, least = 0): number[] =>
      Array.from({ length: weekend ? between(roll, 0, Math.floor(most / 4)) : between(roll, least, most) }, at);
    const acts = [
      ...times(12, 5).map((when) => ({ when, act: () => this.#publish(weighed(roll, able), when) })),
      ...times(Math.ceil((back + 6) / 8)).map((when) => ({ when, act: () => this.#publishWithToken(weighed(roll, left), when) })),
      ...times(4).map((when) => ({ when, act: () => this.#refuse(when) })),
    ];
    for (const { act } of acts.toSorted((a, b) => a.when - b.when)) act();
    this.#occasions(back, today);
  }

  /** What happens once or twice a month. */
  #occasions(back: number, today: number): void {
    const policy = this.#configuration.revision;
    const morning = today + 8.2 * 3_600_000;
    if (back === 29) this.#add({ event: 'process', outcome: 'started', policy: hex(this.#roll, 12) }, morning);
    if (back === 20)
      this.#add({ event: 'policy', outcome: 'reloaded', policy: hex(this.#roll, 12), detail: 'publishers +1 (charts) -0 ~0' }, morning);
    if (back === 17)
      this.#add(
        {
          event: 'policy',
          outcome: 'reload-failed',
          policy: hex(this.#roll, 12),
          detail: 'countersign.yaml:131:7  error  unknown key "worfklow", did you mean "workflow"?',
        },
        morning,
      );
    if (back === 17)
      this.#add(
        { event: 'policy', outcome: 'reloaded', policy: hex(this.#roll, 12), detail: 'publishers +1 (icons) -0 ~0' },
        morning + 240_000,
      );
    if (back === 4)
      this.#add({ event: 'policy', outcome: 'reloaded', policy, detail: 'publishers +1 (forms) -0 ~1 (ui-release)' }, morning);
    // Moved for two weeks, and then somebody published from his laptop.
    const laptop = {
      weight: 1,
      registry: 'npm',
      package: '@acme/charts',
      client: 'npm/11.19.1 node/v24.21.0 darwin arm64',
      address: '10.20.31.5',
    } as const;
    if (back === 1) this.#publishWithToken(laptop, morning + 7_200_000);
  }

  #publish(who: Workload, at: number): void {
    const roll = this.#roll;
    const name = oneOf(roll, who.packages);
    const version = this.#next(who, name);
    const run = this.#run(who, version);
    const token = hex(roll, 12);
    const about = {
      registry: who.registry,
      package: name,
      client: who.client,
      address: `10.30.${between(roll, 0, 3)}.${between(roll, 2, 250)}`,
      policy: this.#configuration.revision,
    };
    const granted = {
      ...about,
      ...run,
      issuer: who.issuer,
      provider: who.issuer === 'jenkins' ? 'generic' : who.issuer,
      publishers: [who.publisher],
      token,
    };
    const upload = { ...granted, request: hex(roll, 16), version, ...this.#file(who, name, version) };
    this.#add(
      {
        event: 'exchange',
        outcome: 'minted',
        ...granted,
        request: hex(roll, 16),
        identity: hex(roll, 12),
        expires: Math.floor(at / 1000) + 900,
      },
      at,
    );
    this.#add({ event: 'upload', outcome: 'forwarding', ...upload }, at + 1_900);
    const milliseconds = between(roll, 90, who.registry === 'npm' ? 640 : 1_900);
    if (roll() < 0.02)
      return this.#add(
        {
          event: 'upload',
          outcome: 'upstream-unknown',
          ...upload,
          milliseconds: 60_004,
          code: 'upstream-timeout',
          message: 'The registry behind did not answer in time.',
        },
        at + 62_000,
      );
    this.#add(
      { event: 'upload', outcome: 'uploaded', ...upload, upstreamStatus: who.registry === 'npm' ? 201 : 200, milliseconds },
      at + 1_900 + milliseconds,
    );
    if (who.publisher === 'ui-release' && who.registry === 'npm' && roll() < 0.15)
      this.#add(
        {
          event: 'manage',
          outcome: 'changed',
          ...granted,
          request: hex(roll, 16),
          version,
          detail: 'dist-tag latest',
          milliseconds: between(roll, 60, 200),
        },
        at + 6_000,
      );
  }

  #file({ registry }: Workload, name: string, version: string): Pick<AuditEvent, 'file' | 'sha256' | 'bytes'> {
    const stem = name.replace(/^@[^/]+\//, '');
    const file = registry === 'npm' ? `${stem}-${version}.tgz` : `${stem.replaceAll('-', '_')}-${version}-py3-none-any.whl`;
    return { file, sha256: hex(this.#roll, 64), bytes: between(this.#roll, 4_000, 380_000) };
  }

  #run({ anchor, issuer, actors, workflow, environment, ref }: Workload, version: string): Partial<AuditEvent> {
    const roll = this.#roll;
    const run = String(between(roll, 7_100_000_000, 7_900_000_000));
    return {
      anchor,
      actor: oneOf(roll, actors),
      commit: hex(roll, 40),
      ref: ref === 'main' ? 'refs/heads/main' : `refs/tags/${ref === 'v' ? 'v' : ''}${version}`,
      ...(workflow === undefined ? {} : { workflow }),
      ...(environment === undefined ? {} : { environment }),
      run,
      runUrl:
        issuer === 'gitlab' ? `https://gitlab.acme.example/${anchor}/-/jobs/${run}` : `https://github.com/${anchor}/actions/runs/${run}`,
    };
  }

  #publishWithToken(holder: (typeof holders)[number], at: number): void {
    const { registry, package: name, client, address } = holder;
    this.#add(
      {
        event: 'pass-through',
        outcome: 'long-lived',
        registry,
        package: name,
        client,
        address,
        request: hex(this.#roll, 16),
        detail: 'PUT upload',
        policy: this.#configuration.revision,
      },
      at,
    );
  }

  #refuse(at: number): void {
    const roll = this.#roll;
    const about = {
      request: hex(roll, 16),
      address: `10.30.${between(roll, 0, 3)}.${between(roll, 2, 250)}`,
      policy: this.#configuration.revision,
    };
    const run = {
      actor: oneOf(roll, ['ada-l', 'grace-h', 'iris-v', 'dependabot[bot]']),
      commit: hex(roll, 40),
      run: String(between(roll, 7_100_000_000, 7_900_000_000)),
    };
    const event = roll() < 0.72 ? refusedExchange(this.#configuration, weighed(roll, strangers), run) : refusedUpload(roll);
    this.#add({ ...event, ...about }, at);
  }

  /** Canaries count on; others have a patch, a minor or, seldom, a major version. */
  #next({ publisher, registry }: Workload, name: string): string {
    const key = `${registry} ${name}`;
    const [major, minor, patch] = this.#versions.get(key) ?? [between(this.#roll, 1, 4), between(this.#roll, 0, 9), 0];
    const dice = publisher === 'ui-canary' ? 0 : this.#roll();
    const next: [number, number, number] = dice < 0.7 ? [major, minor, patch + 1] : dice < 0.97 ? [major, minor + 1, 0] : [major + 1, 0, 0];
    this.#versions.set(key, next);
    return publisher === 'ui-canary' ? `0.0.0-next.${next[2] + 840}` : next.join('.');
  }

  #add(event: AuditEvent, at: number): void {
    this.entries.push(toEntry({ ...event, sample }, hex(this.#roll, 16), Math.min(at, this.#now)));
  }
}
