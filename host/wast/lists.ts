/** Lists of spec commands by name: what is skipped because it is not supported, and what is known to fail.
 *  A line is `file.wast`, `file.wast:12` or `file.wast:12-40`, then the reason; `*` stands for any part of the file's name.
 *  A rule may read `file.wast:12 without=/regex/ reason`: then the module there is run, but without those of its fields whose text the
 *  regex matches; so a file that mixes features is still of use. `#` begins a comment. */

export interface Rule {
  /** As written, for messages. */
  name: string;
  file: RegExp;
  first: number;
  last: number;
  reason: string;
  /** Take these fields out of the module instead of skipping it. */
  without?: RegExp;
}

export function parseRules(text: string): Rule[] {
  const rules: Rule[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const trimmed = line.replace(/(^|\s)#.*/, '').trim();
    if (!trimmed) continue;
    const match = /^([^\s:]+)(?::(\d+)(?:-(\d+))?)?\s+(?:without=\/(.+?)\/\s+)?(\S.*)$/.exec(trimmed);
    if (!match) throw new Error(`line ${index + 1} is not a rule (file.wast[:line[-line]] reason): ${trimmed}`);
    const [, file, first, last, without, reason] = match;
    const pattern = file.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*');
    rules.push({
      name: trimmed.split(/\s/)[0],
      file: new RegExp(`^${pattern}$`),
      first: first ? Number(first) : 0,
      last: Number(last ?? first ?? Number.POSITIVE_INFINITY),
      reason,
      ...(without === undefined ? {} : { without: new RegExp(without) }),
    });
  }
  return rules;
}

/** The rule that names this command, if one does. */
export function findRule(rules: readonly Rule[], file: string, line: number): Rule | undefined {
  return rules.find((rule) => line >= rule.first && line <= rule.last && rule.file.test(file));
}
