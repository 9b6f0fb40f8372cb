import type { Fault } from '../problems/problem.ts';

/** More than any member of the contract needs. JSON with thousands of levels breaks serializers. */
const maxDepth = 64;

/**
 * Finds faults that the schemas do not detect: deep nesting, lone surrogates, NUL, and the key `__proto__`. They break
 * upstreams, stores or serializers. The function does not recurse.
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
      // Other values cannot have a fault, and building a path for each of them would be slow.
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
