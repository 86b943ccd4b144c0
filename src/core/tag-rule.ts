// The tag rule: `tag: "v{{version}}"` lets a version be published only from the tag that names it (rule 10 of design/3).

/** What is wrong with a tag rule, as a sentence, or undefined. */
export function tagRuleProblem(rule: string): string | undefined {
  if (rule.split('{{version}}').length !== 2) return 'a tag rule contains {{version}} exactly once, for example "v{{version}}"';
  if (/[\s*?[\\^~:]/.test(rule)) return 'a tag rule is a tag name with {{version}} in it; patterns are not possible';
  return undefined;
}

/** The full ref that a version has to be published from: `refs/tags/v1.2.3`. */
export function refForVersion(rule: string, version: string): string {
  return `refs/tags/${rule.split('{{version}}').join(version)}`;
}
