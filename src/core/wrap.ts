// Breaks text into lines of a width.

/**
 * Breaks text at spaces into lines of at most `width` columns; every line but the first begins with `indent` spaces. A
 * word that is wider stays whole, so that a path or URL can still be copied; `hard` cuts it.
 */
export function wrap(text: string, width: number | undefined, { indent = 0, hard = false } = {}): string[] {
  if (width === undefined || text.length <= width) return [text];
  const lines: string[] = [];
  const margin = ' '.repeat(indent);
  let line = /^ */.exec(text)?.[0] ?? '';
  let empty = true;
  for (const word of words(text, hard ? Math.max(1, width - indent) : undefined)) {
    if (!empty && line.length + 1 + word.length > width) {
      lines.push(line);
      line = margin;
      empty = true;
    }
    if (empty && word === '') continue;
    line += empty ? word : ` ${word}`;
    empty = false;
  }
  return [...lines, line];
}

function words(text: string, longest: number | undefined): string[] {
  const whole = text.trim().split(' ');
  if (longest === undefined) return whole;
  return whole.flatMap((word) => word.match(new RegExp(`.{1,${longest}}`, 'gsu')) ?? ['']);
}
