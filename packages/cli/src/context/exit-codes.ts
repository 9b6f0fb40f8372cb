import { PromptQError } from '@promptq/client';
import { CommanderError } from 'commander';
import { BadInput, Interrupted } from './errors.ts';

export const exitCodes = {
  success: 0,
  notCompleted: 1,
  badInput: 2,
  unavailable: 3,
  unauthorized: 4,
  waitTimeout: 5,
  internalError: 70,
} as const;

export const exitCodesHelp = `
Exit codes:
  0    success: the job was accepted, or completed
  1    the job failed, was cancelled or expired, or a job of the batch did
  2    wrong usage or input, or rejected by the API (400, 404, 409, 413, 422)
  3    the API cannot be reached or is not available now (429, 5xx)
  4    not authorized (401, 403): see PROMPTQ_API_KEY
  5    not finished within --timeout; the job continues
  70   internal error of this command
  130  interrupted by Ctrl-C; submitted jobs continue`;

/** The exit code for an error. Any unknown error is a bug of this command (sysexits.h: 70, EX_SOFTWARE). */
export function exitCodeFor(error: unknown): number {
  if (error instanceof BadInput) return exitCodes.badInput;
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof CommanderError)
    return error.exitCode === 0 ? exitCodes.success : exitCodes.badInput;
  if (!(error instanceof PromptQError)) return exitCodes.internalError;
  const { code, status } = error;
  if (code === 'wait_timeout') return exitCodes.waitTimeout;
  if (status === 401 || status === 403) return exitCodes.unauthorized;
  if (status === null || status === 429 || status >= 500 || code === 'unexpected_answer')
    return exitCodes.unavailable;
  return exitCodes.badInput;
}
