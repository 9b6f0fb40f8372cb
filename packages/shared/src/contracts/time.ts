import { z } from 'zod';

/** A moment as the contract writes it: RFC 3339, UTC, milliseconds. */
export const timeSchema = z.iso.datetime({ precision: 3 }).meta({ id: 'Time' });

/** @param epochMs milliseconds since 1970-01-01T00:00:00Z */
export function toTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}
