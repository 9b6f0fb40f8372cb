import type { Request } from 'express';
import type { z } from 'zod';
import { findJsonFault, toPointer } from './check-json.ts';
import { Problem, type Fault } from '../problems/problem.ts';

/** The most faults that one response lists. */
export const maxFaults = 20;

/**
 * Parses the body with the schema.
 * @throws {Problem} `invalid_request` with a pointer to every faulty member
 */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  req: Request,
): z.output<Schema> {
  const { value, faults } = checkValue(schema, req.body);
  if (faults?.[0]?.pointer === '' && !isObject(req.body)) {
    throw new Problem('invalid_request', 'The body must be a JSON object.', { faults });
  }
  if (faults) throw invalid(faults);
  return value;
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Parses a value with an object schema. Returns either the value or its faults. */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
): { value: z.output<Schema>; faults?: undefined } | { value?: undefined; faults: Fault[] } {
  if (!isObject(value)) return { faults: [{ pointer: '', detail: 'Must be a JSON object.' }] };
  const fault = findJsonFault(value);
  if (fault) return { faults: [fault] };
  const parsed = schema.safeParse(value);
  if (parsed.success) return { value: parsed.data };
  return { faults: parsed.error.issues.flatMap(toFaults) };
}

/** Parses the query with the schema. @throws {Problem} `invalid_request` */
export function parseQuery<Schema extends z.ZodType>(
  schema: Schema,
  req: Request,
): z.output<Schema> {
  const fault = findJsonFault(req.query);
  if (fault) throw invalid([fault]);
  return parse(schema, req.query);
}

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw invalid(parsed.error.issues.flatMap(toFaults));
}

function toFaults(issue: z.core.$ZodIssue): Fault[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: toPointer([...issue.path, key]),
      detail: 'Unknown member.',
    }));
  }
  return [{ pointer: toPointer(issue.path), detail: issue.message }];
}

export function invalid(faults: Fault[]): Problem {
  const [first] = faults;
  const where = first?.pointer ? `${first.pointer}: ` : '';
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new Problem('invalid_request', `${where}${first?.detail ?? 'Invalid.'}${more}`, {
    faults: faults.slice(0, maxFaults),
  });
}
