import type { Fault } from '../problems/problem.ts';

/** No member of the contract is nested deeper; JSON deeper than a few thousand levels breaks serialisers. */
const maxDepth = 64;

/**
 * What a schema does not see: nesting without end, text that is no Unicode (lone surrogates), NUL, and
 * the key `__proto__`. Upstreams, stores and JSON writers choke on each. Walks without recursion.
 * @returns the first fault, or `null`
 */
export function findJsonFault(document: unknown): Fault | null {
  const open: { value: unknown; path: readonly string[] }[] = [{ value: document, path: [] }];
  for (let next = open.pop(); next; next = open.pop()) {
    const { value, path } = next;
    if (typeof value === 'string') {
      const detail = textFault(value);
      if (detail) return { pointer: toPointer(path), detail };
    }
    if (typeof value !== 'object' || value === null) continue;
    if (path.length >= maxDepth) {
      return {
        pointer: toPointer(path.slice(0, 8)),
        detail: `Nested deeper than ${maxDepth} levels.`,
      };
    }
    for (const [key, member] of Object.entries(value)) {
      const detail = key === '__proto__' ? 'This name is not allowed.' : textFault(key);
      if (detail) return { pointer: toPointer([...path, key.toWellFormed()]), detail };
      // Only what can hold a fault is looked at: a path for each number would cost for nothing.
      if (typeof member === 'string' || typeof member === 'object') {
        open.push({ value: member, path: [...path, key] });
      }
    }
  }
  return null;
}

function textFault(text: string): string | null {
  if (!text.isWellFormed()) return 'Invalid Unicode: contains a lone surrogate.';
  if (text.includes('\0')) return 'Contains a NUL character (U+0000), which is not allowed.';
  return null;
}

/** A JSON Pointer (RFC 6901); the empty path is the whole document. */
export function toPointer(path: readonly PropertyKey[]): string {
  return path
    .map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('');
}
