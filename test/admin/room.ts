// The admin side on a record in memory and a policy of the tests, without a server.
import { createAttempts } from '../../src/admin/attempts.ts';
import type { AdminRoom, Status } from '../../src/admin/scene.ts';
import { createRing } from '../../src/audit/ring.ts';
import type { AuditStore } from '../../src/audit/store.ts';
import { dashboardTools } from '../../src/cli/dashboard.ts';
import { overlap } from '../../src/config/compile/overlap.ts';
import type { Configuration } from '../../src/config/configuration.ts';
import { keeping } from '../audit/contract.ts';
import { base, load } from '../config/policy-file.ts';

export const noon = Date.UTC(2026, 10, 29, 12);
export const day = 86_400_000;

export const well: Status = {
  started: noon - 3 * day,
  store: { kind: 'memory' },
  audit: { required: false },
  issuers: [{ name: 'github', keys: 2, ageSeconds: 90, attempt: 'success', stale: false }],
};

/** The policy as loaded; fails when it has errors. */
export async function policyOf(text: string, env: Readonly<Record<string, string>> = {}): Promise<Configuration> {
  const loaded = await load(text, env);
  if (!loaded.ok) throw new Error(loaded.diagnostics.map(({ message }) => message).join('; '));
  return loaded.configuration;
}

export interface TestRoom extends AdminRoom {
  /** What was logged. */
  readonly said: readonly string[];
}

/** A room in which everything is well, open to this machine; parts of it can be others. */
export async function roomOf(
  change: Partial<Omit<AdminRoom, 'audit'>> & { readonly audit?: AuditStore; readonly policy?: string } = {},
): Promise<TestRoom> {
  const { policy, ...rest } = change;
  const configuration = change.configuration?.() ?? (await policyOf(policy ?? base));
  const said: string[] = [];
  return {
    access: () => ({ loopback: true, session: 3600 }),
    audit: createRing(keeping, () => noon),
    configuration: () => configuration,
    status: async () => well,
    tools: { ...dashboardTools(() => noon), overlap },
    attempts: createAttempts(() => noon),
    provider: () => undefined,
    told: (fields, message) => void said.push(`${message} ${JSON.stringify(fields)}`),
    version: '1.2.3',
    now: () => noon,
    ...rest,
    said,
  };
}
