/** The fields of a hash that a script read. Lua returns them as a flat list, each name before its value. */
export function hashFields(flat: string[]): Record<string, string> {
  const fields: Record<string, string> = {};
  for (let at = 0; at + 1 < flat.length; at += 2)
    fields[flat[at] as string] = flat[at + 1] as string;
  return fields;
}
