// Where a file of the policy is that messages name.
import { dirname, join, resolve } from 'node:path';

/** The policy is named as on the command line; what it includes is named relative to its folder. */
export function policyPath(named: string, { config, cwd }: { readonly config: string; readonly cwd: string }): string {
  const policy = resolve(cwd, config);
  return named === config ? policy : join(dirname(policy), named);
}
