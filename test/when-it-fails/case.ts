// Something that people got wrong, what Countersign printed, and what a reader has to find in it.

export interface Shown {
  readonly title: string;
  /** Where people met it, by its number in the project's notes on what they struggle with (points.ts); `more` is none of them. */
  readonly met: string;
  /** What was wrong, as it was written: the part of a file. */
  readonly wrong: string;
  /** The language of that part. */
  readonly language: 'yaml' | 'ini' | 'json' | 'sh';
  /** What was printed has to say what is wrong … */
  readonly cause: RegExp;
  /** … and what to do about it. */
  readonly cure: RegExp;
}

/** One entry of the page. */
export function entry({ title, wrong, language }: Shown, command: string, printed: string): string {
  return [`### ${title}`, `\`\`\`${language}\n${wrong.trimEnd()}\n\`\`\``, `\`\`\`text\n$ ${command}\n${printed.trimEnd()}\n\`\`\``].join(
    '\n\n',
  );
}
