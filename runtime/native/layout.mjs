/** Turns runtime/layout.ts, builtins.ts and traps.ts into runtime/native/layout.h, so that C and assembly read the same numbers as
 *  both TypeScript compilers.
 *  In:  `export const NAME: u32 = n;` lines and `export const enum Name { Member = n, … }` blocks; functions are left out.
 *  Out: `#define OURO_NAME n`, `#define OURO_NAME_MEMBER n`.
 *  A value is a sum, product or shift of literals and of names above it; whatever else is exported is an error, never skipped. */

const header = '/* Generated from runtime/*.ts by layout.mjs: do not edit. */\n#ifndef OURO_LAYOUT_H\n#define OURO_LAYOUT_H\n\n';

/** camelCase and PascalCase to UPPER_SNAKE; names that are upper case stay as they are. */
const upper = (name) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toUpperCase();

/** The C header for the text of the files. */
export function layoutHeader(source) {
  const text = source.replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' ')).replace(/\/\/[^\n]*/g, '');
  const values = new Map();
  let out = header;

  const define = (keys, name, value) => {
    for (const key of keys) values.set(key, value);
    out += `#define OURO_${upper(name)} ${value}\n`;
  };

  const evaluate = (expression) => {
    const plain = expression.replace(/<u32>|<i32>|<u64>/g, '').replace(/\bas (u32|i32|u64)\b/g, '');
    const replaced = plain.replace(/[A-Za-z_]\w*(\.\w+)?/g, (name, _member, at) => {
      if (/^[xXbBoO]/.test(name) && /\d/.test(plain[at - 1] ?? '')) return name; // the tail of 0x1f
      if (!values.has(name)) throw new Error(`layout: unknown name ${name} in: ${expression.trim()}`);
      return String(values.get(name));
    });
    if (!/^[\s\da-fA-FxX()+*<|-]+$/.test(replaced)) throw new Error(`layout: cannot evaluate: ${expression.trim()}`);
    return Number(new Function(`return (${replaced});`)());
  };

  const items =
    /export\s+const\s+enum\s+(\w+)\s*\{([^}]*)\}|export\s+const\s+(\w+)\s*(?::\s*\w+)?\s*=\s*([^;]+);|export\b(?! function)[^\n]*/g;
  for (const match of text.matchAll(items)) {
    const [whole, enumName, body, name, value] = match;
    if (enumName) {
      let next = 0;
      for (const member of body.split(',')) {
        if (!member.trim()) continue;
        const [memberName, expression] = member.split('=');
        const key = memberName.trim();
        next = expression === undefined ? next : evaluate(expression);
        define([`${enumName}.${key}`], `${upper(enumName)}_${upper(key)}`, next++);
      }
      out += '\n';
    } else if (name) {
      define([name], name, evaluate(value));
    } else {
      throw new Error(`layout: only plain constants and const enums are allowed: ${whole}`);
    }
  }
  return `${out}\n#endif\n`;
}
