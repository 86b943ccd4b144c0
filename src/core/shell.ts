// Text that goes into shell scripts and YAML files: values of the policy never become syntax there.

/** A word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

/** A scalar of YAML: quoted unless it can only be a string, and so that it is best read; double quotes read JSON's strings. */
export function yamlText(text: string): string {
  const plain = /^[A-Za-z_./][A-Za-z0-9_./-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n|\.inf|\.nan|~)$/i.test(text);
  if (plain) return text;
  return /["\\]/.test(text) && /^[\x20-\x7e]+$/.test(text) ? `'${text.replaceAll("'", "''")}'` : JSON.stringify(text);
}

/** A flow sequence of YAML. */
export function yamlList(items: readonly string[]): string {
  return `[${items.map(yamlText).join(', ')}]`;
}

/** Lines indented by so many spaces; empty ones stay empty. */
export function indent(lines: readonly string[], spaces: number): string[] {
  return lines.flatMap((line) => line.split('\n')).map((line) => (line === '' ? '' : `${' '.repeat(spaces)}${line}`));
}

/** A pattern of the policy as a regular expression, anchored at both ends. */
export function globAsRegex(glob: string): string {
  const parts = glob.match(/\*\*|\*|[^*]+/g) ?? [];
  const text = parts.map((part) =>
    part === '**' ? '.*' : part === '*' ? '[^/]*' : part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`),
  );
  return `^${text.join('')}$`;
}
