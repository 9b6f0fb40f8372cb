import type { Request } from 'express';
import type { z } from 'zod';
import { findJsonFault } from './check-json.ts';
import { toPointer } from './pointer.ts';
import { Problem, type Fault } from './problem.ts';

/** As many faults as one answer lists: a list of 1,000 bad texts needs no 1,000 errors. */
const maxFaults = 20;

/**
 * The body, parsed by the schema.
 * @throws {Problem} `invalid_request` with a pointer to every faulty member
 */
export function parseBody<Schema extends z.ZodType>(
  schema: Schema,
  req: Request,
): z.output<Schema> {
  const body: unknown = req.body;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new Problem('invalid_request', 'The body must be a JSON object.', {
      faults: [{ pointer: '', detail: 'It must be a JSON object.' }],
    });
  }
  const fault = findJsonFault(body);
  if (fault) throw invalid([fault]);
  return parse(schema, body);
}

/** The query, parsed by the schema. @throws {Problem} `invalid_request` */
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

function invalid(faults: Fault[]): Problem {
  const [first] = faults;
  const where = first?.pointer ? `${first.pointer}: ` : '';
  const more = faults.length > 1 ? ` (and ${faults.length - 1} more)` : '';
  return new Problem('invalid_request', `${where}${first?.detail ?? 'Invalid.'}${more}`, {
    faults: faults.slice(0, maxFaults),
  });
}
