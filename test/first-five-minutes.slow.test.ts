// docs/first-five-minutes.md: the first set-up, played for real. `npx vitest run test/first-five-minutes.slow.test.ts -u`
// writes the page anew.
import { beforeAll, expect, test } from 'vitest';
import { playFirstMinutes, transcript, type FirstMinutes } from '../scripts/first-five-minutes/play.ts';
import { filledIn, pagePath, preformatted } from './cli/generated-docs.ts';
import { describeWith } from './support/requirement.ts';

describeWith(
  'npm',
  'verdaccio',
  'python',
)('the first five minutes', () => {
  let played: FirstMinutes;
  beforeAll(async () => {
    played = await playFirstMinutes();
  }, 180_000);

  test('every command ends well, and the package is there', () => {
    const { init, check, serve, job, pin } = played.steps;
    for (const { command, code, screen } of [...init, ...check, ...serve, ...job, ...pin]) expect(code, `${command}\n${screen}`).toBe(0);
    expect(job.at(-1)?.screen).toContain('+ @acme/ui@1.0.0');
    expect(pin.at(-1)?.screen).toContain("latest: '1.0.0'");
  });

  test('check has no error before, and fewer warnings once the ids are filled in', () => {
    const warnings = (screen = ''): number => screen.match(/:\d+:\d+ {2}warning /g)?.length ?? 0;
    expect(warnings(played.steps.check.at(-1)?.screen)).toBe(3);
    expect(warnings(played.steps.pin[1]?.screen)).toBe(1);
    expect(played.policy.pinned).toContain('repository_owner_id: 12\n      repository_id: 4711\n');
  });

  test('less than three minutes of typing: at 200 characters a minute, which is slow', () => {
    expect(played.characters).toBeLessThan(600);
  });

  test('nothing overflows a terminal of 80 columns but the lines of the file that pin shows', () => {
    const { init, check, serve, pin } = played.steps;
    const lines = [...init, ...check, ...serve, ...pin].flatMap(({ screen }) => screen.split('\n'));
    expect(lines.filter((line) => line.length > 80 && !/^[-+] {6}/.test(line))).toEqual([]);
  });

  test('docs/first-five-minutes.md shows it', async () => {
    const { steps, policy } = played;
    const page = filledIn('first-five-minutes.md', {
      init: preformatted(transcript(steps.init)),
      policy: preformatted(`$ cat config/countersign.yaml\n${policy.written}`),
      check: preformatted(transcript(steps.check)),
      serve: preformatted(transcript(steps.serve)),
      job: preformatted(transcript(steps.job)),
      pin: preformatted(transcript(steps.pin)),
    });
    await expect(page).toMatchFileSnapshot(pagePath('first-five-minutes.md'));
  });
});
