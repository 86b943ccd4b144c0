// `countersign pin`: fills in the ids that publishers lack, from jobs that were seen. It shows what would change; only
// `--write` changes the file, and the policy is trusted as before until somebody reviewed it.
import { readFileSync, realpathSync, renameSync, statSync, writeFileSync } from 'node:fs';
import type { Configuration } from '../../config/configuration.ts';
import { wrap } from '../../core/wrap.ts';
import { configurationFor } from '../configuration.ts';
import { CommandFailed, exitCode, type ExitCode } from '../exit.ts';
import { count, painter, print, printJson, shown } from '../output.ts';
import { policyPath } from '../policy-path.ts';
import type { Terminal } from '../terminal.ts';
import { unifiedDiff } from './diff.ts';
import { withPins, type Edited } from './edit.ts';
import { lackingIds, type Lacking } from './plan.ts';
import { seenJobs, type SeenOptions } from './seen.ts';

export interface PinOptions extends SeenOptions {
  readonly write?: boolean;
  readonly json?: boolean;
}

/** 0 when nothing is in doubt; 1 when jobs of one publisher had different ids, which somebody has to look at. */
export async function pin(options: PinOptions, terminal: Terminal): Promise<ExitCode> {
  const configuration = await configurationFor(options.config, terminal, { policyOnly: true });
  const seen = await seenJobs(options, configuration, terminal);
  const pathOf = (file: string): string => policyPath(file, { config: options.config, cwd: terminal.cwd });
  const lacking = lackingIds(configuration, seen, (file) => readFileSync(pathOf(file), 'utf8'));
  const edits = editsFor(configuration, lacking, pathOf);
  if (options.write === true) for (const { path, edited } of edits) replaceFile(path, edited.text);
  if (options.json)
    printJson(
      terminal,
      report(
        lacking,
        edits.map(({ file }) => file),
        options.write === true,
      ),
    );
  else print(terminal, lines(lacking, edits, options, terminal));
  return lacking.some(({ values }) => values.length > 1) ? exitCode.problem : exitCode.ok;
}

interface FileEdit {
  /** As messages name it. */
  readonly file: string;
  readonly path: string;
  readonly edited: Edited;
}

function editsFor({ publishers }: Configuration, lacking: readonly Lacking[], pathOf: (file: string) => string): readonly FileEdit[] {
  const files = new Set(publishers.map(({ place }) => place.file));
  return [...files].flatMap((file): FileEdit[] => {
    const own = lacking.filter(({ publisher, values }) => publisher.place.file === file && values.length === 1);
    if (own.length === 0) return [];
    const pins = own.map(({ publisher, key, values, behind }) => ({ publisher: publisher.name, key, value: values[0] ?? '', behind }));
    const path = pathOf(file);
    try {
      return [{ file, path, edited: withPins(readFileSync(path, 'utf8'), pins) }];
    } catch (error) {
      throw new CommandFailed(exitCode.problem, `${file}: ${error instanceof Error ? error.message : 'cannot be changed'}.`);
    }
  });
}

/** Writes beside it and renames, so that whoever reads meanwhile, as a running proxy does, reads the old or the new file. */
function replaceFile(path: string, text: string): void {
  try {
    const real = realpathSync(path);
    const beside = `${real}.pinned`;
    writeFileSync(beside, text, { mode: statSync(real).mode, flag: 'wx' });
    renameSync(beside, real);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new CommandFailed(exitCode.problem, `${path} cannot be written (${code}).`);
  }
}

function lines(lacking: readonly Lacking[], edits: readonly FileEdit[], options: PinOptions, { colour, width }: Terminal): string[] {
  const paint = painter(colour.out);
  const coloured = (line: string): string =>
    line.startsWith('+') ? paint('green', line) : line.startsWith('-') ? paint('red', line) : line;
  const pinned = lacking.filter(({ values }) => values.length === 1);
  const doubtful = lacking.filter(({ values }) => values.length > 1);
  const unseen = lacking.filter(({ values }) => values.length === 0);
  const sentences = [
    ...doubtful.map(
      ({ publisher, key, values }) =>
        `${publisher.name}: jobs with different ${key} were let in: ${values.map((value) => shown(value, 40)).join(', ')}. ` +
        'The name may have been taken over: find out which is yours, and write it.',
    ),
    ...unseen.map(({ publisher, key }) => `${publisher.name}: no job with ${key} was seen.`),
    summary(pinned.length, new Set(pinned.map(({ publisher }) => publisher.name)).size, options),
  ];
  const diffs = edits.flatMap(({ file, edited }) => [...unifiedDiff(file, edited).map(coloured), '']);
  return [...diffs, ...sentences.flatMap((sentence) => wrap(sentence, width.out, { indent: 2 }))];
}

function summary(ids: number, publishers: number, { write, tokenFile, claims }: PinOptions): string {
  if (ids === 0) return 'Nothing to fill in.';
  const what = `${count(ids, 'id', 'ids')} for ${count(publishers, 'publisher', 'publishers')}`;
  const trust = tokenFile ?? claims;
  const verified = trust === undefined ? '' : ' Nothing proves where the token or claims come from but you.';
  return write === true
    ? `Wrote ${what}. Review and commit.`
    : `${what}. Nothing was changed; review it, then run again with --write.${verified}`;
}

function report(lacking: readonly Lacking[], files: readonly string[], written: boolean): object {
  return {
    written: written && files.length > 0,
    files,
    pins: lacking.filter(({ values }) => values.length === 1).map(lackingJson),
    conflicts: lacking.filter(({ values }) => values.length > 1).map(lackingJson),
    unseen: lacking.filter(({ values }) => values.length === 0).map(lackingJson),
  };
}

function lackingJson({ publisher, key, values, jobs }: Lacking): object {
  return { publisher: publisher.name, ...publisher.place, key, values, jobs };
}
