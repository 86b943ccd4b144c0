// `publishers:`, who may publish what.
import { z, type ZodType } from 'zod';
import { actions } from '../../core/grant.ts';
import { measured, name, text, textList, wholeNumber } from './scalar.ts';

/** A publisher with `from` of this form. */
export function publisher<From extends ZodType>(from: From) {
  return z.strictObject({
    name: name.describe('Its name in messages and audit records; unique in all files.'),
    from: from.describe('Which workload: an issuer, and what its identity token has to say.'),
    publish: z
      .record(name, textList('Packages, or patterns with `*` (within a segment) and `**`.'))
      .describe('What it may publish: a list of packages and patterns for each registry by name.'),
    allow: z
      .array(z.enum(actions))
      .min(1)
      .describe(
        'What it may do. npm: `publish`, `dist_tag` (set tags without publishing), `deprecate`, `unpublish` (a version or the whole package, for good). PyPI: `publish`, `yank` (remove a release, for good: devpi and pypiserver know no yanking of PEP 592). Default `[publish]`.',
      )
      .optional(),
    create: z.boolean().describe('Whether packages that only a pattern covers may be created. Default false.').optional(),
    tag: text('`v{{version}}`: the git tag that a version has to be published from.').optional(),
    dist_tags: textList('npm: dist-tags, or patterns over them, that it may set. Default any.').optional(),
    ttl: measured('Life of its upload tokens, `1m` to `60m`. Default `15m`.').optional(),
    max_uploads: wholeNumber(
      1,
      10_000,
      'Uploads that one of its upload tokens is good for; one that came to nothing does not count. Default any number until it expires.',
    ).optional(),
    single_use: z.boolean().describe('The same as `max_uploads: 1`. Default false.').optional(),
    revoked_before: text(
      'A moment such as `2026-11-25T18:00:00Z`: its upload tokens that were minted before are worthless. To take back what a run may have leaked, and go on.',
    ).optional(),
    packages_per_minute: wholeNumber(
      1,
      10_000,
      'Different packages that it may reach within a minute. Default: `server.limits.packages_per_minute`, or as many as it names one by one, whichever is more.',
    ).optional(),
  });
}

/** A publisher as first read; `from` is checked against its issuer's provider afterwards. */
export const publisherSchema = publisher(z.record(z.string(), z.unknown()));

export type PublisherInput = z.infer<typeof publisherSchema>;
