// Makes what a client printed the same on every run: what differs from one run to the next gets a name that stays.
export interface Masks {
  /** The scenario's own id, which reads as `ui` on the page. */
  readonly id: string;
  /** Exact texts, such as addresses and folders, and what stands for each; the first one that fits counts. */
  readonly texts: readonly (readonly [string, string])[];
}

const patterns: readonly (readonly [RegExp, string])[] = [
  [/\r\n/g, '\n'],
  // Colours, which some clients print in a CI whatever they are told.
  [/\u001b\[[\d;]*m/g, ''],
  // A package of one client alone.
  [/ui[-_]x\d/g, 'ui'],
  // Credentials, which a CI masks, too.
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]+/g, 'eyJ…'],
  [/\b(?!0{64})[0-9a-f]{64}\b/g, 'a1'.repeat(32)],
  [/\bcsgn_\w+/g, 'csgn_…'],
  [/• [\d.]+ [kMG]?B\/s/g, '• 4.2 MB/s'],
  [/\bpdm-publish-\w+\.log/g, 'pdm-publish-abcd1234.log'],
  // How often the scenarios asked for an identity token, and an audience that is two without the masks.
  [/\/\d+\?api-version/g, '/token?api-version'],
  [/\b(npm:[\w.]+) or \1 or\b/g, '$1 or'],
  // What npm says of every package that it packs, and where pnpm was in its own code.
  [/^npm notice ?\nnpm notice 📦[^]*?^npm notice total files: +\d+ *\nnpm notice ?\n/gmu, ''],
  [/\n +at (?:async )?\S.*/g, ''],
  [/\b[0-9a-f]{16}\b/g, '0123456789abcdef'],
  [/\b\d+ m?s ago\b/g, '2 s ago'],
  [/\b(Try again in|in) \d+ s\b/g, '$1 7 s'],
  [/\b\d+ms\b/g, '20ms'],
  [/\b\d+s 20ms\b/g, '0s 20ms'],
  [/\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?/g, '2026-07-01T12:00:00Z'],
  [/\b\d{4}-\d\d-\d\dT\d\d_\d\d_\d\d_\d+Z-debug-0\.log/g, '2026-07-01T12_00_00_000Z-debug-0.log'],
];

/** The text with everything masked, without spaces at line ends and blank lines around. */
export function mask(text: string, { id, texts }: Masks): string {
  let masked = text.replaceAll(id, 'ui');
  for (const [exact, name] of texts) masked = masked.replaceAll(exact, name);
  for (const [pattern, name] of patterns) masked = masked.replaceAll(pattern, name);
  const lines = masked.split('\n').map((line) => line.trimEnd());
  return lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .replaceAll(/^\n+|\n+$/g, '');
}

/** The words alone, so that it does not matter where a client broke its lines, nor with what it framed them. */
export function wordsOf(text: string): string {
  return text.replaceAll(/\n\s*[│|]?\s*/g, ' ').replaceAll(/\s+/g, ' ');
}

/** Whether an output has these words, wherever its lines are broken: even behind a hyphen. */
export function shows(output: string, words: string): boolean {
  const squeezed = (text: string): string => wordsOf(text).replaceAll(/[\s"'\\`]/g, '');
  return squeezed(output).includes(squeezed(words));
}
