import { PromptQError } from '@promptq/client';
import { CommanderError } from 'commander';
import { BadInput } from './bad-input.ts';
import { Interrupted } from './interrupted.ts';

export const exitCodes = {
  done: 0,
  endedOtherwise: 1,
  badInput: 2,
  unreachable: 3,
  notAllowed: 4,
  notInTime: 5,
  fault: 70,
} as const;

export const exitCodesHelp = `
Exit codes:
  0    done: accepted, or ended as completed
  1    the job ended otherwise (failed, cancelled, expired), or some of a batch did
  2    wrong usage or input, or refused by the API as such (400, 404, 409, 413, 422)
  3    the API cannot be reached, or not now (429, 5xx)
  4    not allowed (401, 403): see PROMPTQ_API_KEY
  5    not ended within --timeout; it goes on
  130  interrupted by Ctrl-C; what was submitted goes on`;

/** The exit code for what a command has thrown. Anything unknown is a fault of ours (sysexits.h: 70, EX_SOFTWARE). */
export function exitCodeOf(error: unknown): number {
  if (error instanceof BadInput) return exitCodes.badInput;
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? exitCodes.done : exitCodes.badInput;
  if (!(error instanceof PromptQError)) return exitCodes.fault;
  const { code, status } = error;
  if (code === 'wait_timeout') return exitCodes.notInTime;
  if (status === 401 || status === 403) return exitCodes.notAllowed;
  if (status === null || status === 429 || status >= 500 || code === 'unexpected_answer')
    return exitCodes.unreachable;
  return exitCodes.badInput;
}
