// What cures a refusal: a change of the policy where the job is right, a change of the job where the policy is.
import type { AuditEntry } from '../audit/entry.ts';
import type { Configuration } from '../config/configuration.ts';
import { readConsidered, type ReadConsidered } from '../core/considered.ts';
import { suggestedPublisher, yaml } from './suggestion.ts';

export interface Cure {
  readonly says: string;
  readonly code?: string;
}

export type Refused = Partial<AuditEntry>;

/** Publishers that were considered, the nearest first. */
export function considered(refused: Refused): readonly ReadConsidered[] {
  const read = (refused.considered ?? []).map(readConsidered);
  return read.toSorted((a, b) => a.differences.length - b.differences.length);
}

/** None where the sentence that the job was told says it all. */
export function cures(refused: Refused, configuration: Configuration): readonly Cure[] {
  const [nearest] = considered(refused);
  if (refused.code === 'publisher-none') return unknownWorkload(refused, configuration);
  if (refused.code === 'publisher-other-package') return otherPackage(refused, nearest);
  if (nearest !== undefined && nearest.differences.length > 0) return differing(nearest, configuration);
  return withoutToken.includes(refused.code ?? '') ? [permissions] : [];
}

function unknownWorkload(refused: Refused, configuration: Configuration): readonly Cure[] {
  const suggested = suggestedPublisher(refused, configuration);
  return suggested === undefined
    ? []
    : [{ says: `If ${refused.anchor} is to publish it, add this under publishers: and read it line by line.`, code: suggested }];
}

function otherPackage(refused: Refused, nearest: ReadConsidered | undefined): readonly Cure[] {
  const { package: name, registry } = refused;
  if (name === undefined || registry === undefined || nearest === undefined) return [];
  const of = registry.split(',')[0] ?? '';
  return [
    {
      says: `If this job is to publish it, add the package to publisher ${nearest.publisher}.`,
      code: [`# publisher ${nearest.publisher}`, 'publish:', `  ${yaml(of)}: [${yaml(name)}]   # beside those that are there`].join('\n'),
    },
  ];
}

function differing({ publisher, differences }: ReadConsidered, { publishers }: Configuration): readonly Cure[] {
  const place = publishers.find(({ name }) => name === publisher)?.place;
  const known = differences.filter(({ expected, actual }) => expected !== '' && actual !== '');
  const where = place === undefined ? 'no publisher of this name any more' : `${place.file}:${place.line}`;
  const policy = known.map(({ field, expected, actual }) =>
    // What is missing in the token cannot be asked for, and a star in a claim would become a pattern of the policy.
    actual === 'none' || actual.includes('*')
      ? `  ${field}: any   # was ${yaml(expected)}; is it to be open?`
      : `  ${field}: ${yaml(actual)}   # was ${yaml(expected)}`,
  );
  return [
    ...known.map(({ field, expected }) => jobChange(field, expected)),
    ...(policy.length === 0
      ? []
      : [
          {
            says: `Or, if the job is right and the policy is not, in publisher ${publisher}:`,
            code: [`# ${where}`, 'from:', ...policy].join('\n'),
          },
        ]),
  ];
}

/** In the words of the field; what is expected is the policy's own text. */
function jobChange(field: string, expected: string): Cure {
  if (field.endsWith('_id') || field.endsWith('_ids'))
    return {
      says: `The ${field} differs: somebody else may have the name now. Change the policy only if you moved or renamed it yourself.`,
    };
  if (field === 'environment')
    return { says: `Let the job that publishes run in environment ${expected}:`, code: `environment: ${yaml(expected)}` };
  if (field === 'ref')
    return { says: `Publish from a ref that fits ${expected}${expected.startsWith('refs/tags/') ? ': push a tag.' : '.'}` };
  if (field === 'workflow') return { says: `Publish from the workflow ${expected}.` };
  if (field === 'events') return { says: `Let the workflow be started by ${expected}.` };
  return { says: `Let the job have ${field} ${expected}.` };
}

/** A job that could not ask for an identity token. */
const withoutToken: readonly string[] = ['upload-unauthenticated', 'upload-placeholder', 'token-missing'];

const permissions: Cure = {
  says: 'On GitHub, let the job ask for an identity token; on GitLab, give it one with id_tokens:. The snippet of its publisher has all of it.',
  code: ['permissions:', '  id-token: write', '  contents: read'].join('\n'),
};
