// The audit records that a migration is judged by: from a log of JSON lines, or from the admin listener.
import { own, type JsonObject } from '../../core/json.ts';
import { adminAccess, type AdminAccess } from '../admin-listener.ts';
import { recordsAt, recordsIn } from '../audit-log.ts';
import { CommandFailed, exitCode } from '../exit.ts';
import { shown } from '../output.ts';
import type { Terminal } from '../terminal.ts';

/** One upload, or one attempt with a credential that is not ours. */
export interface Use {
  /** Milliseconds. */
  readonly at: number;
  readonly kind: 'long-lived' | 'refused' | 'trusted';
  readonly registry: string;
  /** Undefined where the request did not say it. */
  readonly package: string | undefined;
  readonly client: string | undefined;
  readonly address: string | undefined;
}

export interface Sources {
  readonly config: string;
  /** Files of JSON lines, as `serve` logs them; `-` is stdin. */
  readonly audit?: readonly string[];
  /** An admin listener other than that of the policy file. */
  readonly admin?: string;
}

/** From the files, else from the admin listener. @throws CommandFailed when there is nothing to read, or no record in the files */
export async function readUses(sources: Sources, terminal: Terminal): Promise<readonly Use[]> {
  if (sources.audit === undefined) return fromAdmin(adminAccess(sources, terminal));
  const uses: Use[] = [];
  let records = 0;
  for (const path of sources.audit) {
    for await (const event of recordsIn(path, terminal)) {
      records += 1;
      const use = useOf(event);
      if (use !== undefined) uses.push(use);
    }
  }
  if (records === 0)
    throw new CommandFailed(exitCode.usage, 'There is no audit record in it: what `countersign serve` prints is expected.');
  return uses;
}

/** What is asked for: uploads of either kind, and the attempts that were refused for their credential. */
const questions = ['outcome=long-lived&outcome=uploaded', 'code=long-lived-refused'];

async function fromAdmin(access: AdminAccess): Promise<readonly Use[]> {
  const uses: Use[] = [];
  for (const question of questions) {
    for await (const event of recordsAt(access, question)) {
      const use = useOf(event);
      if (use !== undefined) uses.push(use);
    }
  }
  return uses;
}

/** Undefined for records of anything else. */
function useOf(event: JsonObject): Use | undefined {
  const text = (name: string): string | undefined => {
    const value = own(event, name);
    return typeof value === 'string' && value !== '' ? shown(value, 256) : undefined;
  };
  const kind = kindOf(text('event'), text('outcome'), text('code'));
  const registry = text('registry');
  const at = Date.parse(text('time') ?? '');
  if (kind === undefined || registry === undefined || Number.isNaN(at)) return undefined;
  return { at, kind, registry, package: text('package'), client: text('client'), address: text('address') };
}

function kindOf(event: string | undefined, outcome: string | undefined, code: string | undefined): Use['kind'] | undefined {
  if (event === 'pass-through' && outcome === 'long-lived') return 'long-lived';
  if (outcome === 'refused' && code === 'long-lived-refused') return 'refused';
  return event === 'upload' && outcome === 'uploaded' ? 'trusted' : undefined;
}
