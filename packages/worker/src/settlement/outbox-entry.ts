import { jobResultSchema, type JobResult } from '@promptq/shared/jobs';

/** A raw entry of a Redis stream: its id, and its fields one after the other. */
export type StreamEntry = [id: string, fields: string[]];

/** BullMQ's event that a job has ended. */
export interface TerminalEntry {
  id: string;
  event: 'completed' | 'failed';
  jobId: string;
  /** The return value as JSON, or the failed reason. */
  detail: string;
}

/** The entry as a terminal event, or `null` when the event is of another kind (added, active, progress, ...). */
export function toTerminal([id, fields]: StreamEntry): TerminalEntry | null {
  const field = (name: string) => {
    for (let at = 0; at + 1 < fields.length; at += 2)
      if (fields[at] === name) return fields[at + 1];
    return undefined;
  };
  const event = field('event');
  const jobId = field('jobId');
  if ((event !== 'completed' && event !== 'failed') || jobId === undefined) return null;
  const detail = field(event === 'completed' ? 'returnvalue' : 'failedReason') ?? '';
  return { id, event, jobId, detail };
}

/** What the job gave, as the entry tells it; `null` when it has not completed. */
export function resultOf(entry: TerminalEntry): JobResult | null {
  if (entry.event !== 'completed') return null;
  try {
    return jobResultSchema.safeParse(JSON.parse(entry.detail)).data ?? null;
  } catch {
    return null; // Not JSON: the job was not made by promptq, and its event says no more than that it ended.
  }
}
