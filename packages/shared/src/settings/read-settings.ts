import type { z } from 'zod';

type Environment = Record<string, string | undefined>;

/** All faults of the settings in one message. It names settings and rules but never values, which may be secrets. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
  readonly faults: string[];

  constructor(faults: string[]) {
    super(`Invalid settings:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`);
    this.faults = faults;
  }
}

/**
 * Validates the environment as a whole. An empty value counts as not set, as in a shell or in compose.
 * @throws {SettingsError} naming every fault at once
 */
export function readSettings<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment,
): z.output<Schema> {
  const given = Object.fromEntries(
    Object.entries(environment).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map((issue) => {
    // The innermost name, because the settings WEBHOOK_SECRET_<TENANT> are collected in one member.
    const name = issue.path.findLast((part) => Object.hasOwn(given, part)) ?? issue.path[0];
    return name === undefined ? issue.message : `${String(name)}: ${issue.message}`;
  });
  throw new SettingsError([...new Set(faults)]);
}

/** Like `readSettings`, but a faulty environment ends the process with exit code 1 and prints the faults. */
export function readSettingsOrExit<Schema extends z.ZodType>(
  schema: Schema,
  environment: Environment,
): z.output<Schema> {
  try {
    return readSettings(schema, environment);
  } catch (error) {
    if (!(error instanceof SettingsError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}
