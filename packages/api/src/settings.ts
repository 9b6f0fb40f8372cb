import { z } from 'zod';
import { readSettingsOrExit, sharedSettings, wholeNumber } from '@promptq/shared/settings';

const apiSettingsSchema = z.object({
  ...sharedSettings,
  HOST: z.string().default('127.0.0.1'),
  PORT: wholeNumber({ min: 0, max: 65_535, default: 3_000 }),
  /** The model of a job that names none. */
  DEFAULT_MODEL: z.string().default('gpt-4o-mini'),
  /** Attempts of a job. */
  JOB_ATTEMPTS: wholeNumber({ min: 1, max: 10, default: 3 }),
  /** Seconds that one attempt may take. */
  JOB_TIMEOUT_SECONDS: wholeNumber({ min: 1, max: 7_200, default: 600 }),
});

export type ApiSettings = z.infer<typeof apiSettingsSchema>;

/** The settings of this process; faulty ones end it with exit code 1. */
export function readApiSettings(): ApiSettings {
  return readSettingsOrExit(apiSettingsSchema, process.env);
}
