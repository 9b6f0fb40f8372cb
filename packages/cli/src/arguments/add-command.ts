import type { Command } from 'commander';
import type { Action } from '../context/context.ts';

/** The flags that every command has. */
export interface CommonFlags {
  url: string;
  apiKey: string | undefined;
  json: boolean;
  retries: number;
}

/**
 * Adds a command with the common flags.
 * @param usage the name of the command and its arguments, in commander's notation
 * @param configure adds the command's own flags and help
 * @param toAction returns what to do, from the arguments and the parsed flags; parsing itself does nothing
 */
export type AddCommand = (
  parent: Command,
  usage: string,
  description: string,
  configure: (command: Command) => void,
  toAction: (args: string[], command: Command) => Action,
) => void;
