// `npm run refusals [-- npm|pypi] [code…]`: causes every refusal (or these) with every real client (or those of one side), and writes what they show to docs/refusals.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { indexPage } from '../test/refusals/index.ts';
import { openNpmSide } from '../test/refusals/npm/side.ts';
import { render } from '../test/refusals/page.ts';
import { npmPages } from '../test/refusals/npm/pages.ts';
import { openPypiSide } from '../test/refusals/pypi/side.ts';
import { pypiPages } from '../test/refusals/pypi/pages.ts';
import type { Side } from '../test/refusals/side.ts';
import type { Recording } from '../test/refusals/scenario.ts';
import { refusalKinds, type RefusalCode } from '../src/core/refusal.ts';
import { ROOT } from '../test/support/components.ts';
import { setup, teardown } from '../test/support/run-folder.ts';

const folder = join(ROOT, 'docs', 'refusals');
const fileOf = (name: string): string => join(folder, `${name}.md`);
const textOf = (name: string): string => (existsSync(fileOf(name)) ? readFileSync(fileOf(name), 'utf8') : '');

/** Three at a time: the clients wait more than they compute. */
async function record(side: Side, codes: readonly RefusalCode[], failed: string[]): Promise<RefusalCode[]> {
  const recorded = new Map<string, Recording>();
  const left = codes.filter((code) => side.codes.includes(code));
  const impossible = codes.filter((code) => !side.codes.includes(code));
  const done: RefusalCode[] = [...impossible];
  const worker = async (): Promise<void> => {
    for (let code = left.shift(); code !== undefined; code = left.shift()) {
      try {
        for (const [key, recording] of await side.record(code)) recorded.set(key, recording);
        done.push(code);
        console.log(code);
      } catch (error) {
        failed.push(code);
        console.error(String(error));
      }
    }
  };
  await Promise.all([worker(), worker(), worker()]);
  for (const page of side.pages(recorded)) writeFileSync(fileOf(page.file), render(page, done, textOf(page.file)));
  return done;
}

const asked = process.argv.slice(2);
const all = Object.keys(refusalKinds) as RefusalCode[];
const sides = { npm: openNpmSide, pypi: openPypiSide };
const only = asked.filter((name) => name in sides);
const codes = asked.length === only.length ? all : all.filter((code) => asked.includes(code));
const failed: string[] = [];
mkdirSync(folder, { recursive: true });
setup();
try {
  for (const [name, open] of Object.entries(sides)) {
    if (only.length > 0 && !only.includes(name)) continue;
    const side = await open();
    try {
      await record(side, codes, failed);
    } finally {
      await side.close();
    }
  }
} finally {
  teardown();
}
const pages = [...npmPages(() => undefined), ...pypiPages(() => undefined)].map((page) => ({ ...page, text: textOf(page.file) }));
writeFileSync(fileOf('index'), indexPage(pages));
if (failed.length > 0) {
  console.error(`not recorded: ${failed.join(', ')}`);
  process.exitCode = 1;
}
