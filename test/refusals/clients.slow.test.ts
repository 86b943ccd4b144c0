// A part of what `npm run refusals` records, recorded again: each client shows of it what docs/refusals says that it shows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RefusalCode } from '../../src/core/refusal.ts';
import { NPM_CLIENTS } from '../support/clients.ts';
import { describeWith, ROOT } from '../support/requirement.ts';
import { verdict } from './index.ts';
import { shows } from './mask.ts';
import { openNpmSide } from './npm/side.ts';
import { section, sectionsOf, type Page } from './page.ts';
import { openPypiSide } from './pypi/side.ts';
import type { Recordings, Side } from './side.ts';

const saidOf = (page: Page, code: RefusalCode): string =>
  sectionsOf(readFileSync(join(ROOT, 'docs', 'refusals', `${page.file}.md`), 'utf8')).get(code) ?? '';

/** Of each kind one: an exchange that is refused, an upload that is, and what never gets as far as a registry. */
const sample: readonly RefusalCode[] = ['publisher-workflow', 'upload-scope', 'request-not-found'];

function compare(open: () => Promise<Side>): void {
  let side: Side;
  beforeAll(async () => {
    side = await open();
  });
  afterAll(() => side.close());

  describe.each(sample)('%s', (code) => {
    let recordings: Recordings;
    beforeAll(async () => {
      recordings = await side.record(code);
    });

    test('every client shows of it what is written down', () => {
      expect(recordings.size).toBeGreaterThan(2);
      // The pages of all clients, those with nothing but a reason included.
      for (const page of side.pages(recordings)) {
        const written = saidOf(page, code);
        expect(verdict(section(page, code)), page.title).toBe(verdict(written));
        for (const recording of page.recordings(code)) {
          if (recording.kind === 'ran') expect(shows(written, recording.message), `${page.title}: ${recording.message}`).toBe(true);
        }
      }
    });
  });
}

describeWith('verdaccio', ...NPM_CLIENTS)('npm, pnpm and Yarn', () => compare(openNpmSide));

describeWith('devpi-server', 'uv', 'pdm', 'maturin', 'twine', 'curl')('Python clients and curl', () => compare(openPypiSide));
