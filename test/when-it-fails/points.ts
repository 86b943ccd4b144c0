// The eighteen troubles that people have with trusted publishing (the project's notes, B1), and what became of each here.
import type { Shown } from './case.ts';

const points: readonly string[] = [
  'the workflow file was renamed, has another ending, or is written as a path',
  'an environment is set on one side only, or in another case',
  'a reusable workflow: which of the two files counts',
  '`id-token: write` is missing',
  'npm says `ENEEDAUTH` or 404, and nothing else',
  '`actions/setup-node` writes a placeholder, and npm uses it',
  'the owner in another case',
  'the form of the subject, which changed and can be customised',
  'a client without trusted publishing',
  'the repository was renamed or moved, or no publisher was ever configured',
  'another package of the monorepo',
  'the issuer of a self-managed CI',
  'CircleCI: a rerun with SSH',
  'no way to try without burning a release',
  'GitLab: `id_tokens` at the wrong level, or for another audience',
  'a pattern in a field that is compared exactly',
  '"who published this?"',
  'any issuer, self-hosted ones too',
];

/** Those that are no mistake of anybody's here. */
const settled: Readonly<Record<number, string>> = {
  7: 'does not fail here: `Acme/UI` is `acme/ui`',
  8: 'does not fail here: no publisher of a known CI asks for the subject',
  14: '`countersign doctor` exchanges on trial',
  17: '`countersign audit --package npm:@acme/ui` says who, from which job: [the record](audit.md)',
};

const numbersOf = ({ met }: Shown): number[] => (met.match(/\b\d+\b/g) ?? []).map(Number);

/** The numbers that have an example or are settled. */
export function answered(shown: readonly Shown[]): number[] {
  return [...new Set([...shown.flatMap(numbersOf), ...Object.keys(settled).map(Number)])].toSorted((a, b) => a - b);
}

export const allPoints = points.map((_, at) => at + 1);

/** The table: each trouble, with links to what was printed. */
export function pointsTable(shown: readonly Shown[]): string {
  const slug = (title: string): string =>
    title
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  const rows = points.map((point, at) => {
    const examples = shown.filter((one) => numbersOf(one).includes(at + 1)).map(({ title }) => `[${title}](#${slug(title)})`);
    return `| ${at + 1} | ${point} | ${[...(settled[at + 1] === undefined ? [] : [settled[at + 1]]), ...examples].join('; ')} |`;
  });
  return ['| | what people struggle with | what is printed here |', '|---|---|---|', ...rows].join('\n');
}
